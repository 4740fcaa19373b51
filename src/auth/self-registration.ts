import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { RegistrationService } from '../identity/registration.service';
import { TenantResolver } from '../tenancy/tenant-resolver';
import type { RegisterBody } from './auth.schemas';

/** Registration as a stranger asks for it. A tenant that does not exist answers like one that is closed. */
@Injectable()
export class SelfRegistration {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly accounts: RegistrationService,
  ) {}

  async register(body: RegisterBody, host: string | undefined): Promise<void> {
    const tenant = await this.tenants.resolve({ tenantId: body.tenant_id, host });
    if (!tenant) throw new AuthError('not_found', 'Registration is not open');
    const { email, username, name, password } = body;
    await this.accounts.register({ tenant, email, username, name, password });
  }
}
