import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { digestsMatch, sha256 } from '../../common/digest';
import type { Config } from '../../config/config';
import type { Finding } from './finding';

const FEWEST_CHARACTERS = 12;
const PLACEHOLDER = /change|example|secret|password|default|test/i;
const MAKE_ONE = '`openssl rand -base64 32` makes one; keep the old one in previous_secrets until its tokens expire';
const OTHERS_MAY_READ = 0o077;

/** Whether secrets are there and hard to guess; their lengths the configuration has checked. Never shows one. */
export function secretFindings(config: Config): Finding[] {
  const { secret, jwt } = config.auth;
  return [
    secret === undefined ? keptRoot(config) : judged('root_secret', 'auth.secret', secret),
    jwt.secret === undefined
      ? {
          check: 'jwt_secret',
          status: 'ok',
          detail: 'not given: keys are made, rotated and kept in the database, sealed',
        }
      : judged('jwt_secret', 'auth.jwt.secret', jwt.secret),
    ...(same(secret, jwt.secret) ? [shared()] : []),
  ];
}

/** The root secret of a development machine, when one was made. */
export function keptRootSecret(config: Config): string | null {
  try {
    return readFileSync(keptFile(config), 'utf8').trim();
  } catch {
    return null;
  }
}

function judged(check: string, key: string, secret: string): Finding {
  const bytes = Buffer.byteLength(secret);
  if (new Set(secret).size >= FEWEST_CHARACTERS && !PLACEHOLDER.test(secret)) {
    return { check, status: 'ok', detail: `${key} has ${bytes} bytes` };
  }
  return { check, status: 'warn', detail: `${key} looks like words, not like random bytes`, mend: MAKE_ONE };
}

function same(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && digestsMatch(sha256(one), sha256(other));
}

function shared(): Finding {
  const detail = 'auth.secret and auth.jwt.secret are the same';
  const mend =
    'Whoever verifies JWTs with the one then has the root key of everything: make another for auth.jwt.secret';
  return { check: 'separate_secrets', status: 'warn', detail, mend };
}

function keptRoot(config: Config): Finding {
  const check = 'root_secret';
  const file = keptFile(config);
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return { check, status: 'ok', detail: `none yet: made at the first start, in ${file}` };
  if ((mode & OTHERS_MAY_READ) !== 0) {
    return { check, status: 'fail', detail: `${file} can be read by others`, mend: `chmod 600 ${file}` };
  }
  if (config.environment === 'development' || config.environment === 'test') {
    return { check, status: 'ok', detail: `kept in ${file}` };
  }
  const mend = 'Give LATCHKEY_SECRET the same value everywhere: other machines cannot read what this one sealed';
  return { check, status: 'warn', detail: `kept in ${file}, on this machine alone`, mend };
}

function keptFile({ dataDir }: Config): string {
  return path.join(dataDir, 'root-secret');
}
