import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { matches } from './password-algorithms';
import { storableHash, type ExportedHash } from './foreign-hash-forms';
import { parseStoredHash } from './stored-hash';

const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

async function judged(stored: string, password: string): Promise<boolean> {
  const parsed = parseStoredHash(stored);
  if (!parsed) throw new Error('cannot be read');
  return matches(parsed, password);
}

function scryptOf(password: string, salt: string, [ln, r, p]: [number, number, number], hex: string): string[] {
  return [password, `$scrypt$ln=${ln},r=${r},p=${p}$${b64(Buffer.from(salt))}$${b64(Buffer.from(hex, 'hex'))}`];
}

function pbkdf2Of(digest: string, password: string, salt: string, iterations: number, hex: string): string[] {
  const key = Buffer.from(hex, 'hex');
  return [password, `$pbkdf2-${digest}$i=${iterations},l=${key.length}$${b64(Buffer.from(salt))}$${b64(key)}`];
}

/** The example of Firebase's own scrypt utility. */
const FIREBASE: ExportedHash = {
  hash_algorithm: 'firebase-scrypt',
  password_hash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  salt: '42xEC+ixf3L2lw==',
  signer_key: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  salt_separator: 'Bw==',
  rounds: 8,
  mem_cost: 14,
};

describe('hashes that other systems made', () => {
  it.each([
    [
      'RFC 7914, scrypt, N = 1024',
      scryptOf(
        'password',
        'NaCl',
        [10, 8, 16],
        'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      ),
    ],
    [
      'RFC 7914, scrypt, N = 16384',
      scryptOf(
        'pleaseletmein',
        'SodiumChloride',
        [14, 8, 1],
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      ),
    ],
    [
      'RFC 7914, PBKDF2 with SHA-256',
      pbkdf2Of(
        'sha256',
        'Password',
        'NaCl',
        80000,
        '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
      ),
    ],
    ['RFC 6070, 4096 rounds', pbkdf2Of('sha1', 'password', 'salt', 4096, '4b007901b765489abead49d926f721d065a429c1')],
    [
      'RFC 6070, a longer key',
      pbkdf2Of(
        'sha1',
        'passwordPASSWORDpassword',
        'saltSALTsaltSALTsaltSALTsaltSALTsalt',
        4096,
        '3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038',
      ),
    ],
  ])('are judged by the published vector: %s', async (_, [password, stored]) => {
    await expect(judged(stored as string, password as string)).resolves.toBe(true);
    await expect(judged(stored as string, `${password}x`)).resolves.toBe(false);
  });

  it.each(['sha1', 'sha256', 'sha512'])("are judged in Django's form with %s", async (digest) => {
    const length = { sha1: 20, sha256: 32, sha512: 64 }[digest] as number;
    const key = pbkdf2Sync('pässword', 'seasalt2', 1000, length, digest).toString('base64');
    const stored = storableHash({ password_hash: `pbkdf2_${digest}$1000$seasalt2$${key}` }) as string;
    await expect(judged(stored, 'pässword')).resolves.toBe(true);
    await expect(judged(stored, 'passwörd')).resolves.toBe(false);
  });

  it.each([
    ['objects', (value: object) => value],
    ['text', (value: object) => JSON.stringify(value)],
  ])("are judged in Keycloak's form, given as %s", async (_, given) => {
    const salt = Buffer.from('a salt of its own');
    const value = pbkdf2Sync('secret word', salt, 1000, 64, 'sha512').toString('base64');
    const stored = storableHash({
      hash_algorithm: 'keycloak',
      credential_data: given({ hashIterations: 1000, algorithm: 'pbkdf2-sha512', additionalParameters: {} }),
      secret_data: given({ value, salt: salt.toString('base64'), additionalParameters: {} }),
    }) as string;
    expect(stored).toMatch(/^\$pbkdf2-sha512\$i=1000,l=64\$/);
    await expect(judged(stored, 'secret word')).resolves.toBe(true);
    await expect(judged(stored, 'secret words')).resolves.toBe(false);
  });

  it("are judged in Firebase's form, by its published example", async () => {
    const stored = storableHash(FIREBASE) as string;
    await expect(judged(stored, 'user1password')).resolves.toBe(true);
    await expect(judged(stored, 'user1passwore')).resolves.toBe(false);
  });

  it("are kept without Firebase's signer key and without what it hid", () => {
    const stored = storableHash(FIREBASE) as string;
    expect(stored).not.toContain(FIREBASE.signer_key?.slice(0, 12));
    expect(stored).not.toContain(FIREBASE.password_hash?.slice(0, 12));
  });

  it.each([
    ['argon2$$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$', '$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$'],
    ['bcrypt$$2b$12$', '$2b$12$'],
  ])("of Django's other hashers lose the name before them: %s", (given, kept) => {
    const tail = given.startsWith('bcrypt') ? 'a'.repeat(53) : 'x'.repeat(43);
    expect(storableHash({ password_hash: given.replace('argon2$$', 'argon2$') + tail })).toBe(kept + tail);
  });

  const SALT = b64(Buffer.from('salt'));
  const KEY = b64(scryptSync('x', 'salt', 32));
  it.each([
    ['a gigabyte of memory', `$scrypt$ln=20,r=8,p=1$${SALT}$${KEY}`],
    ['minutes of work', `$scrypt$ln=14,r=8,p=100$${SALT}$${KEY}`],
    ['a billion rounds', `$pbkdf2-sha256$i=99999999,l=32$${SALT}$${KEY}`],
    ['many blocks of many rounds', `$pbkdf2-sha1$i=9000000,l=100$${SALT}$${b64(Buffer.alloc(100, 1))}`],
    ['no rounds', `$pbkdf2-sha256$i=0,l=32$${SALT}$${KEY}`],
    ['a key of another length than it says', `$pbkdf2-sha256$i=1000,l=64$${SALT}$${KEY}`],
    ['a key of four bytes, which thousands of passwords make', `$pbkdf2-sha256$i=1000,l=4$${SALT}$AAAAAA`],
    ['no salt', `$scrypt$ln=14,r=8,p=1$$${KEY}`],
    ['a digest that nobody should use', `pbkdf2_md5$1000$salt$${KEY}`],
    ['a line break behind it', `$scrypt$ln=14,r=8,p=1$${SALT}$${KEY}\n`],
    ['Django without a password', '!8Vq2nLk0yXb'],
  ])('cannot be read with %s', (_, stored) => {
    expect(parseStoredHash(stored)).toBeNull();
    expect(storableHash({ password_hash: stored })).toBeNull();
  });

  it.each<[string, ExportedHash]>([
    ['an algorithm nobody knows', { hash_algorithm: 'md5', password_hash: 'AAAA' }],
    ['a name that every object has', { hash_algorithm: 'constructor', password_hash: 'AAAA' }],
    ['no hash', { hash_algorithm: 'pbkdf2-sha256', iterations: 1000, salt: 'AAAA' }],
    ['Firebase without its signer key', { ...FIREBASE, signer_key: undefined }],
    ['Firebase with a cost of hours', { ...FIREBASE, mem_cost: 30 }],
    ['Firebase with text for base64', { ...FIREBASE, salt: 'not base64!' }],
    ['Keycloak with damaged JSON', { hash_algorithm: 'keycloak', credential_data: '{', secret_data: '{}' }],
  ])('are not stored from %s', (_, exported) => {
    expect(storableHash(exported)).toBeNull();
  });
});
