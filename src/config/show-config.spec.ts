import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './load-config';
import { showConfig } from './show-config';

const cwd = mkdtempSync(join(tmpdir(), 'latchkey-show-'));
afterAll(() => rmSync(cwd, { recursive: true }));

function load(text: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(cwd, 'c.yaml'), text);
  return loadConfig({ file: 'c.yaml', env, cwd });
}

it('writes a file that loads to the same configuration', () => {
  const config = load(
    'auth: { mode: stateless, session: { idle_timeout: 90s }, jwt: { leeway: 1500ms } }\nserver: { port: 0 }',
  );
  expect(load(showConfig(config))).toEqual(config);
});

it('writes the names and units of the file', () => {
  const shown = showConfig(load('auth: { session: { ttl: 90m } }', { NODE_ENV: 'test' }));
  expect(shown).toContain('# NODE_ENV: test\nserver:\n');
  expect(shown).toContain('    ttl: 90m\n');
  expect(shown).toContain('    max_attempts: 5\n');
});

it('masks every secret and every password', () => {
  const secret = (name: string) => `hunter2-${name}`.padEnd(32, 'x');
  const shown = showConfig(
    load(
      `auth: { secret: ${secret('a')}, previous_secrets: [${secret('b')}], jwt: { secret: ${secret('c')}, previous_secrets: [${secret('d')}] } }`,
      {
        DATABASE_URL: 'postgres://user:hunter2@db.example.com:5432/name?password=hunter2&sslmode=require',
        LATCHKEY__DATABASE__DIRECT_URL: 'postgres://user:hunter2@direct/name',
        REDIS_URL: 'rediss+sentinel://:hunter2@s1:26379,s2/main/1?sentinel_password=hunter2',
      },
    ),
  );
  expect(shown).not.toContain('hunter2');
  expect(shown).toContain('url: postgres://user:***@db.example.com:5432/name?password=***&sslmode=require');
  expect(shown).toContain('direct_url: postgres://user:***@direct/name');
  expect(shown).toContain('url: rediss+sentinel://:***@s1:26379,s2/main/1?sentinel_password=***');
  expect(shown.match(/"?\*\*\*"?$/gm)).toHaveLength(5);
});
