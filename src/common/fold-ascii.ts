/** Lowers A to Z and nothing else. Unicode folding would let look-alikes (ı, ſ, K) pass for another name. */
export function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
