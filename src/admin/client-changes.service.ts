import { Injectable } from '@nestjs/common';
import type { ListedClient, TenantScope } from '../clients/client';
import { ClientRegistry } from '../clients/client-registry';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import { notAnAdministrator } from './admin-scopes.service';
import type { ChangeClientBody, CreateClientBody, RotateClientBody } from './admin.schemas';
import { AdminClients } from './clients.service';

/** A client and its new secret, which is in this answer and nowhere else. */
export interface ClientWithSecret {
  readonly client: ListedClient;
  readonly secret: string;
}

/** Makes clients and changes them. */
@Injectable()
export class AdminClientChanges {
  constructor(
    private readonly reach: AdminReach,
    private readonly clients: AdminClients,
    private readonly registry: ClientRegistry,
    private readonly audit: AdminAudit,
  ) {}

  async create(scope: AdminScope, body: CreateClientBody): Promise<ClientWithSecret> {
    const tenants = await this.tenantsOf(scope, body);
    const { name, audiences = this.clients.defaultAudiences } = body;
    const { id, secret } = await this.registry.create({ name, tenants, audiences });
    const client = await this.reach.client(scope, id);
    this.record(scope, client, 'client_created');
    return { client, secret };
  }

  async change(scope: AdminScope, id: string, { enabled, reason }: ChangeClientBody): Promise<ListedClient> {
    const client = await this.reach.client(scope, id);
    await this.registry[enabled ? 'enable' : 'disable'](client.id);
    this.record(scope, client, enabled ? 'client_enabled' : 'client_disabled', reason);
    return this.reach.client(scope, id);
  }

  async rotate(scope: AdminScope, id: string, body: RotateClientBody): Promise<ClientWithSecret> {
    const before = await this.reach.client(scope, id);
    const overlap = body.overlap_seconds * 1000;
    const secret = overlap === 0 ? await this.registry.rotateNow(id) : await this.registry.rotate(id, overlap);
    this.record(scope, before, overlap === 0 ? 'client_rotated_at_once' : 'client_rotated', body.reason);
    return { client: await this.reach.client(scope, id), secret };
  }

  async delete(scope: AdminScope, id: string, reason: string): Promise<void> {
    const client = await this.reach.client(scope, id);
    await this.registry.delete(client.id);
    this.record(scope, client, 'client_deleted', reason);
  }

  private async tenantsOf(scope: AdminScope, body: CreateClientBody): Promise<TenantScope> {
    if (body.all_tenants) {
      if (!scope.platform) throw notAnAdministrator();
      return 'all';
    }
    const named = new Set(body.tenant_ids ?? [scope.tenantId]);
    for (const id of named) await this.reach.tenant(scope, id);
    return [...named];
  }

  private record(scope: AdminScope, { id, tenants }: ListedClient, kind: string, reason?: string): void {
    const tenantId = tenants !== 'all' && tenants.length === 1 ? (tenants[0] as string) : null;
    this.audit.record(scope, { kind, target: { kind: 'client', id }, tenantId, reason });
  }
}
