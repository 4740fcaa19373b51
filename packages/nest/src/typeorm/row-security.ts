import type { QueryRunner } from 'typeorm';
import { TenancyError } from '../tenancy/tenancy-error';
import { quotedName } from './scoped-tables';

const POLICY = quotedName('latchkey_tenant');

/**
 * For migrations: rows of the table exist for the tenant of the transaction alone, for its owner too. Without a tenant there
 * are none. Roles with BYPASSRLS, and superusers, are not held by it: let the application connect as another role.
 * @param table its name, with its schema where that is not on the search path.
 */
export async function enableTenantRowSecurity(
  queryRunner: QueryRunner,
  table: string,
  column = 'tenant_id',
): Promise<void> {
  const name = pathOf(table);
  const own = `${quotedName(column)} = nullif(current_setting('latchkey.tenant_id', true), '')`;
  const policy = `(${own}::${await typeOf(queryRunner, name, column)})`;
  await queryRunner.query(`ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`);
  await queryRunner.query(`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`);
  await queryRunner.query(`CREATE POLICY ${POLICY} ON ${name} USING ${policy} WITH CHECK ${policy}`);
}

/** For migrations: takes back what `enableTenantRowSecurity` did. */
export async function disableTenantRowSecurity(queryRunner: QueryRunner, table: string): Promise<void> {
  const name = pathOf(table);
  await queryRunner.query(`DROP POLICY IF EXISTS ${POLICY} ON ${name}`);
  await queryRunner.query(`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`);
  await queryRunner.query(`ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`);
}

/** The setting is text: an index on the column is of use only when the other side is cast. */
async function typeOf(queryRunner: QueryRunner, name: string, column: string): Promise<string> {
  const types = (await queryRunner.query(
    `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attname = $2 AND attnotnull AND NOT attisdropped`,
    [name, column],
  )) as { type: string }[];
  const [found] = types;
  if (!found) throw new TenancyError('tenancy_misconfigured', `${name} needs a column ${column} that is not null`);
  return found.type;
}

function pathOf(table: string): string {
  return table.split('.').map(quotedName).join('.');
}
