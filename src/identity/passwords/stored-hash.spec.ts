import { parseStoredHash } from './stored-hash';

const SALT = 'c2FsdHNhbHRzYWx0c2FsdA';
const KEY = 'x'.repeat(43);
const BCRYPT = `$2b$12$${'a'.repeat(53)}`;

describe('stored password hashes', () => {
  it('tell how they were made', () => {
    expect(parseStoredHash(`$argon2id$v=19$m=65536,t=3,p=2$${SALT}$${KEY}`)).toMatchObject({
      algorithm: 'argon2',
      variant: 'argon2id',
      version: 19,
      memory: 65536,
      iterations: 3,
      parallelism: 2,
      saltLength: 16,
      keyLength: 32,
    });
    expect(parseStoredHash(BCRYPT)).toEqual({ algorithm: 'bcrypt', prehashed: false, cost: 12, encoded: BCRYPT });
    expect(parseStoredHash(`$bcrypt-sha384$${BCRYPT}`)).toMatchObject({ prehashed: true, encoded: BCRYPT });
  });

  it('of PHP are read as what they are', () => {
    expect(parseStoredHash(BCRYPT.replace('2b', '2y'))).toMatchObject({ encoded: BCRYPT });
  });

  it.each([
    ['nothing', ''],
    ['a plain password', 'hunter2'],
    ['an unknown algorithm', `$yescrypt$ln=17,r=8,p=1$${SALT}$${KEY}`],
    ['a cut bcrypt string', BCRYPT.slice(0, -1)],
    ['a bcrypt string with a tail', `${BCRYPT}\n`],
    ['an impossible bcrypt cost', BCRYPT.replace('$12$', '$03$')],
    ['a bcrypt cost of hours', BCRYPT.replace('$12$', '$31$')],
    ['a mark without a hash', '$bcrypt-sha384$'],
    ['a mark before argon2', `$bcrypt-sha384$$argon2id$v=19$m=65536,t=3,p=2$${SALT}$${KEY}`],
    ['no argon2 version', `$argon2id$m=65536,t=3,p=2$${SALT}$${KEY}`],
    ['argon2 with all memory there is', `$argon2id$v=19$m=4194305,t=3,p=2$${SALT}$${KEY}`],
    ['argon2 without end', `$argon2id$v=19$m=65536,t=101,p=2$${SALT}$${KEY}`],
    ['argon2 with too little memory', `$argon2id$v=19$m=15,t=3,p=2$${SALT}$${KEY}`],
    ['argon2 without lanes', `$argon2id$v=19$m=65536,t=3,p=0$${SALT}$${KEY}`],
    ['argon2 with a cut key', `$argon2id$v=19$m=65536,t=3,p=2$${SALT}$`],
    ['argon2 with impossible base64', `$argon2id$v=19$m=65536,t=3,p=2$${SALT}$${'x'.repeat(45)}`],
    ['argon2 with a key of a megabyte', `$argon2id$v=19$m=65536,t=3,p=2$${SALT}$${'x'.repeat(1_400_000)}`],
  ])('are unreadable when they are %s', (_, stored) => {
    expect(parseStoredHash(stored)).toBeNull();
  });
});
