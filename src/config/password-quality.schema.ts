import { z } from 'zod';
import { connectionUrl, duration, integer, oneOf } from './setting-kinds';

/** `auth.password.min_strength`: as zxcvbn counts. */
export const minStrength = integer(0, 4)
  .prefault(2)
  .describe('How hard a new password must be to guess, from 0 (any) to 4.');

/** `auth.password.breached`: off unless asked for, because a service must not call out unasked. */
export const breachedSchema = z.strictObject({
  mode: oneOf('off', 'range', 'file')
    .prefault('off')
    .describe('Which list is asked: none, the service at url, or the file.'),
  url: connectionUrl('https', 'http')
    .prefault('https://api.pwnedpasswords.com/range/')
    .describe('Range service; the first five digits of the SHA-1 are put behind it.'),
  file: z.string().prefault('').describe('List that `latchkey passwords breached-file` made.'),
  timeout: duration('50ms', '10s').prefault('1s').describe('For the whole answer; later the password is accepted.'),
  min_count: integer(1, 1_000_000).prefault(1).describe('Fewest appearances that count, with range.'),
});
