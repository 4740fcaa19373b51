import { z } from 'zod';
import { distinct, duration, oneOf, secret } from './setting-kinds';

const CLAIMS = ['email', 'username', 'name', 'roles', 'amr', 'auth_time'] as const;

const ASYMMETRIC: readonly unknown[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

const algorithm = z.enum(['auto', 'HS256', 'HS384', 'HS512'], {
  error: ({ input }) =>
    ASYMMETRIC.includes(input)
      ? 'names a key pair, which is not available yet: write auto, HS256, HS384 or HS512'
      : undefined,
});

/** `auth.jwt`: what stateless mode signs and understands. */
export const jwtSchema = z.strictObject({
  algorithm: algorithm.prefault('auto').describe('Signature; auto is HS256.'),
  secret: secret()
    .optional()
    .describe('Signing secret, at least as long as the hash: 32, 48 or 64 bytes. Empty: made once and kept.'),
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
});
