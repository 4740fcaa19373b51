import { createCipheriv, pbkdf2Sync, scryptSync } from 'node:crypto';
import { hashSync } from 'bcrypt';

/** How other systems write down the password of one person: the fields of an import. */
export type ForeignForm = (password: string, salt: string) => Record<string, unknown>;

const SIGNER_KEY = Buffer.alloc(64, 'the signer key of a project');
const SEPARATOR = Buffer.from([7]);

const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

/** Each at a low cost: what is tested is never how long a hash takes. */
export const FOREIGN_FORMS: Readonly<Record<string, ForeignForm>> = {
  bcrypt: (password) => ({ password_hash: hashSync(password, 4).replace('$2b', '$2y') }),
  scrypt: (password, salt) => {
    const key = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
    return { password_hash: `$scrypt$ln=10,r=8,p=1$${b64(Buffer.from(salt))}$${b64(key)}` };
  },
  pbkdf2: (password, salt) => {
    const key = pbkdf2Sync(password, salt, 1000, 64, 'sha512');
    return { password_hash: `$pbkdf2-sha512$i=1000,l=64$${b64(Buffer.from(salt))}$${b64(key)}` };
  },
  django: (password, salt) => {
    const key = pbkdf2Sync(password, salt, 1000, 32, 'sha256').toString('base64');
    return { password_hash: `pbkdf2_sha256$1000$${salt}$${key}` };
  },
  keycloak: (password, salt) => ({
    hash_algorithm: 'keycloak',
    credential_data: JSON.stringify({ hashIterations: 1000, algorithm: 'pbkdf2-sha256', additionalParameters: {} }),
    secret_data: JSON.stringify({
      value: pbkdf2Sync(password, salt, 1000, 32, 'sha256').toString('base64'),
      salt: Buffer.from(salt).toString('base64'),
    }),
  }),
  firebase: (password, salt) => {
    const salted = Buffer.concat([Buffer.from(salt), SEPARATOR]);
    const key = scryptSync(password, salted, 32, { N: 1024, r: 8, p: 1 });
    return {
      hash_algorithm: 'firebase-scrypt',
      password_hash: createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(SIGNER_KEY).toString('base64'),
      salt: Buffer.from(salt).toString('base64'),
      salt_separator: SEPARATOR.toString('base64'),
      signer_key: SIGNER_KEY.toString('base64'),
      rounds: 8,
      mem_cost: 10,
    };
  },
};
