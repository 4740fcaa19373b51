const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = 62n;
const VALUES = new Map([...ALPHABET].map((character, value) => [character, BigInt(value)]));

/** Characters that `bytes` bytes take, always. */
export function base62Length(bytes: number): number {
  return Math.ceil((bytes * 8) / Math.log2(62));
}

/** Fixed length for a given number of bytes, so that every value has one spelling. */
export function encodeBase62(bytes: Buffer): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  const characters: string[] = [];
  for (let i = base62Length(bytes.length); i > 0; i -= 1) {
    characters.push(ALPHABET[Number(rest % BASE)] as string);
    rest /= BASE;
  }
  return characters.reverse().join('');
}

/** Null for anything that `encodeBase62` does not produce for this many bytes. */
export function decodeBase62(text: string, bytes: number): Buffer | null {
  if (text.length !== base62Length(bytes)) return null;
  let value = 0n;
  for (const character of text) {
    const digit = VALUES.get(character);
    if (digit === undefined) return null;
    value = value * BASE + digit;
  }
  const hex = value.toString(16);
  return hex.length > bytes * 2 ? null : Buffer.from(hex.padStart(bytes * 2, '0'), 'hex');
}
