import { z } from 'zod';
import { pageQuery } from './page';

// eslint-disable-next-line no-control-regex -- control characters are what is refused
const ONE_LINE = /^[^\u0000-\u001f\u007f\u0080-\u009f\u2028\u2029]*$/u;

/** One line of well-formed text. */
const line = (shortest: number, longest: number) =>
  z
    .string()
    .min(shortest)
    .max(longest)
    .regex(ONE_LINE, 'must be one line')
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must be well-formed Unicode');

export const id = z.uuid().transform((value) => value.toLowerCase());
export const kid = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

const reason = line(3, 500)
  .refine((text) => text.trim().length >= 3, 'must say why')
  .describe('Why, for the log');
const tenantId = id.optional().describe('Default: the tenant of the caller');
const roles = z.array(z.string().max(64)).max(50).describe('Exactly these');

/** Of what is dangerous and needs nothing else. */
export const reasonBody = z.strictObject({ reason });
/** Of what may be explained. */
export const optionalReasonBody = z.strictObject({ reason: reason.optional() }).optional().nullable();
/** Of what needs nothing. */
export const emptyBody = z.strictObject({}).optional().nullable();

export const usersQuery = z.strictObject({
  ...pageQuery,
  tenant_id: tenantId,
  search: line(1, 254).optional().describe('How an e-mail address or a username begins'),
  status: z.enum(['active', 'disabled']).optional(),
  role: line(1, 64).optional(),
});

export const createUserBody = z.strictObject({
  tenant_id: tenantId,
  email: line(1, 320).optional().describe('This or `username` is needed'),
  username: line(1, 64).optional(),
  name: line(1, 200).optional(),
  roles: roles.optional(),
  password: z.string().min(1).max(1024).optional().describe('Without one nobody signs in with a password'),
});

export const changeUserBody = z
  .strictObject({
    name: line(1, 200).nullable().optional(),
    roles: roles.optional(),
    status: z.enum(['active', 'disabled']).optional(),
    mfa_required: z.boolean().optional().describe('Whatever the tenant says'),
    reason: reason.optional().describe('Why, for the log; needed with all but `name`'),
  })
  .refine(
    ({ name, roles: wanted, status, mfa_required: mfa }) =>
      [name, wanted, status, mfa].filter((part) => part !== undefined).length === 1,
    {
      message: 'change one of name, roles, status and mfa_required at a time',
    },
  )
  .refine(({ name, reason: why }) => name !== undefined || why !== undefined, {
    path: ['reason'],
    message: 'is needed',
  });

export const resetPasswordBody = z.strictObject({
  reason,
  action: z
    .enum(['temporary', 'remove'])
    .describe(
      '`temporary`: a new password, shown once. `remove`: none, until the person sets one. Both end every login',
    ),
});

export const inviteBody = z.strictObject({
  tenant_id: tenantId,
  email: line(1, 320),
  roles: roles.optional(),
});

/** Up to a year. */
const ttl = z.int().min(10).max(31_536_000).nullable().optional();

export const createTenantBody = z.strictObject({
  slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits and dashes'),
  name: line(1, 200).optional().describe('Default: the slug'),
  hosts: z
    .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, 'must be a host name'))
    .max(50)
    .optional(),
  registration: z.enum(['open', 'invite', 'closed']).nullable().optional(),
});

export const changeTenantBody = createTenantBody
  .omit({ slug: true })
  .extend({
    mfa: z.enum(['optional', 'required']).nullable().optional().describe('Null: the configuration decides'),
    email_domains: z
      .array(z.string().regex(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain in lower case'))
      .max(50)
      .optional()
      .describe('Domains that addresses of new accounts must have; empty: any'),
    mode: z
      .enum(['stateful', 'stateless'])
      .nullable()
      .optional()
      .describe('How its people are signed in; null: the configuration decides. Platform administrators only'),
    access_token_ttl: ttl.describe('Seconds, where it is less than what is configured'),
    refresh_token_ttl: ttl.describe('Seconds that a login lasts, where it is less than what is configured'),
    reason: reason.optional(),
  })
  .refine(({ reason: _reason, ...settings }) => Object.values(settings).some((part) => part !== undefined), {
    message: 'name what is to be changed',
  });

/** Names and ids. */
const word = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters');

export const auditQuery = z.strictObject({
  limit: pageQuery.limit,
  after: word.optional().describe('`next` of the page before'),
  tenant_id: tenantId,
  event: word.optional().describe('Name of an event'),
  outcome: z.enum(['success', 'failure', 'denied']).optional(),
  actor_id: word.optional(),
  target_id: word.optional(),
  user_id: id.optional(),
  request_id: word.optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('Included'),
  to: z.iso.datetime({ offset: true }).optional().describe('Excluded'),
});

export const tenantsQuery = z.strictObject(pageQuery);
export const tenantPageQuery = z.strictObject({ ...pageQuery, tenant_id: tenantId });
export const dryRunQuery = z.strictObject({ dry_run: z.enum(['true', 'false']).optional() });

export const clientsQuery = z.strictObject({ ...pageQuery, tenant_id: id.optional() });

export const createClientBody = z
  .strictObject({
    name: line(1, 64),
    tenant_ids: z.array(id).min(1).max(100).optional().describe('Default: the tenant of the caller'),
    all_tenants: z.literal(true).optional().describe('Every tenant there is and will be'),
    audiences: z.array(z.string().max(255)).min(1).max(20).optional().describe('Default: auth.jwt.audience'),
  })
  .refine(({ tenant_ids: some, all_tenants: all }) => some === undefined || all === undefined, {
    path: ['tenant_ids'],
    message: 'give either tenant_ids or all_tenants',
  });

export const changeClientBody = z.strictObject({ enabled: z.boolean(), reason });

export const rotateClientBody = z.strictObject({
  reason,
  overlap_seconds: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .default(86_400)
    .describe('How long the secret before stays good; 0 ends every other one at once, and with it tokens and streams'),
});

export const rotateKeyBody = z.strictObject({
  reason,
  now: z.boolean().default(false).describe('Let it sign as soon as every process knows it'),
});

export type UsersQuery = z.infer<typeof usersQuery>;
export type CreateUserBody = z.infer<typeof createUserBody>;
export type ChangeUserBody = z.infer<typeof changeUserBody>;
export type ResetPasswordBody = z.infer<typeof resetPasswordBody>;
export type ReasonBody = z.infer<typeof reasonBody>;
export type OptionalReasonBody = z.infer<typeof optionalReasonBody>;
export type CreateTenantBody = z.infer<typeof createTenantBody>;
export type ChangeTenantBody = z.infer<typeof changeTenantBody>;
export type AuditQuery = z.infer<typeof auditQuery>;
export type TenantsQuery = z.infer<typeof tenantsQuery>;
export type DryRunQuery = z.infer<typeof dryRunQuery>;
export type ClientsQuery = z.infer<typeof clientsQuery>;
export type CreateClientBody = z.infer<typeof createClientBody>;
export type ChangeClientBody = z.infer<typeof changeClientBody>;
export type RotateClientBody = z.infer<typeof rotateClientBody>;
export type RotateKeyBody = z.infer<typeof rotateKeyBody>;
export type InviteBody = z.infer<typeof inviteBody>;
export type TenantPageQuery = z.infer<typeof tenantPageQuery>;
