import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { Invitation } from '../identity/invitations/invitation.store';
import { Invitations, type SentInvitation } from '../identity/invitations/invitations';
import { RegistrationService } from '../identity/registration.service';
import { AdminAudit } from './admin-audit';
import { AdminReach, notFound } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { InviteBody, TenantPageQuery } from './admin.schemas';
import { pageOf, type Page } from './page';
import { assertGrantable } from './users.service';

/** Asks people to join a tenant. */
@Injectable()
export class AdminInvitations {
  constructor(
    private readonly reach: AdminReach,
    private readonly invitations: Invitations,
    private readonly registrations: RegistrationService,
    private readonly audit: AdminAudit,
  ) {}

  async list(scope: AdminScope, { tenant_id: named, ...page }: TenantPageQuery): Promise<Page<Invitation>> {
    const { id } = await this.reach.tenant(scope, named);
    return pageOf(page, (after, limit) => this.invitations.pending(id, { after, limit }));
  }

  /** @throws AuthError `conflict` where the tenant is closed; `email_taken`; `insufficient_role` */
  async invite(scope: AdminScope, { tenant_id: named, email, roles = [] }: InviteBody): Promise<SentInvitation> {
    const tenant = await this.reach.tenant(scope, named);
    assertGrantable(roles);
    if (this.registrations.policyOf(tenant) === 'closed') {
      throw new AuthError('conflict', 'Registration of this tenant is closed: set it to invite');
    }
    await this.registrations.assertFree(tenant.id, email);
    const sent = await this.invitations.invite(tenant, { email, roles, by: scope.actorId });
    this.record(scope, 'invitation_created', tenant.id, sent.invitation.id);
    return sent;
  }

  async withdraw(scope: AdminScope, id: string): Promise<void> {
    const tenantId = await this.invitations.tenantOf(id);
    if (tenantId === null) throw notFound('invitation');
    this.reach.assertReaches(scope, tenantId, { kind: 'invitation', id });
    if (!(await this.invitations.withdraw(tenantId, id))) throw notFound('invitation');
    this.record(scope, 'invitation_withdrawn', tenantId, id);
  }

  private record(scope: AdminScope, kind: string, tenantId: string, id: string): void {
    this.audit.record(scope, { kind, target: { kind: 'invitation', id }, tenantId });
  }
}
