import { randomBytes } from 'node:crypto';
import { TenancyError } from '../tenancy/tenancy-error';
import type { TenantContext } from '../tenancy/tenant-context';
import type { Statement, StatementScope } from './statement-scope';

const CONTROL =
  /^(START TRANSACTION|SET TRANSACTION ISOLATION LEVEL [A-Z ]+|COMMIT|ROLLBACK|((ROLLBACK TO|RELEASE) )?SAVEPOINT typeorm_\d+)$/;

/** True for what a query runner says by itself to begin and end transactions. */
export function isTransactionControl(sql: string): boolean {
  return CONTROL.test(sql);
}

/** What every statement of a data source passes through. Closed: what is not known to be scoped is refused. */
export class StatementGate {
  /** Before all that query builders finish, and before nothing else: nobody outside this process can know it. */
  private readonly seal = `/*${randomBytes(16).toString('hex')}*/`;

  constructor(
    private readonly scope: StatementScope,
    private readonly tenants: TenantContext,
  ) {}

  /** Says of a statement that a query builder made it. */
  sealed(sql: string): string {
    return this.seal + sql;
  }

  /** The statement as it is to be sent. @throws TenancyError */
  admit(sql: string, parameters: unknown[] | undefined): Statement {
    if (isTransactionControl(sql)) return [sql, parameters];
    const lifted = this.tenants.liftedBecause() !== null;
    // Query builders put what others made into their own text.
    const text = sql.replaceAll(this.seal, '');
    if (!sql.startsWith(this.seal)) {
      if (!lifted) this.refuse();
      return [this.scope.lifted(text), parameters];
    }
    if (lifted && this.tenants.current() === null) return [this.scope.lifted(text), parameters];
    return this.scope.scoped(text, parameters, () => this.tenants.mustGet());
  }

  private refuse(): never {
    const how = 'wrap it in dataSource.unscoped(reason, …) and state its tenant yourself';
    throw new TenancyError('unscoped_statement', `SQL written by hand, or a table to be cleared: ${how}`);
  }
}
