import { z } from 'zod';
import { cookiesSchema, pagesSchema, returnTargetsSchema } from './cookies.schema';
import { emailSchema } from './email.schema';
import { jwtSchema } from './jwt.schema';
import { mfaSchema, passkeysSchema } from './mfa.schema';
import { concurrentSessions, limitsSchema } from './limits.schema';
import { passwordSchema } from './password.schema';
import { distinct, duration, integer, oneOf, origin, secret } from './setting-kinds';

const authMode = oneOf('stateful', 'stateless');

const maxEntries = integer(1, 10_000_000).prefault(100_000).describe('Most entries kept in memory.');

const attempts = integer(1, 1000).optional().meta({ default: 5 });

const lockout = duration('1s', '30d').optional().meta({ default: '15m' });

const sessionSchema = z.strictObject({
  ttl: duration('1s', '365d').prefault('24h').describe('Life of a session token.'),
  refresh_token_ttl: duration('1s', '3650d').prefault('720h').describe('Deadline of a login; refreshing ends here.'),
  idle_timeout: duration('0s', '365d').prefault('0s').describe('Ends a session unused for so long; 0s is never.'),
  max_login_attempts: attempts.describe('Wrong passwords in a row before the account is locked.'),
  lockout_duration: lockout.describe('How long a locked account stays locked.'),
  store: oneOf('postgres', 'redis')
    .prefault('postgres')
    .describe('Where sessions are read: PostgreSQL, or Redis before it. They are kept in PostgreSQL either way.'),
  cache: z
    .strictObject({
      enabled: z.boolean().prefault(true).describe('Keeps proven sessions in memory.'),
      max_entries: maxEntries,
      max_staleness: duration('0s', '2m').prefault('30s').describe('Age at which an entry is read again.'),
    })
    .prefault({})
    .describe('In-process session cache.'),
  bind: oneOf('none', 'user_agent', 'ip')
    .prefault('none')
    .describe('What a session is tied to; a request that differs is refused.'),
  cleanup_interval: duration('1s', '24h').prefault('10m').describe('How often expired sessions are removed.'),
  ...concurrentSessions,
});

const lockoutSchema = z.strictObject({
  max_attempts: attempts.describe('Another name for auth.session.max_login_attempts.'),
  duration: lockout.describe('Another name for auth.session.lockout_duration.'),
});

const feedSchema = z.strictObject({
  on_loss: oneOf('bounded_staleness', 'fail_closed')
    .prefault('bounded_staleness')
    .describe('When revocations cannot be read: go on until max_staleness, or refuse at once.'),
  max_staleness: duration('1s', '1h').prefault('30s').describe('Longest time without fresh revocations.'),
});

const cacheSchema = z.strictObject({
  enabled: z.boolean().prefault(true).describe('Off: nothing about a user outlives its request.'),
  max_entries: maxEntries,
});

const loginSchema = z.strictObject({
  identifier: oneOf('email', 'username', 'either').prefault('either').describe('What people sign in with.'),
});

const socketsSchema = z.strictObject({
  origins: distinct(origin).prefault([]).describe('Exact browser origins that may connect, beside public_url.'),
  cookie_name: z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]*$/, { error: 'must be the name of a cookie' })
    .prefault('')
    .describe('Cookie that may hold an access token at a handshake. Empty: none.'),
  query_token: z
    .boolean()
    .prefault(false)
    .describe('Takes access tokens from ?access_token=, where proxies keep them.'),
});

/** `auth`: the two modes and everything about signing in. */
export const authSchema = z.strictObject({
  mode: authMode.prefault('stateful').describe('What is issued: opaque sessions or signed JWTs.'),
  accept: distinct(authMode)
    .min(1, { error: 'must name at least one mode' })
    .prefault(['stateful', 'stateless'])
    .describe('What is understood; includes the mode.'),
  secret: secret()
    .optional()
    .describe('Root key, at least 32 bytes; made and kept in development, required in production.'),
  previous_secrets: z.array(secret()).prefault([]).describe('Earlier root keys that are still read.'),
  refresh_reuse_window: duration('0s', '10m')
    .prefault('30s')
    .describe('For so long a refresh token asked twice gives the same answer, for retries and open tabs.'),
  refreshes_per_minute: integer(1, 100_000)
    .prefault(60)
    .describe('How often one login may refresh; each refresh leaves a row until the login ends.'),
  short_login_ttl: duration('1m', '365d').prefault('24h').describe('Deadline of a login with `remember: false`.'),
  registration: oneOf('auto', 'open', 'closed')
    .prefault('auto')
    .describe('Who may register; auto is open in development and test only.'),
  feed: feedSchema.prefault({}).describe('How processes learn of revocations.'),
  login: loginSchema.prefault({}).describe('Signing in.'),
  cache: cacheSchema.prefault({}).describe('Cache of verified tokens.'),
  sockets: socketsSchema.prefault({}).describe('WebSocket handshakes.'),
  cookies: cookiesSchema.prefault({}).describe('Tokens in cookies.'),
  return_targets: returnTargetsSchema,
  pages: pagesSchema.prefault({}).describe('Pages of your application.'),
  session: sessionSchema.prefault({}).describe('Stateful mode.'),
  lockout: lockoutSchema.prefault({}).describe('Another place for the two lockout keys of auth.session.'),
  limits: limitsSchema.prefault({}).describe('How often strangers may try.'),
  jwt: jwtSchema.prefault({}).describe('Stateless mode.'),
  mfa: mfaSchema.prefault({}).describe('Second factors.'),
  passkeys: passkeysSchema.prefault({}).describe('Passkeys.'),
  email: emailSchema.prefault({}).describe('Confirming addresses and getting back in.'),
  password: passwordSchema.prefault({}).describe('How passwords are kept.'),
});
