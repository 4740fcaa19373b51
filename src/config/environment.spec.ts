import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error';
import type { Config } from './config';
import { loadConfig } from './load-config';

const cwd = mkdtempSync(join(tmpdir(), 'latchkey-environment-'));
afterAll(() => rmSync(cwd, { recursive: true }));
const SECRET = 's'.repeat(32);
writeFileSync(join(cwd, 'secret'), `${SECRET}\n`);
writeFileSync(join(cwd, 'windows'), `${SECRET}\r\n`);

function load(text: string, env: NodeJS.ProcessEnv = {}): Config {
  writeFileSync(join(cwd, 'c.yaml'), text);
  return loadConfig({ file: 'c.yaml', env, cwd });
}

function refusalOf(text: string, env: NodeJS.ProcessEnv = {}): ConfigProblem {
  try {
    load(text, env);
  } catch (error) {
    if (error instanceof ConfigError && error.problems.length === 1) return error.problems[0]!;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('a reference to a variable', () => {
  it('takes the value, whatever surrounds it', () => {
    expect(
      load('auth: { jwt: { issuer: "https://${HOST}/${PATH_}" } }', { HOST: 'h', PATH_: 'p' }).auth.jwt.issuer,
    ).toBe('https://h/p');
  });
  it('becomes the number, the boolean or the list that the key needs', () => {
    const text = 'server: { port: "${P:-4000}", allow_http: "${H}", cors: { origins: "${O}" } }';
    const { server } = load(text, { P: '81', H: 'true', O: '[https://a.com, https://b.com]' });
    expect([server.port, server.allowHttp, server.cors.origins]).toEqual([
      81,
      true,
      ['https://a.com', 'https://b.com'],
    ]);
  });
  it('stays text where text is needed, digits and YAML signs included', () => {
    for (const secret of ['1'.repeat(40), `[${SECRET}`, `${SECRET} # ${SECRET}`, `*${SECRET}`, `true: ${SECRET}`]) {
      expect(load('auth: { secret: "${S}" }', { S: secret }).auth.secret).toBe(secret);
    }
  });
  it('is resolved once: a value that looks like a reference stays as it is', () => {
    expect(load('auth: { jwt: { issuer: "${A}" } }', { A: '${B}', B: 'b' }).auth.jwt.issuer).toBe('${B}');
  });
  it('is not resolved after $$', () => {
    expect(load('auth: { jwt: { issuer: "$${A} $1 ${B}" } }', { B: '$&' }).auth.jwt.issuer).toBe('${A} $1 $&');
  });
  it('may be empty where nothing has to be given', () => {
    const config = load('auth: { secret: "${S}", jwt: { secret: "${T:-}" } }\ndatabase: { url: "${U}" }', {
      S: '',
      U: '',
    });
    expect([config.auth.secret, config.auth.jwt.secret, config.database.url]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
  it('uses the default when the variable is empty', () => {
    expect(load('server: { port: "${P:-81}" }', { P: '' }).server.port).toBe(81);
  });
  it('drops an empty item of a list', () => {
    const text = 'auth: { jwt: { previous_secrets: ["${A:-}", "${B}"] } }';
    expect(load(text, { B: SECRET }).auth.jwt.previousSecrets).toEqual([SECRET]);
  });

  it.each([
    ['${S}', {}, 'needs S, which is not set: set it, or write ${S:-}'],
    ['${S:?ask the operator}', {}, 'needs S to be set: ask the operator'],
    ['${S:?ask the operator}', { S: '' }, 'needs S to be set: ask the operator'],
    ['${S:?}', {}, 'needs S to be set: it has no value'],
    ['${S-x}', {}, 'cannot be read: write ${VAR}'],
    ['${}', {}, 'cannot be read'],
    ['${1S}', {}, 'cannot be read'],
    ['${S', {}, 'cannot be read'],
    ['${S:-${T}}', {}, 'cannot be read'],
    ['${S}', { S: SECRET, S_FILE: 'secret' }, 'unset either S or S_FILE'],
    ['${S}', { S_FILE: 'missing' }, 'cannot be read from missing, which S_FILE names (ENOENT)'],
  ])('%s with %j is refused', (reference, env, message) => {
    const refusal = refusalOf(`auth:\n  secret: "${reference}"`, env);
    expect(refusal).toMatchObject({ file: 'c.yaml', line: 2, column: 11, key: 'auth.secret' });
    expect(refusal.message).toContain(message);
  });
  it('is named when its value is wrong', () => {
    expect(refusalOf('server:\n  port: "${P}"', { P: 'http' })).toMatchObject({
      line: 2,
      source: 'P',
      key: 'server.port',
    });
  });
  it('is refused where a number is only a part', () => {
    expect(refusalOf('server: { port: "4${P}" }', { P: '0' }).key).toBe('server.port');
  });
  it('does not matter where an override takes its place', () => {
    expect(load('server: { port: "${NO}" }', { LATCHKEY__SERVER__PORT: '82' }).server.port).toBe(82);
  });
});

describe('a mounted secret', () => {
  it.each(['secret', 'windows', join(cwd, 'secret')])('is read from %s without its last newline', (file) => {
    expect(load('auth: { secret: "${S}" }', { S_FILE: file }).auth.secret).toBe(SECRET);
    expect(load('', { LATCHKEY__AUTH__JWT__SECRET_FILE: file }).auth.jwt.secret).toBe(SECRET);
    expect(load('', { JWT_SECRET_FILE: file }).auth.jwt.secret).toBe(SECRET);
  });
  it('is read when the variable itself is empty', () => {
    expect(load('auth: { secret: "${S:-}" }', { S: '', S_FILE: 'secret' }).auth.secret).toBe(SECRET);
  });
  it('is refused next to the value itself', () => {
    const env = { LATCHKEY__AUTH__SECRET: SECRET, LATCHKEY__AUTH__SECRET_FILE: 'secret' };
    expect(refusalOf('', env)).toMatchObject({ source: 'LATCHKEY__AUTH__SECRET', key: 'auth.secret' });
  });
  it('is refused when it cannot be read', () => {
    expect(refusalOf('', { LATCHKEY__AUTH__SECRET_FILE: 'missing' })).toMatchObject({
      key: 'auth.secret',
      message: 'cannot be read from missing, which LATCHKEY__AUTH__SECRET_FILE names (ENOENT)',
    });
  });
});

describe('an override', () => {
  it.each<[NodeJS.ProcessEnv, (config: Config) => unknown, unknown]>([
    [{ LATCHKEY__AUTH__MODE: 'stateless' }, ({ auth }) => auth.mode, 'stateless'],
    [{ latchkey__auth__mode: 'stateless' }, ({ auth }) => auth.mode, 'stateless'],
    [{ LATCHKEY__SERVER__PORT: '0' }, ({ server }) => server.port, 0],
    [{ LATCHKEY__AUTH__CACHE__ENABLED: 'false' }, ({ auth }) => auth.cache.enabled, false],
    [{ LATCHKEY__AUTH__ACCEPT: '[stateful]' }, ({ auth }) => auth.accept, ['stateful']],
    [{ LATCHKEY__AUTH__SESSION__IDLE_TIMEOUT: '5m' }, ({ auth }) => auth.session.idleTimeout, 300_000],
    [{ LATCHKEY__AUTH__LOCKOUT__MAX_ATTEMPTS: '9' }, ({ auth }) => auth.lockout.maxAttempts, 9],
    [{ LATCHKEY__AUTH__PASSWORD__MAX_CONCURRENT: '2' }, ({ auth }) => auth.password.maxConcurrent, 2],
    [{ LATCHKEY__AUTH__PASSWORD__MAX_CONCURRENT: 'auto' }, ({ auth }) => auth.password.maxConcurrent, 'auto'],
    [{ LATCHKEY__AUTH__SECRET: '7'.repeat(32) }, ({ auth }) => auth.secret, '7'.repeat(32)],
    [{ LATCHKEY__DATABASE__URL: '', DATABASE_URL: 'postgres://h/d' }, ({ database }) => database.url, undefined],
    [{ LATCHKEY__AUTH__JWT__ISSUER: '${NO}' }, ({ auth }) => auth.jwt.issuer, '${NO}'],
  ])('%j wins over the file', (env, read, expected) => {
    expect(read(load('auth: { mode: stateful, session: { max_login_attempts: 4 } }', env))).toEqual(expected);
  });

  it.each([
    ['LATCHKEY__AUTH__MOD', 'stateful', 'auth.mod', 'did you mean mode?'],
    ['LATCHKEY__AUTH__MODE', 'statefull', 'auth.mode', 'did you mean stateful?'],
    ['LATCHKEY__AUTH__MODE', '', 'auth.mode', 'must be one of'],
    ['LATCHKEY__AUTH__MODE__X', '1', 'auth.mode', 'must be one of'],
    ['LATCHKEY__AUTH__SESSION', '{ ttl: 1h }', 'auth.session', 'must be a block of keys'],
    ['LATCHKEY__AUTH__SESSION__TTL', '24', 'auth.session.ttl', 'write 24h'],
    ['LATCHKEY__AUTH__ACCEPT', 'stateful', 'auth.accept', 'must be a list such as [a, b]'],
    ['LATCHKEY__AUTH__ACCEPT', '[stateful', 'auth.accept', 'must be a list'],
    ['LATCHKEY__AUTH__SECRET', 'short', 'auth.secret', 'too weak'],
    ['LATCHKEY__SERVER__PORT', 'http', 'server.port', 'whole number'],
    ['LATCHKEY__', '1', '', 'is not a known key'],
    ['JWT_SECRET', 'short', 'auth.jwt.secret', 'too weak'],
    ['PUBLIC_URL', 'nope', 'server.public_url', 'must be an http:// or https:// URL'],
    ['REDIS_URL', 'http://h', 'redis.url', 'must be redis://'],
  ])('%s=%s is refused by its name', (source, value, key, message) => {
    const refusal = refusalOf('', { [source]: value });
    expect(refusal).toMatchObject({ source, key, message: expect.stringContaining(message) });
    expect(refusal.line).toBeUndefined();
  });
  it('is refused where a block is set as a whole', () => {
    const env = { LATCHKEY__AUTH: 'x', LATCHKEY__AUTH__MODE: 'stateless' };
    expect(refusalOf('', env)).toMatchObject({ source: 'LATCHKEY__AUTH', key: 'auth' });
  });
  it('is refused when upper and lower case disagree', () => {
    const refusal = refusalOf('', { LATCHKEY__LOG__LEVEL: 'info', latchkey__log__level: 'warn' });
    expect(refusal).toMatchObject({ key: 'log.level', message: expect.stringContaining('set twice') });
  });
  it('is refused under both names of a lockout key', () => {
    const env = { LATCHKEY__AUTH__LOCKOUT__DURATION: '1m', LATCHKEY__AUTH__SESSION__LOCKOUT_DURATION: '1m' };
    expect(refusalOf('', env)).toMatchObject({ source: 'LATCHKEY__AUTH__LOCKOUT__DURATION' });
  });
});
