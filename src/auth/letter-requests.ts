import { Injectable } from '@nestjs/common';
import { emailKey } from '../identity/identifier';
import { LetterOrders } from '../identity/letters/letter-orders';
import { TenantResolver } from '../tenancy/tenant-resolver';
import type { AddressBody } from './recovery.schemas';

/** Letters that a stranger asks for. A tenant or an account that does not exist costs the same and is told from no other. */
@Injectable()
export class LetterRequests {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly orders: LetterOrders,
  ) {}

  /** @throws AuthError `not_found` where no mail is sent. */
  async ask(kind: 'verify' | 'reset', { email, tenant_id: tenantId }: AddressBody, host?: string): Promise<void> {
    this.orders.assertOpen();
    await this.tenants.within({ tenantId, host }, (tenant) =>
      // Only what is stored is ever written to: of what was typed nothing is kept but the form that is compared.
      this.orders.request({ kind, tenantId: tenant?.id ?? null, emailKey: emailKey(email) ?? '' }),
    );
  }
}
