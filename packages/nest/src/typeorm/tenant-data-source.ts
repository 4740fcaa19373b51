import {
  DataSource,
  type DataSourceOptions,
  type EntityManager,
  type QueryRunner,
  type ReplicationMode,
} from 'typeorm';
import { TenancyError } from '../tenancy/tenancy-error';
import type { TenantContext } from '../tenancy/tenant-context';
import { guardRunner } from './guarded-runner';
import { ScopedTables } from './scoped-tables';
import { StatementGate } from './statement-gate';
import { StatementScope } from './statement-scope';
import { TenantSubscriber } from './tenant.subscriber';

export interface TenancyOptions {
  readonly tenants: TenantContext;
  /** Tells PostgreSQL the tenant of every transaction, for the policies of `enableTenantRowSecurity`. Default false. */
  readonly rowLevelSecurity?: boolean;
}

/**
 * A data source of PostgreSQL whose statements are held to the tenant of the work that sends them, whichever way of
 * TypeORM they come: repositories, managers, query builders, relations, transactions, streams. What cannot be held to
 * one is refused with a `TenancyError`, SQL written by hand too.
 */
export class TenantDataSource extends DataSource {
  private gate: StatementGate | null = null;

  constructor(
    options: DataSourceOptions,
    private readonly tenancy: TenancyOptions,
  ) {
    super(options);
    if (options.type !== 'postgres') throw misconfigured('only PostgreSQL is supported');
    const escape = this.driver.escapeQueryWithParameters.bind(this.driver);
    this.driver.escapeQueryWithParameters = (sql, parameters) => {
      const [text, values] = escape(sql, parameters);
      return [this.gate?.sealed(text) ?? text, values];
    };
  }

  /** Migrations that run on start are not scoped. @throws TenancyError `tenancy_misconfigured` */
  override async initialize(): Promise<this> {
    this.gate = null;
    await super.initialize();
    try {
      const tables = ScopedTables.mark(this);
      this.subscribers.push(new TenantSubscriber(tables, this.tenancy.tenants));
      this.gate = new StatementGate(new StatementScope(tables), this.tenancy.tenants);
    } catch (error) {
      await this.destroy();
      throw error;
    }
    return this;
  }

  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    // Its entries are found by statement, and a statement does not say the tenant.
    if (this.queryResultCache)
      throw misconfigured('the cache of results would serve one tenant what another asked for');
    const runner = super.createQueryRunner(mode);
    const { tenants, rowLevelSecurity = false } = this.tenancy;
    return this.gate ? guardRunner(runner, { gate: this.gate, tenants, rowLevelSecurity }) : runner;
  }

  override async synchronize(dropBeforeSync?: boolean): Promise<void> {
    if (this.gate) throw misconfigured('change the schema with a data source of its own');
    return super.synchronize(dropBeforeSync);
  }

  /** Lets `work` send SQL that is written by hand. What it asks of TypeORM otherwise stays scoped. */
  unscoped<T>(reason: string, work: (manager: EntityManager) => T): T {
    return this.tenancy.tenants.runUnscoped(reason, () => work(this.manager));
  }
}

function misconfigured(what: string): TenancyError {
  return new TenancyError('tenancy_misconfigured', what);
}
