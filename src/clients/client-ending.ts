import type { Revocation } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Queryable } from '../database/database';
import { RevocationFeed } from '../revocation/revocation-feed';
import { RevocationStore } from '../revocation/revocation.store';
import type { TenantScope } from './client';
import { ClientStore } from './client.store';

/** Ends whatever was issued to a client, through the feed that ends logins. */
@Injectable()
export class ClientEnding {
  constructor(
    private readonly clients: ClientStore,
    private readonly revocations: RevocationStore,
    private readonly feed: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /** Part of the caller's transaction, which holds the client's lock. One row for each tenant: a token names one. */
  async write(tx: Queryable, clientId: string, tenants: TenantScope): Promise<Revocation[]> {
    const generation = await this.clients.raiseGeneration(tx, clientId);
    return this.revocations.appendForTenants(tx, {
      userId: clientId,
      tenantIds: tenants === 'all' ? null : tenants,
      generation,
      reason: 'revoked_by_operator',
      now: this.clock.date(),
    });
  }

  announce(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.feed.announce(revocation);
  }
}
