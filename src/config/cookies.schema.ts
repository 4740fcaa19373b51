import { z } from 'zod';
import { distinct, oneOf } from './setting-kinds';

const cookieName = z.string().regex(/^(?!__)[A-Za-z0-9_-]{1,40}$/, {
  error: 'must be 1 to 40 letters, digits, dashes or underscores, without a prefix such as __Host-',
});

const url = z.string().refine((text) => /^https?:\/\/[^\s\\]+$/i.test(text) && URL.canParse(text), {
  error: 'must be an http:// or https:// URL',
});

/** `auth.cookies`: tokens that a browser keeps. */
export const cookiesSchema = z.strictObject({
  names: z
    .strictObject({
      access: cookieName.prefault('lk_at').describe('Name of the cookie with the access token, without its prefix.'),
      refresh: cookieName.prefault('lk_rt').describe('Name of the cookie with the refresh token, without its prefix.'),
    })
    .prefault({})
    .describe('Names of the cookies; on https __Host- or __Secure- stands before them.'),
  domain: z
    .string()
    .regex(/^([a-z0-9-]+\.)+[a-z0-9-]+$|^$/, { error: 'must be a domain in lower case' })
    .prefault('')
    .describe('Domain whose every host gets the cookies. Empty: the host of the service alone.'),
  same_site: oneOf('lax', 'strict', 'none')
    .prefault('lax')
    .describe('Whether requests from other sites carry the cookies.'),
});

export const returnTargetsSchema = distinct(url)
  .prefault([])
  .describe('Exact URLs that browsers may be sent to after signing in or out, beside paths of this service.');

/** `auth.pages`: pages of your application. */
export const pagesSchema = z.strictObject({
  change_password: url
    .optional()
    .describe('Where /.well-known/change-password leads. Empty: /account/password under the public URL.'),
});
