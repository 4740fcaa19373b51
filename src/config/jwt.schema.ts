import { z } from 'zod';
import { distinct, duration, oneOf, secret } from './setting-kinds';

const CLAIMS = ['email', 'username', 'name', 'roles', 'amr', 'auth_time'] as const;

const keys = z
  .strictObject({
    rotate_every: duration('1s', '3650d').prefault('90d').describe('How long a key signs before the next one does.'),
    publish_ahead: duration('1s', '30d')
      .prefault('1h')
      .describe('How long a key pair is published before it signs; at least jwks_max_age.'),
    jwks_max_age: duration('1s', '24h').prefault('1h').describe('How long readers may keep the published keys.'),
  })
  .describe('How signing keys that the service makes come and go.');

/** `auth.jwt`: what stateless mode signs and understands. */
export const jwtSchema = z.strictObject({
  algorithm: oneOf('auto', 'HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA')
    .prefault('auto')
    .describe('Signature; auto is HS256 with a secret, RS256 without.'),
  secret: secret()
    .optional()
    .describe(
      'Signing secret for HS*, at least as long as the hash: 32, 48 or 64 bytes. Empty: keys are made and rotated.',
    ),
  previous_secrets: z.array(secret()).prefault([]).describe('Verified until the tokens signed with them expire.'),
  access_token_ttl: duration('1s', '24h').prefault('15m').describe('Life of an access token.'),
  refresh_token_ttl: duration('1s', '3650d').prefault('168h').describe('Deadline of a login; refreshing ends here.'),
  issuer: z.string().min(1).prefault('latchkey').describe('The `iss` claim.'),
  audience: z.string().min(1).prefault('latchkey-api').describe('The `aud` claim.'),
  leeway: duration('0s', '60s').prefault('5s').describe('Clock difference that is forgiven; at most 60s.'),
  revocation: oneOf('denylist', 'none')
    .prefault('denylist')
    .describe('denylist: a revoked login ends at once. none: nothing but signatures.'),
  sessions: oneOf('untracked', 'tracked')
    .prefault('untracked')
    .describe('tracked: each login also has a session row that can be listed and revoked.'),
  subject: oneOf('user_id', 'username').prefault('user_id').describe('What the `sub` claim holds.'),
  claims: distinct(z.enum(CLAIMS))
    .prefault([...CLAIMS])
    .describe('Optional claims that are included.'),
  keys: keys.prefault({}),
});
