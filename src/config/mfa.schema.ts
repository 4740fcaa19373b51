import { z } from 'zod';
import { distinct, duration, integer, origin } from './setting-kinds';

/** `auth.mfa`: second factors. */
export const mfaSchema = z.strictObject({
  required: z.boolean().prefault(false).describe('Everybody needs a second factor; a tenant may decide otherwise.'),
  issuer: z
    .string()
    .regex(/^[^:\p{Cc}]{1,64}$/u, { error: 'must be 1 to 64 characters without a colon' })
    .prefault('Latchkey')
    .describe('The name that authenticator applications show.'),
  challenge_ttl: duration('1m', '1h').prefault('5m').describe('Time to give the second factor after the password.'),
  trust_device_for: duration('0s', '365d')
    .prefault('30d')
    .describe('How long a device that was trusted stands for the second factor; 0s is never.'),
  max_attempts: integer(1, 100).prefault(5).describe('Wrong codes in a row before codes are refused for a while.'),
  lockout_duration: duration('1m', '30d').prefault('15m').describe('How long codes are then refused.'),
});

/** `auth.passkeys`: WebAuthn. */
export const passkeysSchema = z.strictObject({
  rp_id: z
    .string()
    .regex(/^([a-z0-9-]+\.)*[a-z0-9-]+$/, { error: 'must be a host name in lower case, without scheme and port' })
    .optional()
    .describe('Domain that passkeys belong to, for ever. Empty: the host of server.public_url.'),
  rp_name: z.string().min(1).max(64).prefault('Latchkey').describe('The name that browsers show.'),
  origins: distinct(origin).prefault([]).describe('Further origins of pages that ask for passkeys, beside public_url.'),
});
