import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { emailKey } from '../identity/identifier';
import { LetterOrders } from '../identity/letters/letter-orders';
import { RegistrationService } from '../identity/registration.service';
import type { Tenant } from '../tenancy/tenant.entity';
import { TenantResolver } from '../tenancy/tenant-resolver';
import type { RegisterBody } from './auth.schemas';

/** Registration as a stranger asks for it. A tenant that does not exist answers like one that is closed. */
@Injectable()
export class SelfRegistration {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly accounts: RegistrationService,
    private readonly letters: LetterOrders,
  ) {}

  register(body: RegisterBody, host: string | undefined, acceptLanguage?: string): Promise<void> {
    return this.tenants.within({ tenantId: body.tenant_id, host }, async (tenant) => {
      if (!tenant) throw new AuthError('not_found', 'Registration is not open');
      await this.join(tenant, body, acceptLanguage);
    });
  }

  private async join(tenant: Tenant, body: RegisterBody, acceptLanguage?: string): Promise<void> {
    const { email, username, name, password } = body;
    const made = await this.accounts.register({ tenant, email, username, name, password, acceptLanguage });
    // One statement either way; where no mail is sent, none.
    if (!this.letters.open) return;
    const kind = made ? 'verify' : 'registered_again';
    await this.letters.request({ kind, tenantId: tenant.id, emailKey: emailKey(email) ?? '' });
  }
}
