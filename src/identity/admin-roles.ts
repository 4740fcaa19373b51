import { DEFAULT_TENANT_SLUG, type Tenant } from '../tenancy/tenant.entity';
import { invalidAccount } from './account-rules';

/** Administers the tenant of the account. */
export const TENANT_ADMIN = 'admin';

/** Administers every tenant. Means something in the default tenant alone. */
export const PLATFORM_ADMIN = 'platform_admin';

export const ADMIN_ROLES: readonly string[] = [TENANT_ADMIN, PLATFORM_ADMIN];

/** @throws AuthError `validation_failed` when an account of this tenant must not hold one of the roles. */
export function assertRolesOfTenant(roles: readonly string[], { slug }: Pick<Tenant, 'slug'>): void {
  if (slug === DEFAULT_TENANT_SLUG || !roles.includes(PLATFORM_ADMIN)) return;
  const message = `${PLATFORM_ADMIN} is a role of the tenant ${DEFAULT_TENANT_SLUG} alone`;
  throw invalidAccount([{ pointer: '/roles', message }]);
}
