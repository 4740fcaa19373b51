import { randomUUID } from 'node:crypto';
import type { Repository } from 'typeorm';
import { Clock } from '../common/clock';
import { TenantWall } from '../database/tenant-wall';
import type { Tenant } from './tenant.entity';
import { TenantResolver } from './tenant-resolver';
import { normaliseHost, TenantStore } from './tenant.store';

class SteppedClock extends Clock {
  milliseconds = 1;

  override monotonic(): number {
    return this.milliseconds;
  }
}

function tenantOf(slug: string, hosts: string[] = []): Tenant {
  return {
    id: randomUUID(),
    slug,
    name: slug,
    hosts,
    registration: null,
    mfa: null,
    mode: null,
    accessTokenTtl: null,
    refreshTokenTtl: null,
    emailDomains: [],
    createdAt: new Date(0),
  };
}

const DEFAULT = tenantOf('default');
const ACME = tenantOf('acme', ['login.acme.example']);

class CountedTenants extends TenantStore {
  reads: string[] = [];
  failing = false;

  constructor(readonly rows: Tenant[]) {
    super(undefined as unknown as Repository<Tenant>, new Clock());
  }

  override findById(id: string) {
    return this.lookUp(`id ${id}`, (tenant) => tenant.id === id);
  }

  override findBySlug(slug: string) {
    return this.lookUp(`slug ${slug}`, (tenant) => tenant.slug === slug);
  }

  override findByHost(host: string) {
    return this.lookUp(`host ${host}`, (tenant) => tenant.hosts.includes(host));
  }

  private async lookUp(read: string, wanted: (tenant: Tenant) => boolean): Promise<Tenant | null> {
    this.reads.push(read);
    await Promise.resolve();
    if (this.failing) throw new Error('down');
    return this.rows.find(wanted) ?? null;
  }
}

function resolverOf(rows = [DEFAULT, ACME]) {
  const tenants = new CountedTenants(rows);
  const clock = new SteppedClock();
  return { resolver: new TenantResolver(tenants, clock, TenantWall.none()), tenants, clock };
}

describe('TenantResolver', () => {
  it('takes the named tenant before the one of the host', async () => {
    const { resolver } = resolverOf();
    await expect(resolver.resolve({ tenantId: DEFAULT.id, host: 'login.acme.example' })).resolves.toBe(DEFAULT);
  });

  it('never falls back from a tenant that was named', async () => {
    const { resolver } = resolverOf();
    for (const tenantId of [randomUUID(), 'acme', '', `${ACME.id}\n`, `${ACME.id} OR true`]) {
      await expect(resolver.resolve({ tenantId, host: 'login.acme.example' })).resolves.toBeNull();
    }
  });

  it.each(['login.acme.example', 'LOGIN.acme.example:8443', 'login.acme.example.'])(
    'knows the host %s',
    async (host) => {
      await expect(resolverOf().resolver.resolve({ host })).resolves.toBe(ACME);
    },
  );

  it.each([undefined, null, '', 'elsewhere.example', 'acme.example', 'x.login.acme.example', 'a'.repeat(5000)])(
    'takes the default tenant for the host %p',
    async (host) => {
      await expect(resolverOf().resolver.resolve({ host })).resolves.toBe(DEFAULT);
    },
  );

  it('reads once, however many ask at the same time', async () => {
    const { resolver, tenants } = resolverOf();
    await Promise.all(Array.from({ length: 20 }, () => resolver.resolve({ tenantId: ACME.id })));
    await Promise.all(Array.from({ length: 20 }, () => resolver.resolve({ tenantId: ACME.id.toUpperCase() })));
    expect(tenants.reads).toHaveLength(1);
  });

  it('reads again after 30 seconds', async () => {
    const { resolver, tenants, clock } = resolverOf();
    await resolver.resolve({ host: 'login.acme.example' });
    clock.milliseconds += 29_999;
    await resolver.resolve({ host: 'login.acme.example' });
    expect(tenants.reads).toHaveLength(1);
    clock.milliseconds += 2;
    tenants.rows.pop();
    await expect(resolver.resolve({ host: 'login.acme.example' })).resolves.toBe(DEFAULT);
  });

  it('remembers no tenant that was not there', async () => {
    const { resolver, tenants } = resolverOf();
    const late = tenantOf('late');
    await expect(resolver.resolve({ tenantId: late.id })).resolves.toBeNull();
    tenants.rows.push(late);
    await expect(resolver.resolve({ tenantId: late.id })).resolves.toBe(late);
  });

  it('remembers no failure', async () => {
    const { resolver, tenants } = resolverOf();
    tenants.failing = true;
    await expect(resolver.resolve({ tenantId: ACME.id })).rejects.toThrow('down');
    tenants.failing = false;
    await expect(resolver.resolve({ tenantId: ACME.id })).resolves.toBe(ACME);
  });
});

describe('normaliseHost', () => {
  it.each([
    ['Example.COM', 'example.com'],
    ['example.com:443', 'example.com'],
    ['example.com.', 'example.com'],
    ['[::1]:4000', '[::1]'],
  ])('writes %s as %s', (host, written) => {
    expect(normaliseHost(host)).toBe(written);
  });
});
