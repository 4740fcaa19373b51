import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';
import { isUuid } from '../common/uuid';
import { TenantWall } from '../database/tenant-wall';
import type { Tenant } from './tenant.entity';
import { normaliseHost, TenantStore } from './tenant.store';

/** What a request says about the tenant that it means. */
export interface TenantHint {
  readonly tenantId?: string | null;
  readonly host?: string | null;
}

const ENTRIES = 1000;
const LIFE_MS = 30_000;
const LONGEST_HOST = 253;

/** Finds the tenant a request means: the one it names, else the one of its host, else the default one. */
@Injectable()
export class TenantResolver {
  private readonly cache: LRUCache<string, Tenant>;

  constructor(
    private readonly tenants: TenantStore,
    clock: Clock,
    private readonly wall: TenantWall,
  ) {
    this.cache = new LRUCache({
      max: ENTRIES,
      ttl: LIFE_MS,
      perf: { now: () => clock.monotonic() },
      ttlResolution: 0,
      // Crowded out of the cache is no reason to fail whoever waits for the answer.
      ignoreFetchAbort: true,
      allowStaleOnFetchAbort: true,
      fetchMethod: async (key) => (await this.read(key)) ?? undefined,
    });
  }

  /** Null only for an id that names no tenant: an explicit id never falls back. Changed settings are seen within 30 seconds. */
  async resolve(hint: TenantHint): Promise<Tenant | null> {
    if (hint.tenantId != null) {
      return isUuid(hint.tenantId) ? this.find(`id ${hint.tenantId.toLowerCase()}`) : null;
    }
    const host = normaliseHost(hint.host ?? '');
    return this.find(`host ${host.length <= LONGEST_HOST ? host : ''}`);
  }

  /** Goes on for the tenant that a request means, and sees the rows of no other. */
  async within<T>(hint: TenantHint, work: (tenant: Tenant | null) => Promise<T>): Promise<T> {
    const tenant = await this.resolve(hint);
    return tenant ? this.wall.run(tenant.id, () => work(tenant)) : work(null);
  }

  private async find(key: string): Promise<Tenant | null> {
    return (await this.cache.fetch(key)) ?? null;
  }

  private async read(key: string): Promise<Tenant | null> {
    if (key.startsWith('id ')) return this.tenants.findById(key.slice(3));
    return (await this.tenants.findByHost(key.slice(5))) ?? this.tenants.getDefault();
  }
}
