import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error';
import { loadConfig } from './load-config';

const cwd = mkdtempSync(join(tmpdir(), 'latchkey-refusals-'));
afterAll(() => rmSync(cwd, { recursive: true }));
const SECRET = 's'.repeat(32);

function refusalsOf(text: string, env: NodeJS.ProcessEnv = {}): readonly ConfigProblem[] {
  writeFileSync(join(cwd, 'c.yaml'), text);
  try {
    loadConfig({ file: 'c.yaml', env, cwd });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function expectOne(text: string, line: number, key: string, message: string, env: NodeJS.ProcessEnv = {}) {
  expect(refusalsOf(text, env)).toEqual([
    expect.objectContaining({ file: 'c.yaml', line, key, message: expect.stringContaining(message) }),
  ]);
}

/** [text with the mistake, line, key, part of the message] */
type Case = [string, number, string, string];

const DATABASE_URL = 'postgres://latchkey@db.internal/latchkey';

describe('keys', () => {
  it.each<Case>([
    ['auth:\n  mod: stateful', 2, 'auth.mod', 'did you mean mode?'],
    ['auth:\n  sesion:\n    ttl: 1h', 2, 'auth.sesion', 'did you mean session?'],
    ['auth:\n  jwt:\n    acess_token_ttl: 1m', 3, 'auth.jwt.acess_token_ttl', 'did you mean access_token_ttl?'],
    ['auth:\n  jwt: { accessTokenTtl: 1m }', 2, 'auth.jwt.accessTokenTtl', 'did you mean access_token_ttl?'],
    ['\nsession:\n  ttl: 1h', 2, 'session', 'did you mean auth.session?'],
    ['bcrypt_cost: 12', 1, 'bcrypt_cost', 'did you mean auth.password.bcrypt_cost?'],
    ['server.port: 1', 1, 'server.port', 'is not a known key'],
    ['auth:\n  frobnicate: 1', 2, 'auth.frobnicate', 'is not a known key: remove it'],
    ['__proto__: { port: 1 }', 1, '__proto__', 'is not a known key'],
    ['constructor: 1', 1, 'constructor', 'is not a known key'],
    ['auth:\n  ? [a, b]\n  : 1', 2, 'auth.["a","b"]', 'is not a known key'],
  ])('%j', expectOne);
});

describe('types', () => {
  it.each<Case>([
    ['server:\n  port: "4000"', 2, 'server.port', 'whole number between 0 and 65535'],
    ['server:\n  port: 65536', 2, 'server.port', 'whole number between 0 and 65535'],
    ['server:\n  port: 1.5', 2, 'server.port', 'whole number between 0 and 65535'],
    ['server:\n  port:', 2, 'server.port', 'is empty'],
    ['server:\n  host: 1', 2, 'server.host', 'must be text'],
    ['server:\n  host: ""', 2, 'server.host', 'must not be empty'],
    ['server:\n  allow_http: yes', 2, 'server.allow_http', 'must be true or false'],
    ['server: 4000', 1, 'server', 'must be a block of keys'],
    ['auth:\n  session: [1]', 2, 'auth.session', 'must be a block of keys'],
    ['auth:\n  accept: stateful', 2, 'auth.accept', 'must be a list'],
    ['auth:\n  mode: { stateful: true }', 2, 'auth.mode', 'must be one of stateful, stateless'],
    ['auth:\n  mode:', 2, 'auth.mode', 'is empty'],
    ['auth:\n  mode: statefull', 2, 'auth.mode', 'did you mean stateful?'],
    ['log:\n  level: verbose', 2, 'log.level', 'must be one of fatal, error, warn'],
    ['auth:\n  secret: 12345678901234567890123456789012', 2, 'auth.secret', 'must be text: put it in quotes'],
    ['auth:\n  jwt:\n    claims:\n      - email\n      - emial', 5, 'auth.jwt.claims.1', 'did you mean email?'],
    ['auth:\n  jwt: { claims: [email, email] }', 2, 'auth.jwt.claims', 'something twice'],
    ['auth:\n  accept: []', 2, 'auth.accept', 'at least one mode'],
    ['- auth', 1, '', 'must be a block of keys'],
  ])('%j', expectOne);
});

describe('durations', () => {
  const idle = 'auth.session.idle_timeout';
  it.each<Case>([
    ['auth:\n  session: { ttl: 24 }', 2, 'auth.session.ttl', 'write 24h'],
    ['auth:\n  session: { ttl: "24" }', 2, 'auth.session.ttl', 'write 24h'],
    ['auth:\n  session: { ttl: 0s }', 2, 'auth.session.ttl', 'between 1s and 365d'],
    ['auth:\n  session: { ttl: 366d }', 2, 'auth.session.ttl', 'between 1s and 365d'],
    ['auth:\n  session: { ttl: }', 2, 'auth.session.ttl', 'is empty'],
    ...['1w', '1 h', '1H', '-1h', '1.5h', '1h30m', '1hour', 'h', '', '0x1h', '9999999999999999d'].map((text): Case => [
      `auth:\n  session: { idle_timeout: "${text}" }`,
      2,
      idle,
      'whole number with a unit',
    ]),
    ['auth:\n  session: { idle_timeout: 0 }', 2, idle, 'bare number'],
    ['auth:\n  jwt: { leeway: 61s }', 2, 'auth.jwt.leeway', 'between 0s and 1m'],
    ['server:\n  shutdown_timeout: true', 2, 'server.shutdown_timeout', 'whole number with a unit'],
  ])('%j', expectOne);
});

describe('bounds', () => {
  const password = (text: string) => `auth:\n  password: { ${text} }`;
  it.each<Case>([
    [password('bcrypt_cost: 3'), 2, 'auth.password.bcrypt_cost', 'between 4 and 16'],
    [password('bcrypt_cost: 17'), 2, 'auth.password.bcrypt_cost', 'between 4 and 16'],
    [password('min_length: 7'), 2, 'auth.password.min_length', 'between 8 and 64'],
    [password('max_concurrent: 0'), 2, 'auth.password.max_concurrent', 'must be auto or a whole number'],
    [password('max_concurrent: many'), 2, 'auth.password.max_concurrent', 'must be auto or a whole number'],
    [password('argon2id: { memory: 512 }'), 2, 'auth.password.argon2id.memory', 'between 1024 and'],
    [password('argon2id: { memory: 1024, parallelism: 200 }'), 2, 'auth.password.argon2id.memory', 'at least 1600'],
    [password('argon2id: { iterations: 0 }'), 2, 'auth.password.argon2id.iterations', 'between 1 and 100'],
    [password('argon2id: { salt_length: 8 }'), 2, 'auth.password.argon2id.salt_length', 'between 16 and 64'],
    [password('algorithm: scrypt'), 2, 'auth.password.algorithm', 'must be one of argon2id, bcrypt'],
    ['auth:\n  session: { max_login_attempts: 0 }', 2, 'auth.session.max_login_attempts', 'between 1 and 1000'],
    ['database:\n  pool: { max: 0 }', 2, 'database.pool.max', 'between 1 and 1000'],
  ])('%j', expectOne);
});

describe('addresses', () => {
  it.each<Case>([
    ...['ftp://x', 'localhost:4000', 'https://x/auth', 'https://u:p@x', 'https://x?a=1', 'nonsense'].map(
      (url): Case => [`server:\n  public_url: ${url}`, 2, 'server.public_url', 'without a path, user or query'],
    ),
    ...['auth', '//auth', '/a b', '/a?b'].map((path): Case => [
      `server:\n  base_path: "${path}"`,
      2,
      'server.base_path',
      'start with a slash',
    ]),
    ...['*', 'https://*.x.com', 'https://x.com/', 'https://x.com/a', 'x.com', 'null', 'https://X.com'].map(
      (origin): Case => [`server:\n  cors:\n    origins: ["${origin}"]`, 3, 'server.cors.origins.0', 'exact origin'],
    ),
    ...['proxy', '10.0.0.0/33', '10.0.0', 'true'].map((address): Case => [
      `server:\n  trusted_proxies: ["${address}"]`,
      2,
      'server.trusted_proxies.0',
      'IP address',
    ]),
    ['database:\n  url: mysql://h/db', 2, 'database.url', 'starts with postgres:// or postgresql://'],
    ['database:\n  url: postgres://h:nope/db', 2, 'database.url', 'starts with postgres://'],
    ['database:\n  direct_url: postgres://h/db', 2, 'database.direct_url', 'without database.url'],
  ])('%j', expectOne);
});

describe('limits', () => {
  const counted = 'auth:\n  mode: stateless\n  session:\n    max_per_user: 3\n';
  it.each<Case>([
    ['auth:\n  limits:\n    store: redis\n', 3, 'auth.limits.store', 'there is none: set redis.url'],
    [counted, 4, 'auth.session.max_per_user', 'leave no row to count'],
    ['auth:\n  limits: { login: { points: 0 } }', 2, 'auth.limits.login.points', 'between 1 and'],
    ['auth:\n  limits: { login: { per: 60 } }', 2, 'auth.limits.login.per', 'a bare number'],
    ['auth:\n  session: { on_limit: panic }', 2, 'auth.session.on_limit', 'must be one of end_oldest, refuse'],
  ])('%j', expectOne);
});

describe('Redis', () => {
  const inRedis = 'auth:\n  session:\n    store: redis\n';
  it.each<Case>([
    [inRedis, 3, 'auth.session.store', 'there is none: set redis.url'],
    [`${inRedis}  cache: { enabled: false }\nredis: { url: redis://h }`, 3, 'auth.session.store', 'forbids copies'],
    [`${inRedis}    cache: { max_staleness: 0s }\nredis: { url: redis://h }`, 3, 'auth.session.store', 'above 0s'],
    ['auth:\n  session: { store: memory }', 2, 'auth.session.store', 'must be one of postgres, redis'],
    ['redis:\n  url: http://h', 2, 'redis.url', 'must be redis://'],
    ['redis:\n  prefix: "a b"', 2, 'redis.prefix', 'letters, digits'],
    ['redis:\n  command_timeout: 250', 2, 'redis.command_timeout', 'a bare number'],
    ['redis:\n  command_timeout: 6s', 2, 'redis.command_timeout', 'between 10ms and 5s'],
  ])('%j', expectOne);
});

describe('signing keys', () => {
  const keys = (text: string) => `auth:\n  jwt:\n    access_token_ttl: 15m\n    keys: { ${text} }`;
  it.each<Case>([
    ...['none', 'hs256', 'RS384', 'ES512', 'HS1', 'ed25519'].map((name): Case => [
      `auth:\n  jwt: { algorithm: ${name} }`,
      2,
      'auth.jwt.algorithm',
      'must be one of auto, HS256, HS384, HS512, RS256, PS256, ES256, EdDSA',
    ]),
    [keys('publish_ahead: 30m'), 4, 'auth.jwt.keys.publish_ahead', 'is 30m, and readers keep published keys for 1h'],
    [
      keys('publish_ahead: 2h, jwks_max_age: 3h'),
      4,
      'auth.jwt.keys.publish_ahead',
      'is 2h, and readers keep published keys for 3h',
    ],
    [keys('rotate_every: 1h'), 4, 'auth.jwt.keys.rotate_every', 'is 1h and must be more than 4505s'],
    [keys('rotate_every: 4505s'), 4, 'auth.jwt.keys.rotate_every', 'is 4505s and must be more than 4505s'],
    [keys('rotate_every: 90'), 4, 'auth.jwt.keys.rotate_every', 'bare number'],
  ])('%j', expectOne);

  it('may follow each other as closely as tokens live', () => {
    expect(refusalsOf(keys('rotate_every: 4506s'))).toEqual([]);
    expect(refusalsOf(keys('publish_ahead: 1s, jwks_max_age: 1s'))).toEqual([]);
  });

  it('may be pairs beside a secret, which then only verifies', () => {
    expect(refusalsOf(`auth: { jwt: { algorithm: RS256, secret: ${'x'.repeat(32)} } }`)).toEqual([]);
  });
});

describe('secrets', () => {
  const weak = (bytes: number) => 'x'.repeat(bytes);
  it.each<Case>([
    [`auth:\n  secret: ${weak(31)}`, 2, 'auth.secret', 'it has 31 bytes and a root key needs at least 32'],
    [`auth:\n  previous_secrets: [${weak(32)}, ${weak(31)}]`, 2, 'auth.previous_secrets.1', 'too weak'],
    [`auth:\n  jwt:\n    secret: ${weak(31)}`, 3, 'auth.jwt.secret', 'HS256 needs at least 32'],
    [`auth:\n  jwt: { algorithm: HS256, secret: ${weak(31)} }`, 2, 'auth.jwt.secret', 'HS256 needs at least 32'],
    [`auth:\n  jwt: { algorithm: HS384, secret: ${weak(47)} }`, 2, 'auth.jwt.secret', 'HS384 needs at least 48'],
    [`auth:\n  jwt: { algorithm: HS512, secret: ${weak(63)} }`, 2, 'auth.jwt.secret', 'HS512 needs at least 64'],
    [`auth:\n  jwt:\n    previous_secrets:\n      - ${weak(5)}`, 4, 'auth.jwt.previous_secrets.0', 'too weak'],
  ])('%j', expectOne);

  it('counts bytes, not characters', () => {
    expect(refusalsOf(`auth: { secret: ${'é'.repeat(16)} }`)).toEqual([]);
    expect(refusalsOf(`auth: { jwt: { algorithm: HS512, secret: ${weak(64)} } }`)).toEqual([]);
  });

  it('are required in production', () => {
    expectOne('auth:\n  mode: stateful', 1, 'auth.secret', 'required in production: set LATCHKEY_SECRET', {
      NODE_ENV: 'production',
      DATABASE_URL,
    });
    expectOne('auth:\n  secret: "${S:-}"', 2, 'auth.secret', 'required in production', {
      NODE_ENV: 'production',
      DATABASE_URL,
    });
  });

  it('never appear in an error', () => {
    const secret = 'hunter2-hunter2';
    const text = [
      'auth:',
      `  mode: ${secret}`,
      `  secret: ${secret}`,
      `  jwt: { secret: ${secret}, issuer: [${secret}] }`,
    ]
      .concat(`database: { url: "mysql://u:${secret}@h" }`, `server: { public_url: "https://u:${secret}@x" }`)
      .join('\n');
    const problems = refusalsOf(text, {
      LATCHKEY__AUTH__PREVIOUS_SECRETS: `[${secret}]`,
      LATCHKEY__LOG__LEVEL: secret,
    });
    expect(problems).toHaveLength(8);
    expect(new ConfigError(problems).message + JSON.stringify(problems)).not.toContain('hunter2');
  });

  it.each([
    `auth: { secret: "hunter2 }`,
    `auth:\n\tsecret: hunter2`,
    `a: hunter2: b`,
    `a: %hunter2`,
    `a: *hunter2`,
    `a: !hunter2 b`,
  ])('never appear in a syntax error: %j', (text) => {
    const problems = refusalsOf(text);
    expect(problems[0]).toMatchObject({ file: 'c.yaml', line: expect.any(Number) });
    expect(new ConfigError(problems).message).not.toContain('hunter2');
  });
});

describe('contradictions', () => {
  it.each<Case>([
    [
      'auth:\n  session: { max_login_attempts: 3 }\n  lockout: { max_attempts: 3 }',
      3,
      'auth.lockout.max_attempts',
      'means the same as auth.session.max_login_attempts (line 2): remove one',
    ],
    [
      'auth:\n  lockout: { duration: 1m }\n  session: { lockout_duration: 2m }',
      2,
      'auth.lockout.duration',
      'means the same as auth.session.lockout_duration (line 3)',
    ],
    ['auth:\n  mode: stateless\n  accept: [stateful]', 3, 'auth.accept', 'add stateless'],
    ['auth:\n  jwt: { access_token_ttl: 2h, refresh_token_ttl: 1h }', 2, 'auth.jwt.access_token_ttl', 'not be longer'],
    ['auth:\n  session: { ttl: 2h, refresh_token_ttl: 1h }', 2, 'auth.session.ttl', 'refresh_token_ttl (1h)'],
    ['auth:\n  jwt:\n    revocation: none\n    sessions: tracked', 3, 'auth.jwt.revocation', 'contradicts'],
    ['auth:\n  mode: stateful\n  mode: stateless', 3, 'mode', 'given twice'],
    [
      'auth:\n  mode: stateless\n  accept: [stateless]\n  jwt: { sessions: tracked }',
      3,
      'auth.accept',
      'tracked sessions',
    ],
  ])('%j', expectOne);

  const production = { NODE_ENV: 'production', LATCHKEY_SECRET: SECRET, DATABASE_URL };
  it('asks for a database of its own in production', () => {
    const withoutOne = { NODE_ENV: 'production', LATCHKEY_SECRET: SECRET };
    const message = expect.stringContaining('required in production: set DATABASE_URL') as string;
    expect(refusalsOf('auth:\n  mode: stateful', withoutOne)).toEqual([{ key: 'database.url', message }]);
  });

  it.each(['http://id.example.com', 'http://10.0.0.1', 'http://localhost.example.com'])(
    'refuses %s in production',
    (url) => {
      expectOne(`server:\n  public_url: ${url}`, 2, 'server.public_url', 'allow_http: true', production);
      expect(refusalsOf(`server: { public_url: "${url}", allow_http: true }`, production)).toEqual([]);
      expect(refusalsOf(`server: { public_url: "${url}" }`)).toEqual([]);
    },
  );
  it('refuses to send events over plain http in production', () => {
    const webhooks = (url: string) => `audit: { webhooks: [{ url: "${url}", secret: "whsec_${'a'.repeat(32)}" }] }`;
    const problems = refusalsOf(webhooks('http://10.0.0.1/events'), production);
    expect(problems).toMatchObject([{ key: 'audit.webhooks.0.url' }]);
    expect(JSON.stringify(problems)).toContain('allow_http: true');
    for (const text of [
      webhooks('https://example.com'),
      webhooks('http://127.0.0.1:9000'),
      `server: { allow_http: true }\n${webhooks('http://10.0.0.1/events')}`,
    ]) {
      expect(refusalsOf(text, production)).toEqual([]);
    }
    expect(refusalsOf(webhooks('http://10.0.0.1/events'))).toEqual([]);
  });
  it.each(['http://localhost:4000', 'http://127.0.0.1', 'http://[::1]:4000', 'https://id.example.com'])(
    'allows %s in production',
    (url) => expect(refusalsOf(`server: { public_url: "${url}" }`, production)).toEqual([]),
  );
});

describe('syntax', () => {
  it.each<Case>([
    ['auth:\n  mode: "stateful', 2, '', 'lacks a closing quote'],
    ['auth:\n\tmode: stateful', 2, '', 'tab'],
    ['auth: {}\n---\nauth: {}', 2, '', 'second document'],
    ['auth: &a { mode: stateful }\nserver: *a', 2, '', 'write the value out'],
  ])('%j', (text, line, key, message) => {
    expect(refusalsOf(text)).toContainEqual(
      expect.objectContaining({ file: 'c.yaml', line, key, message: expect.stringContaining(message) }),
    );
  });
});

describe('many mistakes', () => {
  const text =
    'auth:\n  mod: x\n  session: { ttl: 24 }\n  jwt: { access_token_ttl: 2h, refresh_token_ttl: 1h }\nserver: { port: "${NO}" }';

  it('are reported at once, in reading order', () => {
    expect(refusalsOf(text, { LATCHKEY__LOG__LEVEL: 'loud' }).map(({ key }) => key)).toEqual([
      'log.level',
      'auth.mod',
      'auth.session.ttl',
      'auth.jwt.access_token_ttl',
      'server.port',
    ]);
  });
  it('are counted in a message with file, line, column, key and mend', () => {
    const { message } = new ConfigError(refusalsOf(text));
    expect(message.split('\n').slice(0, 2)).toEqual([
      'The configuration has 4 problems:',
      '  c.yaml:2:3: auth.mod is not a known key; did you mean mode?',
    ]);
  });
  it('do not cause further complaints about keys that depend on them', () => {
    const dependent =
      'auth:\n  mode: statelss\n  accept: [stateless]\n  jwt: { access_token_ttl: 2h, refresh_token_ttl: 1 }';
    expect(refusalsOf(dependent).map(({ key }) => key)).toEqual(['auth.mode', 'auth.jwt.refresh_token_ttl']);
  });
});

describe('providers of OpenID Connect', () => {
  const GOOD = 'issuer: https://id.example.com, client_id: latchkey';
  const oidc = (keys: string, name = 'acme') => `federation:\n  oidc:\n    ${name}: { ${keys} }`;
  const at = (key: string) => `federation.oidc.acme.${key}`;

  it('are taken when they can be asked', () => {
    for (const keys of [
      GOOD,
      'type: google, client_id: x',
      'type: github, client_id: x, tenant: default',
      `${GOOD}, claims: { roles: [realm_access.roles, 'resource_access.*.roles'], tenant: org }`,
      `${GOOD}, redirect_uris: ['com.example.app:/callback', 'https://app.example.com/cb']`,
      `${GOOD}, type: keycloak, pass_through: true, audience: account, roles_allowed: [vendor]`,
      `${GOOD}, pass_through: true, tenant: default`,
    ]) {
      expect(refusalsOf(oidc(keys))).toEqual([]);
    }
  });

  it.each<Case>([
    [oidc('client_id: x'), 3, at('issuer'), 'is required for generic'],
    [oidc('type: keycloak, client_id: x'), 3, at('issuer'), 'is required for keycloak'],
    [oidc('type: google'), 3, at('client_id'), 'is required'],
    [oidc(`${GOOD}, algorithms: [none]`), 3, at('algorithms.0'), 'must be one of'],
    [oidc(`${GOOD}, algorithms: [HS256]`), 3, at('algorithms.0'), 'must be one of'],
    [oidc(`${GOOD}, algorithms: []`), 3, at('algorithms'), 'at least one'],
    [oidc(`${GOOD}, scopes: [email]`), 3, at('scopes'), 'must include openid'],
    [oidc('issuer: file:///etc/passwd, client_id: x'), 3, at('issuer'), 'must be an http'],
    [oidc('issuer: "https://a:b@id.example.com", client_id: x'), 3, at('issuer'), 'must be an http'],
    [oidc('issuer: "https://id.example.com?x=1", client_id: x'), 3, at('issuer'), 'must be an http'],
    [
      oidc('issuer: https://id.example.com/.well-known/openid-configuration, client_id: x'),
      3,
      at('issuer'),
      'must be an http',
    ],
    [oidc('issuer: http://id.example.com, client_id: x'), 3, at('issuer'), 'is plain http'],
    [oidc('issuer: http://localhost:1, client_id: x'), 3, at('issuer'), 'allow_private_network'],
    [
      oidc('type: microsoft, issuer: https://login.microsoftonline.com/common/v2.0, client_id: x'),
      3,
      at('issuer'),
      'every directory',
    ],
    [oidc('type: github, client_id: x, claims: { tenant: org }'), 3, at('claims.tenant'), 'no ID tokens'],
    [oidc(`${GOOD}, redirect_uris: ['https://app.example.com/*']`), 3, at('redirect_uris.0'), 'exact URI'],
    [oidc(`${GOOD}, redirect_uris: ['javascript:alert(1)']`), 3, at('redirect_uris.0'), 'exact URI'],
    [oidc(`${GOOD}, claims: { roles: [a..b] }`), 3, at('claims.roles.0'), 'names separated by dots'],
    [oidc(`${GOOD}, link_by_email: true`), 3, at('link_by_email'), 'is not a known key'],
    [oidc(`${GOOD}, trust_mfa: 1`), 3, at('trust_mfa'), 'must be true or false'],
    [oidc('type: github, client_id: x, pass_through: true'), 3, at('pass_through'), 'are not JWTs'],
    [oidc('type: google, client_id: x, pass_through: true'), 3, at('pass_through'), 'are not JWTs'],
    [oidc(`${GOOD}, pass_through: true`), 3, at('claims.tenant'), 'every request belongs to a tenant'],
    ...['store_tokens: true', 'registration: open', 'link_by_verified_email: true', 'redirect_uris: ["a:/b"]'].map(
      (kept): Case => [
        oidc(`${GOOD}, tenant: default, pass_through: true, ${kept}`),
        3,
        at('pass_through'),
        'does not go with store_tokens',
      ],
    ),
    [
      `${oidc(`${GOOD}, tenant: default, pass_through: true`)}\n    other: { ${GOOD}, tenant: x, pass_through: true }`,
      4,
      'federation.oidc.other.pass_through',
      'two providers of one issuer',
    ],
    [oidc(GOOD, 'Acme'), 3, 'federation.oidc.Acme', 'small letters'],
  ])('%j', expectOne);

  it('take plain http at a loopback address for development, and never in production', () => {
    const text = oidc('issuer: http://localhost:8080/realms/acme, client_id: x, allow_private_network: true');
    expect(refusalsOf(text, { NODE_ENV: 'development' })).toEqual([]);
    const env = { NODE_ENV: 'production', DATABASE_URL, LATCHKEY_SECRET: SECRET };
    const settings = `auth: { secret: ${SECRET} }\ndatabase: { url: ${DATABASE_URL} }\nserver: { allow_http: true }\n`;
    expect(refusalsOf(settings + text, env).map(({ key }) => key)).toEqual([at('issuer')]);
  });
});

describe('providers of SAML', () => {
  const IDP = `entity_id: x, sso_url: https://idp.example/sso, certificates: ['-----BEGIN CERTIFICATE-----']`;
  const saml = (keys: string, name = 'corp') => `federation:\n  saml:\n    ${name}: { ${keys} }`;
  const at = (key: string) => `federation.saml.corp${key}`;

  it('are taken when they can be asked', () => {
    for (const keys of [
      'metadata_url: https://idp.example/metadata',
      'metadata_url: https://idp.intern/metadata, allow_private_network: true',
      'metadata_file: idp.xml, want_assertions_signed: false, want_response_signed: true',
      `idp: { ${IDP} }`,
    ]) {
      expect(refusalsOf(saml(keys))).toEqual([]);
    }
  });

  it.each<Case>([
    [saml('registration: open'), 3, at(''), 'write one of metadata_url'],
    [saml('metadata_url: https://idp.example/m, metadata_file: x'), 3, at(''), 'write one of metadata_url'],
    [saml('idp: { entity_id: x, sso_url: https://idp.example/sso }'), 3, at(''), 'write one of metadata_url'],
    [saml('metadata_file: x, want_assertions_signed: false'), 3, at('.want_assertions_signed'), 'one of them must be'],
    [saml('metadata_file: x, sign_requests: true'), 3, at('.sign_requests'), 'needs private_key and certificate'],
    [saml('metadata_url: http://idp.example/m'), 3, at('.metadata_url'), 'is plain http: use https'],
    [saml('metadata_url: file:///etc/passwd'), 3, at('.metadata_url'), 'must be an http'],
    [saml('metadata_url: "https://a:b@idp.example"'), 3, at('.metadata_url'), 'must be an http'],
    [saml(`idp: { ${IDP.replace('https:', 'http:')} }`), 3, at('.idp.sso_url'), 'is plain http'],
    [saml(`idp: { ${IDP}, slo_url: "http://idp.example" }`), 3, at('.idp.slo_url'), 'is plain http'],
    [saml('metadata_file: x, idp_initiated: 1'), 3, at('.idp_initiated'), 'must be true or false'],
    [saml('metadata_file: x, roles_allowed: ["*"]'), 3, at('.roles_allowed.0'), 'must be a role'],
    [saml('metadata_file: x', 'Corp'), 3, 'federation.saml.Corp', 'small letters'],
  ])('%j', expectOne);

  it('take plain http at a loopback address where that was chosen, and never in production', () => {
    const url = 'metadata_url: http://localhost:8080/m';
    const development = { NODE_ENV: 'development' };
    expect(refusalsOf(saml(`${url}, allow_private_network: true`), development)).toEqual([]);
    expect(refusalsOf(saml(url), development).map(({ key }) => key)).toEqual([at('.metadata_url')]);
    const env = { NODE_ENV: 'production', DATABASE_URL, LATCHKEY_SECRET: SECRET };
    const settings = `auth: { secret: ${SECRET} }\ndatabase: { url: ${DATABASE_URL} }\nserver: { allow_http: true }\n`;
    const text = settings + saml(`${url}, allow_private_network: true`);
    expect(refusalsOf(text, env).map(({ key }) => key)).toEqual([at('.metadata_url')]);
  });
});
