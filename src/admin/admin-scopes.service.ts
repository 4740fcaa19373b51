import { AuthError, type AuthContext } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { PLATFORM_ADMIN, TENANT_ADMIN } from '../identity/admin-roles';
import { UserStore } from '../identity/user.store';
import { TenantStore } from '../tenancy/tenant.store';
import type { AdminScope } from './admin-scope';

/** The one place where the roles of administrators are judged. */
@Injectable()
export class AdminScopes {
  private defaultTenantId?: string;

  constructor(
    private readonly users: UserStore,
    private readonly tenants: TenantStore,
  ) {}

  /**
   * Reads the account again: a token may still carry a role that was taken away. The platform's role counts in the
   * default tenant alone.
   * @throws AuthError `insufficient_role`, also for clients; `token_revoked` when the account is disabled or gone.
   */
  async of({ principal }: AuthContext): Promise<AdminScope> {
    if (principal.kind !== 'user') throw notAnAdministrator();
    const { tenantId, userId: actorId } = principal;
    const person = await this.users.findPersonById(tenantId, actorId);
    if (person?.status !== 'active') throw new AuthError('token_revoked', 'This login is over');
    const platform = person.roles.includes(PLATFORM_ADMIN) && tenantId === (await this.idOfDefault());
    if (!platform && !person.roles.includes(TENANT_ADMIN)) throw notAnAdministrator();
    return { actorId, tenantId, platform };
  }

  /** It never changes. */
  private async idOfDefault(): Promise<string> {
    this.defaultTenantId ??= (await this.tenants.getDefault()).id;
    return this.defaultTenantId;
  }
}

export function notAnAdministrator(): AuthError {
  return new AuthError('insufficient_role', 'This is for administrators');
}
