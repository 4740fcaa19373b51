import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import jsonwebtoken from 'jsonwebtoken';
import { runProgram } from '../../src/cli/program';
import { HostileProvider } from '../support/hostile-provider';
import { HttpClient } from '../support/http-client';
import { JWT_SECRET, startTestApp, unique, type Settings, type TestApp } from '../support/test-app';
import { startRedis } from '../support/redis-server';
import { EXPIRED_KEYS, IDP_KEYS } from '../support/saml-keys';
import { createEmptyDatabase, createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { temporaryFolder } from '../support/test-server';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const ROOT = path.resolve(__dirname, '../..');
const CLI = path.join(ROOT, 'dist/src/cli/latchkey.js');
const ROOT_SECRET = 'qL7f0Zb2mWc9Xs4TnVu6Yd1Ge8Rk3HpJ5oAaBzCi';
const PASSWORD = 'correct horse battery';
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const STATEFUL: Settings = { 'auth.mode': 'stateful' };
const DENYLIST: Settings = { 'auth.mode': 'stateless' };

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Given {
  readonly input?: string;
  readonly stdin?: Readable & { isTTY?: boolean };
  readonly env?: Readonly<Record<string, string>>;
}

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-cli-'));
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function environment(settings: Settings = STATEFUL): Record<string, string> {
  return {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    LATCHKEY_DATA_DIR: folder,
    LATCHKEY_SECRET: ROOT_SECRET,
    JWT_SECRET,
    LATCHKEY__AUTH__MODE: String(settings['auth.mode']),
    LATCHKEY__AUTH__PASSWORD__ALGORITHM: 'bcrypt',
    LATCHKEY__AUTH__PASSWORD__BCRYPT_COST: '4',
    LATCHKEY__AUTH__PASSWORD__MIN_STRENGTH: '0',
  };
}

/** A command in this process, on streams of its own. */
async function latchkey(line: string | readonly string[], given: Given = {}): Promise<Ran> {
  const output = { stdout: '', stderr: '' };
  const into = (name: keyof typeof output): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        output[name] += String(chunk);
        done();
      },
    });
  const args = typeof line === 'string' ? line.split(' ') : line;
  const terminal = {
    stdin: given.stdin ?? Readable.from(given.input === undefined ? [] : [given.input]),
    stdout: into('stdout'),
    stderr: into('stderr'),
  };
  const code = await runProgram(args, { terminal, env: { ...environment(), ...given.env }, cwd: ROOT });
  return { code, ...output };
}

/** The same with `--json`; it must succeed, and say nothing else. */
async function facts<T = Record<string, unknown>>(line: string, given?: Given): Promise<T> {
  const { code, stdout, stderr } = await latchkey(`${line} --json`, given);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** The problem that a command with `--json` ends with. */
async function problem(line: string, given?: Given): Promise<{ code: string; detail: string; exit_code: number }> {
  const { code, stdout, stderr } = await latchkey(`${line} --json`, given);
  expect(stdout).toBe('');
  const told = JSON.parse(stderr) as { code: string; detail: string; exit_code: number };
  expect(told.exit_code).toBe(code);
  return told;
}

/** The built command as a process of its own. */
async function child(args: readonly string[], env: Record<string, string>, input = ''): Promise<Ran> {
  const node = spawn(process.execPath, [CLI, ...args], { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', ...env } });
  const output = { stdout: '', stderr: '' };
  node.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  node.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  node.stdin.end(input);
  const [code] = (await once(node, 'close')) as [number | null];
  return { code, ...output };
}

interface Account {
  readonly id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly roles: string[];
  readonly status: string;
}

async function createUser(options = ''): Promise<Account> {
  const email = `${unique('ada')}@example.com`;
  const line = `users create --email ${email} --password-stdin${options}`;
  return (await facts<{ user: Account }>(line, { input: `${PASSWORD}\n` })).user;
}

// A command starts the service's modules anew each time; how long that takes is no matter here.
jest.setTimeout(60_000);

describe('the role of the platform', () => {
  it('is given to accounts of the default tenant and to no others', async () => {
    const slug = unique('acme');
    await facts(`tenants create ${slug}`);
    const made = await createUser(' --role platform_admin');
    expect(made.roles).toEqual(['platform_admin']);
    const other = await createUser(` --tenant ${slug}`);
    for (const line of [
      `users create --username ${unique('eve')} --no-password --tenant ${slug} --role platform_admin`,
      `users roles ${other.id} --tenant ${slug} --add platform_admin`,
    ]) {
      expect(await problem(line)).toMatchObject({ code: 'validation_failed', exit_code: 1 });
    }
  }, 30_000);
});

describe('usage', () => {
  const COMMANDS = [
    'start|migrate|doctor|config check|config show|config schema|mode show|tenants list|tenants create|token decode',
    'passwords breached-file|users import|users create|users list|users unlock|users disable|users enable|users roles|users password',
    'sessions list|sessions revoke|sessions purge|sessions find',
    'mode plan|clients create|clients list|clients rotate|clients disable|clients enable|clients delete',
  ].flatMap((names) => names.split('|'));

  it.each(COMMANDS)('%s explains itself with an example', async (command) => {
    const { code, stdout, stderr } = await latchkey(`${command} --help`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: latchkey ${command}`);
    expect(stdout).toMatch(new RegExp(`Example:\n[^]*latchkey ${command}`));
    expect(stdout).toContain('--json');
  });

  it('knows its version', async () => {
    expect((await latchkey('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    ['frob', "Unknown command 'frob'"],
    ['users list --frob', "Unknown option '--frob'"],
    ['users list --limit none', 'whole number'],
    ['migrate sideways', 'up, down, status'],
    ['migrate down', '--yes'],
    ['users disable', "Missing required argument 'user'"],
    ['users create --email a@example.com', '--password-stdin'],
    ['users roles ada --set a --add b', 'not both'],
    ['sessions revoke', 'Say whose logins'],
    ['sessions revoke ada', 'named by its id'],
    ['sessions revoke --everyone --yes', '--reason'],
    ['sessions revoke --everyone --reason drill', '--yes'],
    ['sessions revoke --tenant default', '--yes'],
    ['sessions revoke --everyone --user ada --reason drill --yes', 'stands alone'],
    ['tenants create Acme!', 'slug'],
  ])('refuses `%s` with 2 and one line', async (line, words) => {
    const { code, stdout, stderr } = await latchkey(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(await problem(line)).toMatchObject({ code: 'usage', exit_code: 2 });
  });

  it('shows the help of a group whose command is missing', async () => {
    const { code, stderr } = await latchkey('sessions');
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: latchkey sessions');
  });

  it.each([
    ['users create --email a@example.com --password=hunter22'],
    ['users create --email a@example.com --password hunter22'],
    ['users password ada --password hunter22'],
    ['token decode hunter22'],
    ['sessions find hunter22'],
    ['users list --frob=hunter22'],
  ])('takes no secret from arguments and repeats none: %s', async (line) => {
    const { code, stdout, stderr } = await latchkey(line);
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain('hunter22');
  });
});

describe('config', () => {
  it('checks', async () => {
    expect(await facts('config check')).toEqual({ valid: true, environment: 'test', mode: 'stateful' });
    expect((await latchkey('config check')).stdout).toBe(
      'The configuration is right: environment test, mode stateful.\n',
    );
  });

  it('ends with 3 and names file, line and key of what is wrong', async () => {
    const file = path.join(folder, 'wrong.yaml');
    writeFileSync(file, 'auth:\n  login: { identifier: mail }\n  session: { ttl: 24 }\n');
    const { code, stdout, stderr } = await latchkey(`config check -c ${file}`);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/wrong\.yaml:3:\d+: auth\.session\.ttl/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await problem(`users list --config ${file}`)).toMatchObject({
      code: 'invalid_configuration',
      exit_code: 3,
      errors: expect.arrayContaining([expect.objectContaining({ key: 'auth.session.ttl', line: 3 })]),
    });
  });

  it('shows what is in force with secrets masked', async () => {
    const env = { DATABASE_URL: 'postgres://latchkey:open-sesame@db.example/latchkey' };
    const { code, stdout } = await latchkey('config show', { env });
    expect(code).toBe(0);
    expect(stdout).toContain('mode: stateful');
    const { config } = await facts<{ config: { auth: { secret: string; jwt: { secret: string } } } }>('config show', {
      env,
    });
    expect([config.auth.secret, config.auth.jwt.secret]).toEqual(['***', '***']);
    for (const secret of [ROOT_SECRET, JWT_SECRET, 'open-sesame']) {
      expect(stdout + JSON.stringify(config)).not.toContain(secret);
    }
  });

  it('prints and writes the schema', async () => {
    const committed = readFileSync(path.join(ROOT, 'config/schema.json'), 'utf8');
    expect((await latchkey('config schema')).stdout).toBe(committed);
    const file = path.join(folder, 'schema.json');
    expect(await facts(`config schema --write ${file}`)).toEqual({ written: file });
    expect(readFileSync(file, 'utf8')).toBe(committed);
  });
});

describe('mode show', () => {
  it('says what the mode can do, without a database', async () => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', LATCHKEY__AUTH__MODE: 'stateless' };
    expect(await facts('mode show', { env })).toMatchObject({
      mode: 'stateless',
      access_token: 'jwt',
      list_sessions: false,
      revoke_session: 'by_sid',
      logout_takes_effect: 'at_once',
    });
    expect((await latchkey('mode show', { env })).stdout).toMatch(/^access token\s+jwt$/m);
  });
});

describe('migrate', () => {
  let empty: TestDatabase;
  beforeAll(async () => (empty = await createEmptyDatabase()));
  afterAll(() => empty.drop());

  it('applies, tells and undoes', async () => {
    const env = { DATABASE_URL: empty.url };
    interface Status {
      readonly up_to_date: boolean;
      readonly migrations: readonly { name: string; applied: boolean }[];
    }
    const status = await facts<Status>('migrate status', { env });
    const names = status.migrations.map(({ name }) => name);
    expect(status).toMatchObject({ up_to_date: false });
    expect(status.migrations.some(({ applied }) => applied)).toBe(false);
    expect(names[0]).toBe('CreateCoreTables1795305600000');
    expect(await facts('migrate', { env })).toEqual({ applied: names });
    expect((await latchkey('migrate up', { env })).stdout).toBe('The schema was up to date.\n');
    const { stdout } = await latchkey('migrate status', { env });
    for (const name of names) expect(stdout).toMatch(new RegExp(`${name}\\s+applied`));
    for (const name of names.toReversed()) expect(await facts('migrate down --yes', { env })).toEqual({ undone: name });
    expect(await facts('migrate down --yes', { env })).toEqual({ undone: null });
  });
});

describe('a database that cannot be reached', () => {
  it('is 4 and one line, and a failed check of doctor', async () => {
    const env = { DATABASE_URL: 'postgres://latchkey:open-sesame@127.0.0.1:1/none' };
    const [plain, told, doctor] = await Promise.all([
      latchkey('users list', { env }),
      problem('migrate status', { env }),
      latchkey('doctor', { env }),
    ]);
    expect(plain).toMatchObject({ code: 4, stdout: '' });
    expect(plain.stderr).toMatch(/^latchkey: PostgreSQL at 127\.0\.0\.1:1\/none cannot be reached: .*\n$/);
    expect(told).toMatchObject({ code: 'unavailable', exit_code: 4 });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/^FAIL\s+database/m);
    expect(JSON.stringify([plain, told, doctor])).not.toContain('open-sesame');
  }, 30_000);
});

describe('doctor', () => {
  interface Report {
    readonly healthy: boolean;
    readonly checks: readonly { check: string; status: string; detail: string; mend?: string; facts?: object }[];
  }
  const stateOf = ({ checks }: Report, name: string) => checks.find(({ check }) => check === name)?.status;

  it('finds a healthy installation healthy, and warns of weak hashes and secrets that are words', async () => {
    const report = await facts<Report>('doctor');
    expect(report.healthy).toBe(true);
    for (const check of [
      'configuration',
      'root_secret',
      'database',
      'clock',
      'schema',
      'signing_keys',
      'revocation_feed',
      'row_level_security',
    ]) {
      expect([check, stateOf(report, check)]).toEqual([check, 'ok']);
    }
    expect(stateOf(report, 'jwt_secret')).toBe('warn');
    expect(stateOf(report, 'password_hash')).toBe('warn');
    expect(report.checks.find(({ check }) => check === 'password_hash')?.facts).toMatchObject({
      milliseconds: expect.any(Number),
      advised: { bcrypt_cost: expect.any(Number) },
    });
    expect(JSON.stringify(report)).not.toContain(ROOT_SECRET);
  });

  it('says of each provider of OpenID Connect whether it answers, as itself, and with keys', async () => {
    const [good, liar, keyless] = [new HostileProvider(), new HostileProvider(), new HostileProvider()];
    const all = [good, liar, keyless];
    await Promise.all(all.map((op) => op.start()));
    liar.metadata = { issuer: good.issuer };
    keyless.metadata = { jwks_uri: undefined };
    const configured = (name: string, issuer: string): Record<string, string> => ({
      [`LATCHKEY__FEDERATION__OIDC__${name}__ISSUER`]: issuer,
      [`LATCHKEY__FEDERATION__OIDC__${name}__CLIENT_ID`]: 'latchkey',
      [`LATCHKEY__FEDERATION__OIDC__${name}__ALLOW_PRIVATE_NETWORK`]: 'true',
    });
    const { code, stdout } = await latchkey('doctor --json', {
      env: {
        ...configured('GOOD', good.issuer),
        ...configured('LIAR', liar.issuer),
        ...configured('KEYLESS', keyless.issuer),
        ...configured('AWAY', 'http://127.0.0.1:9'),
        LATCHKEY__FEDERATION__OIDC__INSIDE__ISSUER: 'https://127.0.0.1:9',
        LATCHKEY__FEDERATION__OIDC__INSIDE__CLIENT_ID: 'latchkey',
      },
    });
    await Promise.all(all.map((op) => op.stop()));
    const report = JSON.parse(stdout) as Report;
    const of = (name: string) => report.checks.find(({ check }) => check === `provider_${name}`);
    const states = ['good', 'liar', 'keyless', 'away', 'inside'].map((name) => of(name)?.status);
    expect([code, states]).toEqual([1, ['ok', 'fail', 'fail', 'fail', 'fail']]);
    expect(of('keyless')?.detail).toContain('no keys');
    expect(of('inside')?.detail).toContain('is no address that providers may have');
    for (const name of ['liar', 'away']) expect(of(name)?.mend).toContain(`federation.oidc.${name}.issuer`);
  });

  it('says of each SAML provider whether what it signs with can be used, and until when', async () => {
    const corp = (name: string, certificates: readonly string[]): Record<string, string> => ({
      [`LATCHKEY__FEDERATION__SAML__${name}__IDP__ENTITY_ID`]: 'https://idp.example/saml',
      [`LATCHKEY__FEDERATION__SAML__${name}__IDP__SSO_URL`]: 'https://idp.example/sso',
      [`LATCHKEY__FEDERATION__SAML__${name}__IDP__CERTIFICATES`]: JSON.stringify(certificates),
    });
    const { code, stdout } = await latchkey('doctor --json', {
      env: {
        ...corp('GOOD', [IDP_KEYS.certificate]),
        ...corp('ROLLING', [IDP_KEYS.certificate, EXPIRED_KEYS.certificate]),
        ...corp('OVER', [EXPIRED_KEYS.certificate]),
        LATCHKEY__FEDERATION__SAML__AWAY__METADATA_URL: 'http://127.0.0.1:9/none',
        LATCHKEY__FEDERATION__SAML__AWAY__ALLOW_PRIVATE_NETWORK: 'true',
        LATCHKEY__FEDERATION__SAML__INSIDE__METADATA_URL: 'https://127.0.0.1:9/none',
      },
    });
    const report = JSON.parse(stdout) as Report;
    const states = ['good', 'rolling', 'over', 'away', 'inside'].map((name) => stateOf(report, `saml_${name}`));
    expect([code, states]).toEqual([1, ['ok', 'warn', 'fail', 'fail', 'fail']]);
    const detail = (name: string) => report.checks.find(({ check }) => check === `saml_${name}`)?.detail;
    expect(detail('rolling')).toContain('1 of 2 certificates can be used');
    expect(detail('inside')).toContain('is no address that providers may have');
    expect(report.checks.find(({ check }) => check === 'saml_over')?.mend).toContain('not over');
  });

  it('measures Redis where there is one, and fails where it does not answer', async () => {
    const redis = await startRedis();
    const answering = await facts<Report>('doctor', { env: { REDIS_URL: redis.url } });
    expect(stateOf(answering, 'redis')).toBe('ok');
    await redis.stop();
    const { code, stdout } = await latchkey('doctor', { env: { REDIS_URL: redis.url } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL\s+redis/m);
    expect(stdout).not.toContain(new URL(redis.url).password);
  });

  it('fails without a schema and says how to mend it', async () => {
    const empty = await createEmptyDatabase();
    const { code, stdout } = await latchkey('doctor', { env: { DATABASE_URL: empty.url } });
    await empty.drop();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL\s+schema/m);
    expect(stdout).toContain('latchkey migrate');
  });

  it('fails when keys were sealed with a root secret that is gone', async () => {
    const own = await createTestDatabase();
    const env = { DATABASE_URL: own.url, JWT_SECRET: '' };
    await facts('keys rotate', { env });
    expect(stateOf(await facts<Report>('doctor', { env }), 'signing_keys')).toBe('ok');
    const other = { ...env, LATCHKEY_SECRET: 'Zb2mWc9Xs4TnVu6Yd1Ge8Rk3HpJ5oAaBzCiqL7f0' };
    const { code, stdout } = await latchkey('doctor --json', { env: other });
    await own.drop();
    expect(code).toBe(1);
    expect(stateOf(JSON.parse(stdout) as Report, 'signing_keys')).toBe('fail');
  });

  it('reports a configuration error instead of ending with it', async () => {
    const { code, stdout } = await latchkey('doctor', { env: { LATCHKEY__AUTH__MODE: 'statful' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL\s+configuration/m);
  });
});

describe('tenants', () => {
  it('are made once and listed', async () => {
    const slug = unique('acme');
    const { tenant } = await facts<{ tenant: { id: string } }>(`tenants create ${slug} --host ${slug}.example`);
    expect(tenant).toMatchObject({ id: expect.stringMatching(UUID), slug, name: slug, hosts: [`${slug}.example`] });
    expect((await latchkey('tenants list')).stdout).toContain(tenant.id);
    const { tenants } = await facts<{ tenants: { slug: string }[] }>('tenants list');
    expect(tenants.map((one) => one.slug)).toEqual(expect.arrayContaining(['default', slug]));
    expect(await problem(`tenants create ${slug}`)).toMatchObject({ code: 'conflict', exit_code: 1 });
  });
});

describe('users', () => {
  it('are made with a password from a pipe, which nothing repeats', async () => {
    const email = `${unique('bea')}@example.com`;
    const ran = await latchkey(`users create --email ${email} --password-stdin --role admin,ops --role guest -v`, {
      input: `${PASSWORD}\n`,
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(new RegExp(`^Made the account ${email}: [0-9a-f-]{36}\n$`));
    expect(ran.stderr).toContain('"event":"user_changed"');
    expect(ran.stdout + ran.stderr).not.toContain(PASSWORD);
    const { users } = await facts<{ users: Account[] }>('users list --limit 999');
    expect(users.find((user) => user.email === email)).toMatchObject({
      roles: ['admin', 'ops', 'guest'],
      status: 'active',
    });
    expect((await latchkey('users list --limit 999')).stdout).toMatch(new RegExp(`${email} .*admin, ops, guest`));
    expect(JSON.stringify(users)).not.toMatch(/hash|\$2b\$/);
  });

  it('are asked for a password at a terminal, without echo', async () => {
    const typed = async (first: string, second: string): Promise<Ran> => {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      const ran = latchkey(`users create --username ${unique('cy')}`, { stdin });
      for (const line of [first, second]) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        stdin.write(`${line}\n`);
      }
      return ran;
    };
    const ran = await typed(PASSWORD, PASSWORD);
    expect(ran).toMatchObject({ code: 0, stderr: 'Password: \nAgain: \n' });
    expect(ran.stdout).not.toContain(PASSWORD);
    expect(await typed(PASSWORD, 'another')).toMatchObject({ code: 2, stderr: expect.stringContaining('differ') });
  });

  it.each([
    ['--password-stdin --email nobody', PASSWORD, 'validation_failed', 1],
    ['--password-stdin --email short@example.com', 'short', 'weak_password', 1],
    ['--password-stdin --email empty@example.com', '', 'usage', 2],
    ['--password-stdin --email lines@example.com', 'one\ntwo\n', 'usage', 2],
    ['--no-password', '', 'validation_failed', 1],
  ])('are refused: %s', async (options, input, code, exit_code) => {
    expect(await problem(`users create ${options}`, { input })).toMatchObject({ code, exit_code });
  });

  it('come in pages', async () => {
    const slug = unique('pages');
    await facts(`tenants create ${slug}`);
    const made = [];
    for (let i = 0; i < 3; i += 1) made.push((await createUser(` --tenant ${slug}`)).id);
    const first = await facts<{ users: Account[]; next: string }>(`users list --tenant ${slug} --limit 2`);
    const rest = await facts<{ users: Account[]; next: null }>(`users list --tenant ${slug} --after ${first.next}`);
    expect([...first.users, ...rest.users].map(({ id }) => id)).toEqual(made);
    expect(rest.next).toBeNull();
  });

  it('exist only in their own tenant', async () => {
    const slug = unique('other');
    const { tenant } = await facts<{ tenant: { id: string } }>(`tenants create ${slug}`);
    const { id, email } = await createUser();
    expect((await facts<{ users: Account[] }>(`users list --tenant ${slug}`)).users).toEqual([]);
    for (const named of [id, email]) {
      for (const command of ['disable', 'enable', 'unlock', 'roles']) {
        expect(await problem(`users ${command} ${named} --tenant ${tenant.id}`)).toMatchObject({ code: 'not_found' });
      }
      const line = `users password ${named} --password-stdin --tenant ${slug}`;
      expect(await problem(line, { input: PASSWORD })).toMatchObject({ code: 'not_found', exit_code: 1 });
    }
    expect(await problem('users list --tenant nowhere')).toMatchObject({ code: 'not_found', exit_code: 1 });
  });

  it('have roles shown, added, removed and set', async () => {
    const { email } = await createUser(' --role guest');
    const roles = async (options: string) =>
      (await facts<{ user: Account }>(`users roles ${email}${options}`)).user.roles;
    expect(await roles('')).toEqual(['guest']);
    expect(await roles(' --add admin,ops --remove guest')).toEqual(['admin', 'ops']);
    expect(await roles(' --set reader')).toEqual(['reader']);
    expect((await latchkey(['users', 'roles', email, '--set', ''])).stdout).toBe(`Roles of ${email}: none\n`);
    expect(await problem(`users roles ${email} --add no/slashes`)).toMatchObject({ code: 'validation_failed' });
  });
});

describe('logins of a running service', () => {
  let service: TestApp;
  beforeAll(
    async () => (service = await startTestApp({ database, settings: { ...STATEFUL, 'auth.secret': ROOT_SECRET } })),
  );
  afterAll(() => service.close());

  interface Grant {
    access_token: string;
    refresh_token: string;
    session: { id: string };
  }
  const login = (email: string, password = PASSWORD) =>
    service.http.post<Grant>('/auth/login', { json: { email, password } });
  const code = async (token: string) => (await service.http.get('/auth/me', { token })).code;
  const ends = (token: string, as = 'token_revoked') =>
    until('the service refuses the token', async () => (await code(token)) === as, { within: timeLimit(1_000) });

  async function signedIn(options = '') {
    const user = await createUser(options);
    const { body } = await login(user.email);
    expect(await code(body.access_token)).toBe('200');
    return { user, token: body.access_token, refresh: body.refresh_token, id: body.session.id };
  }

  it('are listed, without what could command a terminal', async () => {
    const { user, id } = await signedIn();
    const json = { email: user.email, password: PASSWORD };
    await service.http.post('/auth/login', { json, headers: { 'user-agent': 'x\u009b2J' } });
    const { sessions } = await facts<{ sessions: { id: string }[] }>(`sessions list --user ${user.email}`);
    expect(sessions).toHaveLength(2);
    expect(sessions.map((session) => session.id)).toContain(id);
    const { stdout } = await latchkey('sessions list --limit 99');
    expect(stdout).toContain(id);
    // eslint-disable-next-line no-control-regex -- that there are none is what is tested
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('end one by one, within a second', async () => {
    const { token, id } = await signedIn();
    expect(await problem(`sessions revoke ${id} --tenant ${await anotherTenant()}`)).toMatchObject({
      code: 'not_found',
    });
    expect(await code(token)).toBe('200');
    expect(await facts(`sessions revoke ${id}`)).toMatchObject({
      revoked: { kind: 'session', session_id: id },
      had_row: true,
    });
    await ends(token);
    expect(await facts(`sessions revoke ${id}`)).toMatchObject({ had_row: false });
  });

  it('end for a user, a tenant and everyone', async () => {
    const slug = await anotherTenant();
    const [one, elsewhere, last] = [await signedIn(), await createUser(` --tenant ${slug}`), await signedIn()];
    const json = { email: elsewhere.email, password: PASSWORD, tenant_id: elsewhere.tenant_id };
    const { body } = await service.http.post<Grant>('/auth/login', { json });
    expect(await facts(`sessions revoke --user ${one.user.id}`)).toMatchObject({ revoked: { kind: 'user' } });
    await ends(one.token);
    const drill = ['--reason', 'a drill', '--yes'];
    const tenant = await latchkey(['sessions', 'revoke', '--tenant', slug, ...drill]);
    expect(tenant).toMatchObject({ code: 0, stdout: `Ended every login of the tenant ${slug}.\n` });
    expect(JSON.parse(tenant.stderr)).toMatchObject({
      event: 'revoked_by_operator',
      kind: 'tenant',
      reason: 'a drill',
    });
    await ends(body.access_token);
    expect(await code(last.token)).toBe('200');
    expect((await latchkey(['sessions', 'revoke', '--everyone', ...drill])).code).toBe(0);
    await ends(last.token);
    expect((await login(last.user.email)).status).toBe(200);
  });

  it('end when the account is disabled, or its password is set', async () => {
    const { user, token } = await signedIn();
    await facts(`users disable ${user.email}`);
    await ends(token);
    expect((await login(user.email)).code).toBe('account_disabled');
    expect((await facts<{ user: Account }>(`users enable ${user.email}`)).user.status).toBe('active');
    const { body } = await login(user.email);
    const set = await latchkey(`users password ${user.email} --password-stdin`, { input: 'another long password' });
    expect(set.code).toBe(0);
    expect(set.stdout + set.stderr).not.toContain('another long password');
    await ends(body.access_token);
    expect((await login(user.email)).code).toBe('invalid_credentials');
    expect((await login(user.email, 'another long password')).status).toBe(200);
  });

  it('are possible again once the account is unlocked', async () => {
    const { email } = await createUser();
    for (let i = 0; i < 5; i += 1) await login(email, 'wrong password');
    expect((await login(email)).code).toBe('account_locked');
    expect(await facts(`users unlock ${email}`)).toEqual({ unlocked: true });
    expect((await login(email)).status).toBe(200);
    expect((await latchkey(`users unlock ${email}`)).stdout).toBe('There was nothing to unlock.\n');
    expect(await problem('users unlock nobody@example.com')).toMatchObject({ code: 'not_found', exit_code: 1 });
  });

  it('are found by their tokens, of which nothing secret is printed', async () => {
    const { user, token, refresh, id } = await signedIn();
    for (const [input, standing] of [
      [token, 'access'],
      [`Bearer ${refresh}\n`, 'refresh'],
    ] as const) {
      const { session } = await facts<{ session: object }>('sessions find -', { input });
      expect(session).toMatchObject({ id, email: user.email, revoked: false, token: standing });
      expect(await facts('token decode -', { input })).toEqual({
        kind: 'opaque',
        use: standing,
        checksum: 'right',
        session_id: id,
      });
      for (const line of ['sessions find -', 'token decode -']) {
        const { stdout, stderr } = await latchkey(line, { input });
        expect(stdout).toContain(id);
        expect(stdout + stderr).not.toContain((standing === 'access' ? token : refresh).slice(-32));
      }
    }
    expect(await facts(`sessions find ${id}`)).toMatchObject({ session: { id, token: null } });
    const slug = await anotherTenant();
    expect(await problem(`sessions find - --tenant ${slug}`, { input: token })).toMatchObject({ code: 'not_found' });
    const damaged = token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a');
    expect(await facts('token decode -', { input: damaged })).toMatchObject({ checksum: 'wrong', session_id: null });
    expect(await problem('token decode -', { input: 'not a token' })).toMatchObject({ code: 'usage' });
  });

  it('are purged once they are over', async () => {
    const { id } = await signedIn();
    const over = `UPDATE sessions SET expires_at = now() - interval '1 day' WHERE id = $1`;
    await withClient(database.url, (client) => client.query(over, [id]));
    const { removed } = await facts<{ removed: number }>('sessions purge');
    expect(removed).toBeGreaterThanOrEqual(1);
    expect(await problem(`sessions find ${id}`)).toMatchObject({ code: 'not_found' });
    expect((await latchkey('sessions purge')).stdout).toMatch(/^Removed \d+ rows?\.\n$/);
  });
});

async function anotherTenant(): Promise<string> {
  const slug = unique('tenant');
  await facts(`tenants create ${slug}`);
  return slug;
}

describe('logins without a row', () => {
  const env: Record<string, string> = {};
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp({ database, settings: { ...DENYLIST, 'auth.secret': ROOT_SECRET } });
    Object.assign(env, environment(DENYLIST));
  });
  afterAll(() => service.close());

  interface JwtFacts {
    readonly claims: { readonly sid: string };
    readonly signature: string;
  }
  const decode = (input: string, options = '') => facts<JwtFacts>(`token decode -${options}`, { input, env });

  async function signedIn() {
    const user = await createUser();
    const json = { email: user.email, password: PASSWORD };
    const { body } = await service.http.post<{ access_token: string; refresh_token: string }>('/auth/login', { json });
    return { user, access: body.access_token, refresh: body.refresh_token };
  }

  it('are decoded and judged, and revoked by their sid', async () => {
    const { user, access, refresh } = await signedIn();
    const good = { kind: 'jwt', signature: 'ours', expired: false, revoked: false, addressed_to_us: true };
    const { claims } = await decode(access);
    expect(await decode(access)).toMatchObject({
      ...good,
      use: 'access',
      outdated: false,
      claims: { email: user.email },
    });
    expect(await decode(refresh)).toMatchObject({ ...good, use: 'refresh' });
    expect(await problem(`sessions revoke ${claims.sid}`, { env })).toMatchObject({ code: 'not_found' });
    expect(await facts(`sessions revoke ${claims.sid} --user ${user.email}`, { env })).toMatchObject({
      had_row: false,
    });
    const refused = async () => (await service.http.get('/auth/me', { token: access })).code === 'token_revoked';
    await until('the service refuses the token', refused, { within: timeLimit(1_000) });
    for (const token of [access, refresh]) expect(await decode(token)).toMatchObject({ ...good, revoked: true });
    expect((await latchkey(`sessions list --user ${user.email}`, { env })).stdout).toContain('keeps no rows');
  });

  it('are out of date when roles change', async () => {
    const { user, access } = await signedIn();
    await facts(`users roles ${user.email} --add admin`, { env });
    expect(await decode(access)).toMatchObject({ revoked: false, outdated: true });
  });

  it('are judged by key, signature and time, and never printed', async () => {
    const { access } = await signedIn();
    const [head, body] = access.split('.') as [string, string];
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const sign = (claims: object, key: string, keyid = kid) =>
      jsonwebtoken.sign(claims, key, { keyid, algorithm: 'HS256' });
    expect(await decode(sign({ exp: 1 }, JWT_SECRET))).toMatchObject({
      signature: 'ours',
      expired: true,
      revoked: null,
    });
    expect(await decode(sign({ exp: 1 }, 'x'.repeat(32)))).toMatchObject({ signature: 'wrong', revoked: null });
    expect(await decode(sign({ exp: 1 }, JWT_SECRET, 'k'))).toMatchObject({ signature: 'unknown_key' });
    const offline = await decode(access, ' --offline');
    expect(offline.signature).toBe('not_checked');
    const { stdout } = await latchkey('token decode -', { input: access, env });
    for (const printed of [stdout, JSON.stringify(offline)]) {
      expect(printed).not.toContain(access.slice(-20));
      expect(printed).not.toContain(body.slice(-20));
    }
  });

  it('cannot be revoked where nothing is kept that could', async () => {
    const { user } = await signedIn();
    const none = { ...env, LATCHKEY__AUTH__JWT__REVOCATION: 'none' };
    const line = `sessions revoke --user ${user.email}`;
    expect(await problem(line, { env: none })).toMatchObject({ code: 'unsupported_in_mode', exit_code: 1 });
  });
});

describe('signing keys', () => {
  const env = { JWT_SECRET: '', LATCHKEY__AUTH__JWT__ALGORITHM: 'ES256' };
  interface Keys {
    readonly keys: readonly { kid: string; algorithm: string; state: string; origin: string }[];
  }
  let own: TestDatabase;
  beforeAll(async () => {
    own = await createTestDatabase();
    Object.assign(env, { DATABASE_URL: own.url });
  });
  afterAll(() => own.drop());

  const states = async (line = 'keys list') => (await facts<Keys>(line, { env })).keys.map(({ state }) => state);

  it('are announced, brought forward and retired', async () => {
    expect(await states()).toEqual([]);
    const { key } = await facts<{ key: { kid: string; algorithm: string } }>('keys rotate --now', { env });
    expect(key).toMatchObject({ algorithm: 'ES256' });
    expect(await problem(`keys retire ${key.kid}`, { env })).toMatchObject({ code: 'conflict', exit_code: 1 });
    const next = await latchkey('keys rotate', { env });
    expect(next.stdout).toMatch(/^Published the ES256 key [0-9A-Za-z]{12}: it signs from \S+Z\n$/);
    expect(await problem('keys rotate', { env })).toMatchObject({ code: 'conflict' });
    expect(await states()).toEqual(['signing', 'published']);
    expect((await latchkey(`keys retire ${key.kid}`, { env })).stdout).toContain(`Retired the key ${key.kid}`);
    expect(await problem(`keys retire ${key.kid}`, { env })).toMatchObject({ code: 'not_found' });
    const { code, stderr } = await latchkey('--json keys retire -- -yqTj0fL9s1V', { env });
    expect([code, JSON.parse(stderr)]).toMatchObject([1, { code: 'not_found' }]);
    expect(await states()).toEqual(['signing']);
    expect(await states('keys list --all')).toEqual(['retired', 'signing']);
    expect((await latchkey('keys list', { env })).stdout).toMatch(/^KID\s+ALGORITHM\s+STATE\s+ORIGIN\s+SIGNS FROM/);
  }, 30_000);

  it('that are configured are changed in the configuration', async () => {
    const secret = { ...env, JWT_SECRET, LATCHKEY__AUTH__JWT__ALGORITHM: 'HS256' };
    expect(await problem('keys rotate', { env: secret })).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('auth.jwt.secret'),
    });
  });

  it('are not shown: nothing of their bytes is printed', async () => {
    const { rows } = await withClient(own.url, (client) =>
      client.query<{ sealed: Buffer }>('SELECT sealed FROM signing_keys'),
    );
    const printed = JSON.stringify(await facts('keys list --all', { env }));
    for (const { sealed } of rows) if (sealed.length > 0) expect(printed).not.toContain(sealed.toString('base64'));
    expect(printed).not.toMatch(/sealed|private|"d"/);
  });
});

describe('the built command', () => {
  it('starts an embedded PostgreSQL for so long, and keeps what it did', async () => {
    const dataDir = await temporaryFolder();
    const env = { LATCHKEY_DATA_DIR: dataDir };
    const create = ['users', 'create', '--email', 'ada@example.com', '--password-stdin'];
    const made = await child(create, env, PASSWORD);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('Made the account'), stderr: '' });
    expect(existsSync(path.join(dataDir, 'postgres/postmaster.pid'))).toBe(false);
    const again = await child(['--json', ...create], env, PASSWORD);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(again.stderr)).toMatchObject({ code: 'email_taken', exit_code: 1 });
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('revokes before it leaves: a service that listens to nothing else feels it within a second', async () => {
    const service = await startTestApp({ database, settings: { ...STATEFUL, 'auth.secret': ROOT_SECRET } });
    const { email } = await createUser();
    const json = { email, password: PASSWORD };
    const { body } = await service.http.post<{ access_token: string }>('/auth/login', { json });
    const told = withClient(database.url, async (client) => {
      await client.query('LISTEN latchkey_revocations');
      const heard = once(client, 'notification', { signal: AbortSignal.timeout(20_000) });
      expect(await child(['sessions', 'revoke', '--user', email], environment())).toMatchObject({ code: 0 });
      await heard;
    });
    await told;
    const refused = async () => (await service.http.get('/auth/me', { token: body.access_token })).status === 401;
    await until('the service refuses the token', refused, { within: timeLimit(1_000) });
    await service.close();
  }, 60_000);

  it('starts the service, says where it is without a secret, and shares its embedded PostgreSQL', async () => {
    const dataDir = await temporaryFolder();
    const env = { LATCHKEY_DATA_DIR: dataDir, PORT: '0', LATCHKEY__SERVER__HOST: '127.0.0.1', JWT_SECRET };
    const node = spawn(process.execPath, [CLI, 'start'], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    let told = '';
    node.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until('the note is written', () => told.includes('/auth/login'), { within: 60_000 });
    const url = /URL\s+(\S+)/.exec(told)?.[1] as string;
    const http = new HttpClient(url);
    expect(told).toContain('stateful');
    expect(told).toContain(`embedded PostgreSQL in ${dataDir}`);
    for (const secret of [JWT_SECRET, readFileSync(path.join(dataDir, 'root-secret'), 'utf8').trim()]) {
      expect(told).not.toContain(secret);
    }
    const email = 'ada@example.com';
    const made = await child(['users', 'create', '--email', email, '--password-stdin'], env, PASSWORD);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const { body } = await http.post<{ access_token: string }>('/auth/login', { json: { email, password: PASSWORD } });
    const token = body.access_token;
    expect((await http.get('/auth/me', { token })).status).toBe(200);
    expect(await child(['sessions', 'revoke', '--user', email], env)).toMatchObject({ code: 0, stderr: '' });
    const refused = async () => (await http.get('/auth/me', { token })).code === 'token_revoked';
    await until('the service refuses the token', refused, { within: timeLimit(1_000) });
    node.kill('SIGTERM');
    expect(await once(node, 'exit')).toEqual([0, null]);
    rmSync(dataDir, { recursive: true, force: true });
  }, 90_000);

  it('ends with 3 when the service is started with a wrong configuration', async () => {
    const { code, stdout, stderr } = await child(['start'], { ...environment(), LATCHKEY__AUTH__MODE: 'statful' });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('LATCHKEY__AUTH__MODE');
    expect(stderr).not.toMatch(/^\s+at /m);
  }, 30_000);
});
