import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { emailKey } from '../identity/identifier';
import { LetterOrders } from '../identity/letters/letter-orders';
import { RegistrationService } from '../identity/registration.service';
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

  async register(body: RegisterBody, host: string | undefined, acceptLanguage?: string): Promise<void> {
    const tenant = await this.tenants.resolve({ tenantId: body.tenant_id, host });
    if (!tenant) throw new AuthError('not_found', 'Registration is not open');
    const { email, username, name, password } = body;
    const made = await this.accounts.register({ tenant, email, username, name, password, acceptLanguage });
    // One statement either way; where no mail is sent, none.
    if (!this.letters.open) return;
    const kind = made ? 'verify' : 'registered_again';
    await this.letters.request({ kind, tenantId: tenant.id, emailKey: emailKey(email) ?? '' });
  }
}
