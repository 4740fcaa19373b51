import { z } from 'zod';
import { duration, integer } from './setting-kinds';

const page = z
  .string()
  .refine((url) => /^https?:\/\/[^\s#]+$/i.test(url) && URL.canParse(url), {
    error: 'must be an http:// or https:// URL without a fragment: the code is put there',
  })
  .optional();

/** `auth.email`: confirming addresses and getting back in. */
export const emailSchema = z.strictObject({
  require_verification: z
    .boolean()
    .prefault(false)
    .describe('True: nobody signs in with a password before their address is confirmed.'),
  verify_ttl: duration('1m', '30d').prefault('24h').describe('How long the code that confirms an address is good.'),
  reset_ttl: duration('1m', '24h').prefault('30m').describe('How long the code for a new password is good.'),
  change_ttl: duration('1m', '24h').prefault('1h').describe('How long the codes of a change of address are good.'),
  invitation_ttl: duration('1h', '90d').prefault('7d').describe('How long an invitation to a tenant is good.'),
  messages_per_hour: integer(1, 1000)
    .prefault(5)
    .describe('Messages with codes that one account is sent; further ones are silently not sent.'),
  pages: z
    .strictObject({
      verify: page.describe('Takes the code that confirms an address. Empty: /account/verify-email.'),
      reset: page.describe('Takes the code for a new password. Empty: /account/reset-password.'),
      change: page.describe('Takes the codes of a change of address. Empty: /account/change-email.'),
      invitation: page.describe('Takes the code of an invitation. Empty: /account/accept-invitation.'),
    })
    .prefault({})
    .describe('Pages of your application, which find the code behind the # of their address.'),
});
