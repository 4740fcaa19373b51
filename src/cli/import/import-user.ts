import { randomUUID } from 'node:crypto';
import { AuthError } from '@latchkey/nest';
import { z } from 'zod';
import { assertNames, assertRoles } from '../../identity/account-rules';
import { assertRolesOfTenant } from '../../identity/admin-roles';
import { FOREIGN_FORMS, storableHash } from '../../identity/passwords/foreign-hash-forms';
import type { ImportEntry } from '../../identity/user-import.service';
import type { ImportedUser } from '../../identity/user-import.store';
import type { Tenant } from '../../tenancy/tenant.entity';

/** The account that a row means, or what is wrong with the row: never what stands in it. */
export type ReadRow = { readonly entry: ImportEntry } | { readonly reason: string };

const text = (longest: number) => z.string().min(1).max(longest);
const number = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .pipe(z.int().min(1));
const flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0']).transform((word) => word === 'true' || word === '1'),
]);
const words = z.string().transform((list) => list.split(/[\s,;|]+/).filter((word) => word !== ''));

const rowSchema = z.strictObject({
  id: z.uuid().transform((id) => id.toLowerCase()),
  email: text(320).nullable(),
  username: text(64).nullable(),
  name: text(200).nullable(),
  roles: z.union([z.array(text(64)).max(100), words]),
  status: z.enum(['active', 'disabled']),
  email_verified: flag,
  password_hash: text(2048).nullable(),
  hash_algorithm: z.enum(FOREIGN_FORMS),
  salt: text(512),
  iterations: number,
  signer_key: text(512),
  salt_separator: z.string().max(512),
  rounds: number,
  mem_cost: number,
  credential_data: z.union([z.string().max(8192), z.record(z.string(), z.unknown())]),
  secret_data: z.union([z.string().max(8192), z.record(z.string(), z.unknown())]),
});

const schema = rowSchema.partial();

/** Names of the fields that a row may have. */
export const IMPORT_FIELDS: ReadonlySet<string> = new Set(Object.keys(rowSchema.shape));

/** Reads one row for this tenant over the defaults of all rows. */
export function readRow(
  fields: Readonly<Record<string, unknown>> | null,
  tenant: Pick<Tenant, 'slug'>,
  defaults: object,
): ReadRow {
  if (fields === null) return { reason: 'cannot be read' };
  const parsed = schema.safeParse({ ...defaults, ...fields });
  if (!parsed.success) return { reason: reasonOf(parsed.error) };
  try {
    return entryOf(parsed.data, tenant);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const reasons = (error.errors ?? []).map(({ pointer, message }) => `${pointer.slice(1)} ${message}`);
    return { reason: reasons.join('; ') };
  }
}

function entryOf(row: z.infer<typeof schema>, tenant: Pick<Tenant, 'slug'>): ReadRow {
  const { id = randomUUID(), email = null, username = null, name = null, roles = [], status = 'active' } = row;
  assertNames({ email, username, name });
  assertRoles(roles);
  assertRolesOfTenant(roles, tenant);
  const hasHash = row.password_hash != null || row.secret_data !== undefined;
  const passwordHash = hasHash ? storableHash({ ...row, password_hash: row.password_hash ?? undefined }) : null;
  if (hasHash && passwordHash === null) return { reason: 'password_hash is of no known kind, damaged or too costly' };
  const emailVerified = row.email_verified === true && email !== null;
  const given = new Set(Object.keys(row)) as Set<keyof ImportedUser>;
  return {
    entry: {
      user: { id, email, username, name, roles: [...new Set(roles)], status, emailVerified, passwordHash },
      given,
    },
  };
}

/** Names the fields that are known; what else is there may be anything. */
function reasonOf({ issues }: z.ZodError): string {
  const reasons = issues.map(({ path, code }) => {
    const field = String(path[0] ?? '');
    if (code === 'unrecognized_keys' || !IMPORT_FIELDS.has(field)) return 'has a field that is not known';
    return `${field} is not as it must be`;
  });
  return [...new Set(reasons)].join('; ');
}
