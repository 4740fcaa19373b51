import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

interface Snippet {
  path: string;
  code: string;
  withTypes?: boolean;
}

const SERVICE_FILE = 'src/auth/example.service.ts';

const at = (path: string, code: string): Snippet => ({ path, code });
const inService = (code: string): Snippet => at(SERVICE_FILE, code);

/** For each ban what it must refuse and what it must let pass. */
const BANS: Record<string, { bad: Snippet[]; good: Snippet[] }> = {
  'latchkey/strong-random': {
    bad: [
      inService('export const id = Math.random();'),
      inService("export const id = Math['random']();"),
      inService('const { random } = Math; export const id = random();'),
    ],
    good: [inService("import { randomBytes } from 'node:crypto'; export const id = randomBytes(32);")],
  },
  'latchkey/environment-in-config': {
    bad: [
      inService('export const port = process.env.PORT;'),
      inService('const { env } = process; export const port = env.PORT;'),
      inService("import { env } from 'node:process'; export const port = env.PORT;"),
      at('src/cli/other.ts', 'export const port = process.env.PORT;'),
    ],
    good: [
      at('src/config/config.ts', 'export const port = process.env.PORT;'),
      at('src/cli/latchkey.ts', 'export const env = process.env;'),
      at('test/support/x.ts', 'export const port = process.env.PORT;'),
    ],
  },
  'latchkey/time-from-clock': {
    bad: [
      inService('export const now = Date.now();'),
      inService('export const now = new Date();'),
      inService('export const now = Date();'),
      inService('export const started = performance.now();'),
    ],
    good: [
      inService('export const then = (seconds: number) => new Date(seconds * 1000);'),
      at('packages/nest/src/clock.ts', 'export const now = Date.now();'),
      at('src/auth/example.spec.ts', 'export const now = Date.now();'),
    ],
  },
  'latchkey/constant-time': {
    bad: [
      inService('export const same = (a: { secretHash: string }, b: string) => a.secretHash === b;'),
      inService('export const same = (clientSecret: string, b: string) => b !== clientSecret;'),
      inService('export const same = (row: { accessHash?: Buffer }, b: Buffer) => b.equals(row.accessHash!);'),
      inService('export const same = (a: unknown, mac: unknown) => a === (mac as string);'),
    ],
    good: [
      inService('export const has = (secret?: string) => secret !== undefined && secret !== null;'),
      inService("export const empty = (signature: string) => signature === '' || signature.length === 0;"),
      inService(
        "import { timingSafeEqual } from 'node:crypto'; export const same = (hash: Buffer, b: Buffer) => timingSafeEqual(hash, b);",
      ),
    ],
  },
  'latchkey/verified-jwt': {
    bad: [
      inService("import jwt from 'jsonwebtoken'; export const claims = (t: string) => jwt.decode(t);"),
      inService("import { decode } from 'jsonwebtoken'; export const claims = decode;"),
      inService("import { decodeJwt } from 'jose'; export const claims = decodeJwt;"),
      inService(
        'export class A { constructor(private readonly jwt: { decode(t: string): object }) {} read(t: string) { return this.jwt.decode(t); } }',
      ),
    ],
    good: [inService('export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);')],
  },
  'latchkey/logger-not-console': {
    bad: [inService("console.log('hello');"), at('packages/nest/src/x.ts', "console.error('hello');")],
    good: [inService("process.stdout.write('hello');"), at('scripts/x.mjs', "console.log('hello');")],
  },
  'latchkey/sql-in-stores': {
    bad: [
      inService("export const sql = 'SELECT id FROM users';"),
      inService("export const sql = 'DELETE FROM users';"),
      inService("export const sql = 'select 1';"),
      inService('export const sql = (t: string) => `UPDATE ${t} SET revoked_at = $1`;'),
      inService('export const sql = `\n  INSERT INTO users (id) VALUES ($1)`;'),
      inService("export const sql = 'WITH gone AS (DELETE FROM users RETURNING id) SELECT count(*) FROM gone';"),
    ],
    good: [
      inService("export const hint = 'Select a user from the list, or update the settings';"),
      inService("export const hint = 'Update your password and set a longer one';"),
      at('src/identity/user.store.ts', "export const sql = 'SELECT id FROM users';"),
      at('src/database/lock.ts', "export const sql = 'SELECT pg_advisory_lock($1)';"),
      at('migrations/1-create-x.ts', "export const sql = 'INSERT INTO users (id) VALUES (1)';"),
    ],
  },
  'latchkey/no-forward-ref': {
    bad: [inService("import { forwardRef } from '@nestjs/common'; export const later = forwardRef;")],
    good: [inService("import { Inject } from '@nestjs/common'; export const now = Inject;")],
  },
  'latchkey/no-synchronize': {
    bad: [inService('export const options = { synchronize: true };')],
    good: [inService('export const options = { synchronize: false };')],
  },
  'latchkey/no-request-scope': {
    bad: [inService("import { Scope } from '@nestjs/common'; export const scope = Scope.REQUEST;")],
    good: [inService("import { Scope } from '@nestjs/common'; export const scope = Scope.DEFAULT;")],
  },
  'latchkey/explained-disable': {
    bad: [
      inService('// eslint-disable-next-line no-debugger\ndebugger;'),
      inService('/* eslint-disable */\ndebugger;'),
      inService('/* eslint-disable -- everything here is old */\ndebugger;'),
    ],
    good: [inService('// eslint-disable-next-line no-debugger -- stops in the inspector on purpose\ndebugger;')],
  },
  '@typescript-eslint/no-explicit-any': {
    bad: [inService('export const x = (value: any) => value;')],
    good: [inService('export const x = (value: unknown) => value;')],
  },
  'no-empty': {
    bad: [inService('try { JSON.parse("x"); } catch {}')],
    good: [inService('try { JSON.parse("x"); } catch { /* not JSON: stays text */ }')],
  },
  '@typescript-eslint/no-floating-promises': {
    bad: [{ path: 'src/common/clock.ts', code: 'const save = async () => 1; save();', withTypes: true }],
    good: [{ path: 'src/common/clock.ts', code: 'const save = async () => 1; void save();', withTypes: true }],
  },
};

const UNUSED_DIRECTIVE = inService(
  '// eslint-disable-next-line no-debugger -- nothing to silence\nexport const x = 1;',
);

function lint(snippets: Snippet[]): string[][] {
  const options = { cwd: join(__dirname, '../..'), input: JSON.stringify(snippets), encoding: 'utf8' } as const;
  return JSON.parse(execFileSync(process.execPath, [join(__dirname, 'lint-snippets.mjs')], options)) as string[][];
}

describe('the lint configuration', () => {
  const snippets = Object.values(BANS).flatMap(({ bad, good }) => [...bad, ...good]);
  let fired: Map<Snippet, string[]>;

  beforeAll(() => {
    const answers = lint([...snippets, UNUSED_DIRECTIVE]);
    fired = new Map([...snippets, UNUSED_DIRECTIVE].map((snippet, index) => [snippet, answers[index] ?? []]));
  }, 60_000);

  describe.each(Object.entries(BANS))('%s', (rule, { bad, good }) => {
    it.each(bad)('refuses $code in $path', (snippet) => {
      expect(fired.get(snippet)).toContain(rule);
    });

    it.each(good)('lets pass $code in $path', (snippet) => {
      expect(fired.get(snippet)).not.toContain(rule);
    });
  });

  it('parses every snippet', () => {
    expect([...fired.values()].flat().filter((rule) => rule.startsWith('not parsed'))).toEqual([]);
  });

  it('refuses a directive that silences nothing', () => {
    expect(fired.get(UNUSED_DIRECTIVE)).toEqual(['unused directive']);
  });
});
