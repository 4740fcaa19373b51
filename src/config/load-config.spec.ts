import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from './config-error';
import { loadConfig } from './load-config';

const PACKAGE = resolve(__dirname, '../..');
const FIXTURES = join(__dirname, 'fixtures');
const SECRET = 's'.repeat(32);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function folderWith(contents: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
  folders.push(folder);
  mkdirSync(join(folder, 'config'));
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Production brings its own. */
const DATABASE = { DATABASE_URL: 'postgres://latchkey@db.internal/latchkey' };

describe('the examples of the documentation', () => {
  const env = { JWT_SECRET: SECRET, LATCHKEY_SECRET: SECRET };

  it('loads the development example with no variable at all', () => {
    const { auth } = loadConfig({ file: join(FIXTURES, 'development.yaml'), env: {}, cwd: PACKAGE });
    expect(auth).toMatchObject({
      mode: 'stateful',
      session: { ttl: 8 * 3_600_000, refreshTokenTtl: 168 * 3_600_000 },
      lockout: { maxAttempts: 3, duration: 300_000 },
      password: { algorithm: 'bcrypt', bcryptCost: 10 },
    });
  });

  it.each(['development', 'production'])('loads the production example under NODE_ENV=%s', (NODE_ENV) => {
    const { auth } = loadConfig({
      file: join(FIXTURES, 'production.yaml'),
      env: { ...env, ...DATABASE, NODE_ENV },
      cwd: PACKAGE,
    });
    expect(auth).toMatchObject({
      mode: 'stateless',
      secret: SECRET,
      jwt: { secret: SECRET, accessTokenTtl: 900_000, issuer: 'azth-auth-service', audience: 'azth-api' },
      password: { argon2id: { memory: 131_072, iterations: 4, parallelism: 4, saltLength: 16, keyLength: 32 } },
    });
  });

  it('loads the microservices example', () => {
    const { auth } = loadConfig({ file: join(FIXTURES, 'microservices.yaml'), env, cwd: PACKAGE });
    expect(auth.jwt).toMatchObject({
      accessTokenTtl: 300_000,
      refreshTokenTtl: 86_400_000,
      audience: 'azth-microservices',
    });
  });

  it.each(['development', 'production', 'microservices'])('flips the %s example by its mode alone', (name) => {
    const file = join(FIXTURES, `${name}.yaml`);
    for (const mode of ['stateful', 'stateless']) {
      expect(loadConfig({ file, env: { ...env, LATCHKEY__AUTH__MODE: mode }, cwd: PACKAGE }).auth.mode).toBe(mode);
    }
  });
});

describe('the files that are shipped', () => {
  it('start a fresh clone without any variable', () => {
    const config = loadConfig({ env: {}, cwd: PACKAGE, asRoot: false });
    expect(config).toMatchObject({
      environment: 'development',
      server: { port: 4000, publicUrl: 'http://localhost:4000' },
      dataDir: join(PACKAGE, '.latchkey'),
      auth: { mode: 'stateful', registration: 'open', password: { algorithm: 'bcrypt' } },
    });
    expect(config.database.url).toBeUndefined();
    expect(config.auth.secret).toBeUndefined();
  });

  it('are found from any working directory', () => {
    expect(loadConfig({ env: {}, cwd: folderWith({}) }).auth.lockout.maxAttempts).toBe(3);
  });

  it.each(['production', 'microservices'])('work with NODE_ENV=%s and two secrets', (NODE_ENV) => {
    const env = { NODE_ENV, LATCHKEY_SECRET: SECRET, JWT_SECRET: SECRET, ...DATABASE };
    expect(loadConfig({ env, cwd: PACKAGE }).auth).toMatchObject({ mode: 'stateless', registration: 'closed' });
  });

  it.each(['production', 'microservices'])('name both missing secrets with NODE_ENV=%s', (NODE_ENV) => {
    expect(
      problemsOf(() => loadConfig({ env: { NODE_ENV, ...DATABASE }, cwd: PACKAGE })).map(({ key }) => key),
    ).toEqual(['auth.secret', 'auth.jwt.secret']);
  });

  it('state in default.yaml exactly the defaults of an empty file', () => {
    const cwd = folderWith({ 'empty.yaml': '' });
    const empty = loadConfig({ file: 'empty.yaml', env: {}, cwd });
    expect(loadConfig({ file: join(PACKAGE, 'config/default.yaml'), env: {}, cwd })).toEqual(empty);
  });
});

describe('the choice of files', () => {
  const cwd = folderWith({
    'config/default.yaml': 'server: { port: 1 }\nlog: { level: warn }\n',
    'config/staging.yaml': 'server: { port: 2 }\n',
    'one.yaml': 'server: { port: 3 }\n',
    'two.yaml': 'server: { port: 4 }\n',
  });
  const portOf = (options: { file?: string; env: NodeJS.ProcessEnv }) => loadConfig({ ...options, cwd }).server.port;

  it('prefers the files of the working directory', () => expect(portOf({ env: {} })).toBe(1));
  it('lays the file of NODE_ENV over the default one', () => {
    const config = loadConfig({ env: { NODE_ENV: 'staging' }, cwd });
    expect([config.server.port, config.log.level]).toEqual([2, 'warn']);
  });
  it('is content without an overlay', () => expect(portOf({ env: { NODE_ENV: 'test' } })).toBe(1));
  it('reads only LATCHKEY_CONFIG when it is given', () =>
    expect(portOf({ env: { LATCHKEY_CONFIG: 'one.yaml' } })).toBe(3));
  it('lets --config beat LATCHKEY_CONFIG', () => {
    expect(portOf({ file: 'two.yaml', env: { LATCHKEY_CONFIG: 'one.yaml' } })).toBe(4);
  });
  it('names a file that does not exist', () => {
    const [problem] = problemsOf(() => loadConfig({ file: 'no.yaml', env: {}, cwd }));
    expect(problem).toMatchObject({ file: 'no.yaml', key: '', message: expect.stringContaining('ENOENT') });
  });
  it('refuses a NODE_ENV that leaves the folder', () => {
    const [problem] = problemsOf(() => loadConfig({ env: { NODE_ENV: '../one' }, cwd }));
    expect(problem).toMatchObject({ source: 'NODE_ENV' });
  });
  it('merges blocks, replaces lists and ignores an empty block', () => {
    const layered = folderWith({
      'config/default.yaml': 'auth: { accept: [stateful, stateless], session: { ttl: 2h, bind: ip } }\n',
      'config/development.yaml': 'auth:\n  accept: [stateful]\n  session:\n',
    });
    const { auth } = loadConfig({ env: {}, cwd: layered });
    expect([auth.accept, auth.session.ttl, auth.session.bind]).toEqual([['stateful'], 7_200_000, 'ip']);
  });
  it('lets an overlay use the other name of a lockout key', () => {
    const layered = folderWith({
      'config/default.yaml': 'auth: { session: { max_login_attempts: 5 } }\n',
      'config/development.yaml': 'auth: { lockout: { max_attempts: 7 } }\n',
    });
    expect(loadConfig({ env: {}, cwd: layered }).auth.lockout.maxAttempts).toBe(7);
    const env = { LATCHKEY__AUTH__SESSION__MAX_LOGIN_ATTEMPTS: '9' };
    expect(loadConfig({ env, cwd: layered }).auth.lockout.maxAttempts).toBe(9);
  });
});

describe('what is decided for the reader', () => {
  const cwd = folderWith({ 'c.yaml': '', 'named.yaml': 'data_dir: state\n', 'same.yaml': 'data_dir: .latchkey\n' });
  const load = (env: NodeJS.ProcessEnv, asRoot = false, file = 'c.yaml') => loadConfig({ file, env, cwd, asRoot });

  it('keeps data below the working directory, as root in /var/lib', () => {
    expect(load({}).dataDir).toBe(join(cwd, '.latchkey'));
    expect(load({}, true).dataDir).toBe('/var/lib/latchkey');
    expect(load({}, true, 'same.yaml').dataDir).toBe('/var/lib/latchkey');
  });
  it.each([{ LATCHKEY_DATA_DIR: '.latchkey' }, { LATCHKEY__DATA_DIR: '.latchkey' }])(
    'obeys %j, also as root',
    (env) => {
      expect(load(env, true).dataDir).toBe(join(cwd, '.latchkey'));
    },
  );
  it('obeys the file, also as root', () => expect(load({}, true, 'named.yaml').dataDir).toBe(join(cwd, 'state')));
  it('derives the public URL from the port', () => {
    expect(load({ PORT: '5000' }).server.publicUrl).toBe('http://localhost:5000');
    expect(load({ PORT: '0' }).server.port).toBe(0);
  });
  it('normalises the URL and the base path', () => {
    const env = { PUBLIC_URL: 'https://ID.example.com/', LATCHKEY__SERVER__BASE_PATH: '/auth-svc/' };
    expect(load(env).server).toMatchObject({ publicUrl: 'https://id.example.com', basePath: '/auth-svc' });
  });
  it('closes registration in production', () => {
    expect(load({ NODE_ENV: 'production', LATCHKEY_SECRET: SECRET, ...DATABASE }).auth.registration).toBe('closed');
    expect(load({ LATCHKEY__AUTH__REGISTRATION: 'closed' }).auth.registration).toBe('closed');
  });
  it('resolves the algorithm', () => {
    expect(load({}).auth.jwt.algorithm).toBe('RS256');
    expect(load({ LATCHKEY__AUTH__JWT__SECRET: SECRET }).auth.jwt.algorithm).toBe('HS256');
    const both = { LATCHKEY__AUTH__JWT__SECRET: SECRET, LATCHKEY__AUTH__JWT__ALGORITHM: 'ES256' };
    expect(load(both).auth.jwt.algorithm).toBe('ES256');
  });
  it('is frozen to the last level', () => {
    const config = load({});
    expect(Object.isFrozen(config.auth.password.argon2id) && Object.isFrozen(config.auth.jwt.claims)).toBe(true);
  });
});

function problemsOf(load: () => unknown) {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration was accepted');
}
