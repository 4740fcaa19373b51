import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { TenantWall } from '../database/tenant-wall';
import { assertNames } from '../identity/account-rules';
import type { Invitation } from '../identity/invitations/invitation.store';
import { Invitations } from '../identity/invitations/invitations';
import { RegistrationService } from '../identity/registration.service';
import type { UserRef } from '../identity/user.store';
import type { Tenant } from '../tenancy/tenant.entity';
import { TenantStore } from '../tenancy/tenant.store';
import type { AcceptInvitationBody } from './recovery.schemas';
import { NewPasswords } from './new-passwords';

export interface ShownInvitation {
  readonly invitation: Invitation;
  readonly tenant: Tenant;
}

/** Whoever has the code of an invitation makes an account with it. It signs nobody in. */
@Injectable()
export class InvitationAcceptance {
  constructor(
    private readonly invitations: Invitations,
    private readonly tenants: TenantStore,
    private readonly registrations: RegistrationService,
    private readonly passwords: NewPasswords,
    private readonly wall: TenantWall,
  ) {}

  /** Uses nothing up. @throws AuthError `invalid_grant`; `not_found` where the tenant has closed since. */
  async show(code: string): Promise<ShownInvitation> {
    const invitation = await this.invitations.get(code);
    const tenant = await this.tenants.findById(invitation.tenantId);
    if (!tenant || this.registrations.policyOf(tenant) === 'closed') {
      throw new AuthError('not_found', 'Registration is not open');
    }
    return { invitation, tenant };
  }

  /** The code is looked at before anything is hashed, and used up only with a password that is good. */
  async accept({ token, password, name, username }: AcceptInvitationBody): Promise<UserRef> {
    const { invitation, tenant } = await this.show(token);
    const { email } = invitation;
    assertNames({ email, username, name });
    const owner = { email, username, name, tenant: tenant.name };
    const passwordHash = await this.passwords.hash(password, '/password', owner);
    const acceptance = { code: token, name, username, passwordHash };
    return this.wall.run(tenant.id, () => this.invitations.accept(acceptance));
  }
}
