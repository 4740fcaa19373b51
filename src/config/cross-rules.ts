import type { Settings } from './config.schema';
import { formatDuration } from './duration';
import { federationRules } from './federation-rules';
import type { Finding, Rule } from './finding';
import { isLoopback } from './loopback';
import { samlRules } from './saml-rules';

const HASH_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };
const ROOT_BYTES = 32;

const RULES: readonly Rule[] = [
  acceptsItsMode,
  acceptsItsRefreshTokens,
  rootSecretIsGiven,
  productionHasItsDatabase,
  secretsAreLong,
  publicUrlIsSafe,
  webhooksAreSafe,
  accessEndsBeforeRefresh,
  keysArePublishedInTime,
  keysEndBeforeTheNext,
  trackingNeedsRevocation,
  lanesHaveMemory,
  directUrlHasUrl,
  idleTimeIsMeasurable,
  sessionsHaveTheirRedis,
  limitsHaveTheirRedis,
  sessionsCanBeCounted,
  breachesHaveTheirList,
  cookiesSuitTheirUrl,
  mailHasItsSender,
  verificationNeedsMail,
  ...federationRules,
  ...samlRules,
];

/** Everything that is wrong between keys that are right in themselves. */
export function crossFindings(settings: Settings, environment: string): Finding[] {
  return RULES.flatMap((rule) => rule(settings, environment)).filter((finding) => finding !== false);
}

function acceptsItsMode({ auth }: Settings) {
  const message = `must include the mode that is issued: add ${auth.mode}, or change auth.mode`;
  return [!auth.accept.includes(auth.mode) && { key: 'auth.accept', reads: ['auth.mode'], message }];
}

function acceptsItsRefreshTokens({ auth }: Settings) {
  const opaque = auth.mode === 'stateless' && auth.jwt.sessions === 'tracked' && !auth.accept.includes('stateful');
  const message = 'must include stateful: tracked sessions have opaque refresh tokens';
  return [opaque && { key: 'auth.accept', reads: ['auth.mode', 'auth.jwt.sessions'], message }];
}

function rootSecretIsGiven({ auth }: Settings, environment: string) {
  const message =
    'is required in production: set LATCHKEY_SECRET to 32 random bytes, `openssl rand -base64 32` makes them';
  return [environment === 'production' && auth.secret === undefined && { key: 'auth.secret', message }];
}

function productionHasItsDatabase({ database }: Settings, environment: string) {
  const message = 'is required in production: set DATABASE_URL; the embedded PostgreSQL is for development and trials';
  return [environment === 'production' && database.url === undefined && { key: 'database.url', message }];
}

function secretsAreLong({ auth }: Settings) {
  const { algorithm, secret, previous_secrets } = auth.jwt;
  // With a key pair the secret only verifies what it signed before.
  const hash = algorithm in HASH_BYTES ? algorithm : 'HS256';
  return [
    ...shortSecrets('auth', auth.secret, auth.previous_secrets, ROOT_BYTES, 'a root key'),
    ...shortSecrets('auth.jwt', secret, previous_secrets, HASH_BYTES[hash] as number, hash),
  ];
}

function shortSecrets(block: string, secret: string | undefined, previous: string[], bytes: number, purpose: string) {
  const given = [
    { key: `${block}.secret`, secret },
    ...previous.map((item, index) => ({ key: `${block}.previous_secrets.${index}`, secret: item })),
  ];
  return given.map(({ key, secret: text }): Finding | false => {
    const length = text === undefined ? bytes : Buffer.byteLength(text);
    const message = `is too weak: it has ${length} bytes and ${purpose} needs at least ${bytes}; \`openssl rand -base64 ${bytes}\` makes one`;
    return length < bytes && { key, message };
  });
}

const PLAIN_HTTP =
  'is plain http in production: use https, or set server.allow_http: true if a trusted network protects it';

function publicUrlIsSafe({ server }: Settings, environment: string) {
  const unsafe = environment === 'production' && isPlainHttp(server.public_url ?? 'http://localhost');
  return [
    unsafe && !server.allow_http && { key: 'server.public_url', reads: ['server.allow_http'], message: PLAIN_HTTP },
  ];
}

/** Events name people and addresses. */
function webhooksAreSafe({ audit, server }: Settings, environment: string) {
  if (environment !== 'production' || server.allow_http) return [];
  return audit.webhooks.map(
    ({ url }, place) =>
      isPlainHttp(url) && { key: `audit.webhooks.${place}.url`, reads: ['server.allow_http'], message: PLAIN_HTTP },
  );
}

function isPlainHttp(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && !isLoopback(hostname);
}

function accessEndsBeforeRefresh({ auth: { jwt, session } }: Settings) {
  return [
    outlives('auth.jwt.access_token_ttl', jwt.access_token_ttl, 'auth.jwt.refresh_token_ttl', jwt.refresh_token_ttl),
    outlives('auth.session.ttl', session.ttl, 'auth.session.refresh_token_ttl', session.refresh_token_ttl),
  ];
}

function outlives(key: string, access: number, other: string, refresh: number): Finding | false {
  const message = `must not be longer than ${other} (${formatDuration(refresh)}): shorten it, or lengthen the other`;
  return access > refresh && { key, reads: [other], message };
}

function keysArePublishedInTime({ auth: { jwt } }: Settings) {
  const { publish_ahead: ahead, jwks_max_age: kept } = jwt.keys;
  const key = 'auth.jwt.keys.publish_ahead';
  const message = `is ${formatDuration(ahead)}, and readers keep published keys for ${formatDuration(kept)} (auth.jwt.keys.jwks_max_age): raise it, or lower the other`;
  return [ahead < kept && { key, reads: ['auth.jwt.keys.jwks_max_age'], message }];
}

function keysEndBeforeTheNext({ auth: { jwt } }: Settings) {
  const { rotate_every: life, publish_ahead: ahead } = jwt.keys;
  const least = ahead + jwt.access_token_ttl + jwt.leeway;
  const key = 'auth.jwt.keys.rotate_every';
  const reads = ['auth.jwt.keys.publish_ahead', 'auth.jwt.access_token_ttl', 'auth.jwt.leeway'];
  const message = `is ${formatDuration(life)} and must be more than ${formatDuration(least)}, the sum of auth.jwt.keys.publish_ahead, auth.jwt.access_token_ttl and auth.jwt.leeway: raise it, or lower those`;
  return [life <= least && { key, reads, message }];
}

function trackingNeedsRevocation({ auth: { jwt } }: Settings) {
  const contradiction = jwt.sessions === 'tracked' && jwt.revocation === 'none';
  const message =
    'contradicts auth.jwt.sessions: tracked, whose logins can be revoked: write denylist, or sessions: untracked';
  return [contradiction && { key: 'auth.jwt.revocation', reads: ['auth.jwt.sessions'], message }];
}

function lanesHaveMemory({ auth: { password } }: Settings) {
  const { memory, parallelism } = password.argon2id;
  const message = `must be at least ${8 * parallelism}, 8 KiB for each of ${parallelism} lanes: raise it, or lower parallelism`;
  const reads = ['auth.password.argon2id.parallelism'];
  return [memory < 8 * parallelism && { key: 'auth.password.argon2id.memory', reads, message }];
}

function directUrlHasUrl({ database }: Settings) {
  const message = 'is given without database.url: set both, or only database.url';
  return [
    database.direct_url !== undefined &&
      !database.url && { key: 'database.direct_url', reads: ['database.url'], message },
  ];
}

function idleTimeIsMeasurable({ auth }: Settings) {
  const { idle_timeout: idle } = auth.session;
  const message = 'must be 0s or at least 1m: last activity is recorded once a minute';
  return [idle > 0 && idle < 60_000 && { key: 'auth.session.idle_timeout', message }];
}

function sessionsHaveTheirRedis({ auth, redis }: Settings) {
  const { store, cache } = auth.session;
  if (store !== 'redis') return [];
  const key = 'auth.session.store';
  const nowhere = 'is redis, but there is none: set redis.url (REDIS_URL), or write postgres';
  const forbidden =
    'is redis, which keeps copies of sessions, and auth.cache.enabled: false forbids copies: write postgres';
  const ageless = 'is redis, whose copies are used up to auth.session.cache.max_staleness: raise that above 0s';
  return [
    !redis.url && { key, reads: ['redis.url'], message: nowhere },
    !auth.cache.enabled && { key, reads: ['auth.cache.enabled'], message: forbidden },
    cache.max_staleness === 0 && { key, reads: ['auth.session.cache.max_staleness'], message: ageless },
  ];
}

function limitsHaveTheirRedis({ auth, redis }: Settings) {
  const message = 'is redis, but there is none: set redis.url (REDIS_URL), or write auto';
  return [auth.limits.store === 'redis' && !redis.url && { key: 'auth.limits.store', reads: ['redis.url'], message }];
}

function sessionsCanBeCounted({ auth }: Settings) {
  const uncounted = auth.mode === 'stateless' && auth.jwt.sessions === 'untracked';
  const key = 'auth.session.max_per_user';
  const reads = ['auth.mode', 'auth.jwt.sessions'];
  const message =
    'cannot hold: untracked stateless logins leave no row to count; write auth.jwt.sessions: tracked, or 0';
  return [uncounted && auth.session.max_per_user > 0 && { key, reads, message }];
}

function breachesHaveTheirList({ auth: { password } }: Settings) {
  const missing = password.breached.mode === 'file' && password.breached.file === '';
  const message = 'is file, but none is named: set auth.password.breached.file, or write off or range';
  return [missing && { key: 'auth.password.breached.mode', reads: ['auth.password.breached.file'], message }];
}

function mailHasItsSender({ mail }: Settings) {
  const message =
    'is required with mail.url: write the address that people see, such as "Acme <no-reply@acme.example>"';
  return [mail.url !== undefined && mail.from === undefined && { key: 'mail.from', reads: ['mail.url'], message }];
}

function verificationNeedsMail({ mail, auth }: Settings, environment: string) {
  const nowhere = mail.url === undefined && environment !== 'development' && environment !== 'test';
  const message = 'is true, and no mail can be sent: set mail.url (SMTP_URL), or write false';
  const key = 'auth.email.require_verification';
  return [auth.email.require_verification && nowhere && { key, reads: ['mail.url'], message }];
}

/** A cookie for another domain, or one for other sites on plain http, is dropped by every browser. */
function cookiesSuitTheirUrl({ auth: { cookies }, server }: Settings) {
  const { protocol, hostname } = new URL(server.public_url ?? 'http://localhost');
  const foreign = cookies.domain !== '' && hostname !== cookies.domain && !hostname.endsWith(`.${cookies.domain}`);
  return [
    foreign && {
      key: 'auth.cookies.domain',
      reads: ['server.public_url'],
      message: `must be the host of server.public_url, ${hostname}, or a domain above it`,
    },
    cookies.same_site === 'none' &&
      protocol !== 'https:' && {
        key: 'auth.cookies.same_site',
        reads: ['server.public_url'],
        message: 'is none, which browsers take on https alone: change server.public_url or take lax',
      },
  ];
}
