import { z } from 'zod';

/** Text that PostgreSQL and every client can carry: no NUL, no half of a surrogate pair. */
const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    // eslint-disable-next-line no-control-regex -- control characters are what is refused
    .regex(/^[^\u0000-\u001f\u007f]*$/u, 'must not contain control characters')
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must be well-formed Unicode');

const identifier = text(320);
/** Taken exactly as sent; its bytes are counted before it is hashed. */
const password = z.string().min(1).max(1024);
const tenantId = z.uuid();

/** Where the tokens go. */
export const transport = z
  .enum(['body', 'cookie'])
  .default('body')
  .describe('`cookie`: into cookies that no script reads');

export const loginBody = z
  .strictObject({
    email: identifier.optional().describe('E-mail address; a username too where the service allows either'),
    username: identifier.optional().describe('Instead of `email`'),
    password,
    tenant_id: tenantId.optional().describe('Default: the tenant of the host, else the default one'),
    mfa_code: text(64).optional().describe('Of the authenticator application, or a recovery code'),
    device_token: text(128).optional().describe('From an earlier login on this device'),
    trust_device: z.boolean().default(false).describe('Asks for a `device_token`'),
    remember: z.boolean().default(true).describe('False asks for the short login'),
    transport,
  })
  .refine((body) => (body.email === undefined) !== (body.username === undefined), {
    path: ['email'],
    message: 'give either email or username',
  });

export const registerBody = z.strictObject({
  email: identifier,
  username: text(64).optional(),
  name: text(200).optional(),
  password,
  tenant_id: tenantId.optional(),
});

export const refreshBody = z
  .strictObject({ refresh_token: z.string().min(1).max(8192).optional().describe('Default: that of the cookie') })
  .nullish()
  .transform((body) => body ?? {});

/** Logout needs no body; an empty object is fine. */
export const emptyBody = z.strictObject({}).optional().nullable();

export const sessionId = z.uuid();

export const revokeQuery = z.strictObject({ except: z.literal('current').optional() });

export const modeQuery = z.strictObject({
  tenant_id: tenantId.optional().describe('Default: the tenant of the host, else the default one'),
});

export type Transport = z.infer<typeof transport>;
export type LoginBody = z.infer<typeof loginBody>;
export type RegisterBody = z.infer<typeof registerBody>;
export type RefreshBody = z.infer<typeof refreshBody>;
export type ModeQuery = z.infer<typeof modeQuery>;
export type RevokeQuery = z.infer<typeof revokeQuery>;
