import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pool } from 'pg';
import { isUuid } from '../common/uuid';
import { onConnection } from './connections';

/** Sees the rows of one tenant alone, and owns nothing. Made by a migration. */
const ROLE = 'latchkey_tenant';

/**
 * The second wall between tenants. Inside `run` each statement of the request path is sent by a role for which PostgreSQL
 * has the rows of that tenant alone, whatever the statement says. Outside, as at a sign-in, nobody is known yet, and
 * statements name their tenant or an id.
 */
export class TenantWall {
  private readonly scopes = new AsyncLocalStorage<string>();
  private underWay = 0;

  constructor(readonly stands: boolean) {}

  /** Tries the role. It is missing where the service may not make roles. */
  static async raise(pool: Pool): Promise<TenantWall> {
    return new TenantWall(await mayTakeRole(pool));
  }

  static none(): TenantWall {
    return new TenantWall(false);
  }

  /** Runs `work`, and all that it leads to, for this tenant. */
  async run<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    const { inside, leave } = this.enter(tenantId);
    try {
      return await inside(work);
    } finally {
      leave();
    }
  }

  /**
   * The same for work that ends when its caller knows: whoever enters leaves once. As with the contexts of requests, the
   * storage is in use only while somebody is inside, because it makes every promise of a process dearer.
   */
  enter(tenantId: string): { inside: <T>(work: () => T) => T; leave: () => void } {
    if (!isUuid(tenantId)) throw new Error('The wall needs the id of a tenant');
    const around = this.scopes.getStore() ?? tenantId;
    if (around !== tenantId) throw new Error('Whoever is inside one tenant enters no other');
    if (!this.stands) return { inside: (work) => work(), leave: () => undefined };
    this.underWay += 1;
    return { inside: (work) => this.scopes.run(tenantId, work), leave: () => this.leave() };
  }

  /** How a transaction begins here. */
  beginning(): string {
    const tenantId = this.scopes.getStore();
    return tenantId === undefined ? 'BEGIN' : inside(tenantId);
  }

  get isInside(): boolean {
    return this.scopes.getStore() !== undefined;
  }

  private leave(): void {
    this.underWay -= 1;
    if (this.underWay === 0) this.scopes.disable();
  }
}

/** One round trip. What is set ends with the transaction: a pool would keep it for whoever comes next. */
function inside(tenantId: string): string {
  return `BEGIN; SET LOCAL ROLE ${ROLE}; SET LOCAL latchkey.tenant_id = '${tenantId}'`;
}

function mayTakeRole(pool: Pool): Promise<boolean> {
  return onConnection(pool, async (client) => {
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL ROLE ${ROLE}`);
      const { rows } = await client.query<{ may: boolean }>(`SELECT has_table_privilege('users', 'SELECT') AS may`);
      return rows[0]?.may === true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

/** No such role, or not for us. */
function isRefusal(error: unknown): boolean {
  return ['22023', '42501', '42704'].includes((error as { code?: string }).code ?? '');
}
