import type { QueryRunner } from 'typeorm';
import { TenancyError } from '../tenancy/tenancy-error';
import type { TenantContext } from '../tenancy/tenant-context';
import { isTransactionControl, type StatementGate } from './statement-gate';

/** What policies compare with. For one transaction: a connection that goes back to its pool keeps no tenant. */
const SET_TENANT = `SELECT set_config('latchkey.tenant_id', $1, true)`;

type Send = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;
type Stream = QueryRunner['stream'];

/** What stands between TypeORM and its connection. */
export interface Walls {
  readonly gate: StatementGate;
  readonly tenants: TenantContext;
  readonly rowLevelSecurity: boolean;
}

/** Puts the walls into a query runner. It stays the same object: TypeORM hands it on to managers and builders. */
export function guardRunner(runner: QueryRunner, walls: Walls): QueryRunner {
  const guarded = new GuardedRunner(runner, walls);
  return Object.assign(runner, {
    query: (...statement: Parameters<Send>) => guarded.query(...statement),
    stream: (...statement: Parameters<Stream>) => guarded.stream(...statement),
  });
}

class GuardedRunner {
  private readonly send: Send;
  private readonly open: Stream;
  /** The tenant that the open transaction was told; undefined when a savepoint may have brought back another. */
  private told: string | null | undefined = null;
  private turns: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly runner: QueryRunner,
    private readonly walls: Walls,
  ) {
    this.send = (runner.query as Send).bind(runner);
    this.open = runner.stream.bind(runner);
  }

  async query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    const [text, values] = this.walls.gate.admit(sql, parameters);
    const send = (): Promise<unknown> => this.send(text, values, structured);
    if (!this.walls.rowLevelSecurity) return send();
    const tenantId = this.walls.tenants.current();
    return this.inTurn(() => (isTransactionControl(sql) ? this.control(sql, send) : this.asTenant(tenantId, send)));
  }

  async stream(...[sql, parameters, onEnd, onError]: Parameters<Stream>): ReturnType<Stream> {
    const [text, values] = this.walls.gate.admit(sql, parameters);
    const open = (): ReturnType<Stream> => this.open(text, values, onEnd, onError);
    if (!this.walls.rowLevelSecurity) return open();
    if (!this.runner.isTransactionActive) {
      throw new TenancyError('unscoped_statement', 'a stream under row-level security needs a transaction around it');
    }
    const tenantId = this.walls.tenants.current();
    return this.inTurn(() => this.asTenant(tenantId, open));
  }

  private async control(sql: string, send: () => Promise<unknown>): Promise<unknown> {
    const result = await send();
    if (sql.startsWith('ROLLBACK TO')) this.told = undefined;
    else if (sql === 'START TRANSACTION' || sql === 'COMMIT' || sql === 'ROLLBACK') this.told = null;
    return result;
  }

  private async asTenant<T>(tenantId: string | null, work: () => Promise<T>): Promise<T> {
    if (this.runner.isTransactionActive) {
      if (this.told !== tenantId) await this.send(SET_TENANT, [tenantId ?? '']);
      this.told = tenantId;
      return work();
    }
    return tenantId === null ? work() : this.inTransaction(tenantId, work);
  }

  private async inTransaction<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    await this.send('START TRANSACTION');
    try {
      await this.send(SET_TENANT, [tenantId]);
      const result = await work();
      await this.send('COMMIT');
      return result;
    } catch (error) {
      // A connection that is lost has no transaction left to roll back.
      await this.send('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** One after the other: what TypeORM sends side by side on one connection must not share a transaction of ours. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turns.then(work);
    this.turns = result.catch(() => {});
    return result;
  }
}
