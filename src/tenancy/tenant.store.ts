import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ArrayContains, type FindOptionsWhere, Repository } from 'typeorm';
import { Clock } from '../common/clock';
import { isUuid } from '../common/uuid';
import { asUnavailable } from '../database/infrastructure-failure';
import { DEFAULT_TENANT_SLUG, Tenant, type RegistrationPolicy } from './tenant.entity';

export interface NewTenant {
  readonly slug: string;
  readonly name: string;
  /** Host names; a port is dropped. */
  readonly hosts?: readonly string[];
  readonly registration?: RegistrationPolicy | null;
}

const OLDEST_FIRST = { createdAt: 'ASC', id: 'ASC' } as const;

/** The tenants. Malformed ids, slugs and hosts are "not there". */
@Injectable()
export class TenantStore {
  constructor(
    @InjectRepository(Tenant) private readonly tenants: Repository<Tenant>,
    private readonly clock: Clock,
  ) {}

  async findById(id: string): Promise<Tenant | null> {
    return isUuid(id) ? this.find({ id }) : null;
  }

  async findBySlug(slug: string): Promise<Tenant | null> {
    return isPlain(slug) ? this.find({ slug }) : null;
  }

  /** By a host name in the spelling of `normaliseHost`. The oldest claim wins: a later tenant cannot take a host over. */
  async findByHost(host: string): Promise<Tenant | null> {
    return isPlain(host) ? this.find({ hosts: ArrayContains([host]) }) : null;
  }

  async getDefault(): Promise<Tenant> {
    const tenant = await this.findBySlug(DEFAULT_TENANT_SLUG);
    if (!tenant) throw new Error('The default tenant is missing: is the schema migrated?');
    return tenant;
  }

  /** Oldest first. */
  list(): Promise<Tenant[]> {
    return this.tenants.find({ order: OLDEST_FIRST }).catch(rethrow);
  }

  /** Null when the slug is taken. */
  async create({ slug, name, hosts = [], registration = null }: NewTenant): Promise<Tenant | null> {
    const id = randomUUID();
    const row = { id, slug, name, hosts: hosts.map(normaliseHost), registration, createdAt: this.clock.date() };
    await this.tenants.createQueryBuilder().insert().values(row).orIgnore().execute().catch(rethrow);
    return this.findById(id);
  }

  private find(where: FindOptionsWhere<Tenant>): Promise<Tenant | null> {
    return this.tenants.findOne({ where, order: OLDEST_FIRST }).catch(rethrow);
  }
}

/** Lower case, without port and trailing dot. */
export function normaliseHost(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

// PostgreSQL's text takes no NUL; such a value must be unknown here rather than an error there.
function isPlain(text: string): boolean {
  return text.length <= 253 && /^[\x21-\x7e]+$/.test(text);
}

function rethrow(error: unknown): never {
  throw asUnavailable(error);
}
