import type { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { formatDuration } from '../../config/duration';
import { openDatabaseServer } from '../../database/database-server';
import type { ServerLog } from '../../database/embedded/server-log';
import { openPool } from '../../database/connections';
import { migrationStatus } from '../../database/migrate';
import { TenantWall } from '../../database/tenant-wall';
import { RootKeys } from '../../keys/root-keys';
import { failureOf } from '../failure';
import { databaseText } from '../ready-note';
import { DoctorStore, type SealedKey, type TableFacts } from './doctor.store';
import type { Finding } from './finding';
import { keptRootSecret } from './secrets-check';

const OLDEST = 15;
const NEWEST = 18;
/** Clock differences below this are noise, as for /health/ready. Milliseconds. */
const LEAST_SKEW = 1_000;
/** So many intervals without a cleanup are too many. */
const MISSED_CLEANUPS = 3;
/** Each process holds so many revocations in memory without noticing. */
const MANY_REVOCATIONS = 1_000_000;

/** Everything that the database tells; one failure when it cannot be asked. */
export async function databaseFindings(config: Config, clock: Clock, log: ServerLog): Promise<Finding[]> {
  try {
    const server = await openDatabaseServer(config, log);
    try {
      return await ask(server.directUrl, { config, clock, log });
    } finally {
      await server.stop();
    }
  } catch (error) {
    const mend = 'Start PostgreSQL, or mend database.url (DATABASE_URL)';
    return [{ check: 'database', status: 'fail', detail: failureOf(error).detail, mend }];
  }
}

interface Asker {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: ServerLog;
}

async function ask(url: string, { config, clock, log }: Asker): Promise<Finding[]> {
  const store = new DoctorStore(url, config.database);
  const asked = clock.now();
  const { version, now } = await store.server();
  const skew = Math.round(now.getTime() - (asked + clock.now()) / 2);
  const pending = (await migrationStatus(url)).filter(({ applied }) => !applied).map(({ name }) => name);
  const findings = [serverFinding(config, version), clockFinding(config, skew), schemaFinding(pending)];
  if (pending.length > 0) return findings;
  const tables = await store.tables(clock.date());
  return [
    ...findings,
    keysFinding(config, await store.sealedKeys()),
    cleanupFinding(config, tables, clock.now()),
    feedFinding(tables),
    await wallFinding(url, config, log),
  ];
}

async function wallFinding(url: string, { database }: Config, log: ServerLog): Promise<Finding> {
  const check = 'row_level_security';
  if (database.rowLevelSecurity === 'off') return { check, status: 'ok', detail: 'off, by configuration' };
  const pool = openPool(url, 'latchkey-jobs', database, log);
  const { stands } = await TenantWall.raise(pool).finally(() => pool.end());
  if (stands) return { check, status: 'ok', detail: 'behind the requests of signed-in people' };
  const mend =
    'As a superuser, in this database: SELECT latchkey_grant_tenant_role(); GRANT latchkey_tenant TO <the role of database.url>';
  const status = database.rowLevelSecurity === 'require' ? 'fail' : 'warn';
  return { check, status, detail: 'the role latchkey_tenant cannot be taken', mend };
}

function serverFinding(config: Config, version: number): Finding {
  const major = Math.floor(version / 10_000);
  const detail = `${databaseText(config)}, version ${major}.${version % 10_000}`;
  const facts = { version: `${major}.${version % 10_000}`, embedded: !config.database.url };
  if (major >= OLDEST && major <= NEWEST) return { check: 'database', status: 'ok', detail, facts };
  const mend = `Versions ${OLDEST} to ${NEWEST} are tested`;
  return { check: 'database', status: major < OLDEST ? 'fail' : 'warn', detail, mend, facts };
}

function schemaFinding(pending: readonly string[]): Finding {
  if (pending.length === 0) return { check: 'schema', status: 'ok', detail: 'up to date' };
  const detail = `${pending.length} pending: ${pending.join(', ')}`;
  return { check: 'schema', status: 'fail', detail, mend: 'latchkey migrate', facts: { pending } };
}

function clockFinding({ auth }: Config, skew: number): Finding {
  const allowed = Math.max(auth.jwt.leeway, LEAST_SKEW);
  const difference = Math.abs(skew);
  const status = difference > allowed ? 'fail' : difference > allowed / 2 ? 'warn' : 'ok';
  const detail = `the database is ${difference} ms ${skew < 0 ? 'behind' : 'ahead'}`;
  const mend = `Synchronise both machines, for instance with chrony: beyond ${allowed} ms a service is not ready`;
  return { check: 'clock', status, detail, ...(status !== 'ok' && { mend }), facts: { skew_ms: skew } };
}

function keysFinding(config: Config, keys: readonly SealedKey[]): Finding {
  const root = config.auth.secret ?? keptRootSecret(config);
  const roots = root === null ? null : new RootKeys(root, config.auth.previousSecrets);
  const closed = keys.filter(({ sealed_by }) => !roots?.deriveWith(sealed_by, 'doctor'));
  if (closed.length === 0) return { check: 'signing_keys', status: 'ok', detail: `${keys.length} kept, all readable` };
  const detail = `${closed.length} of ${keys.length} were sealed with another root secret`;
  const mend = 'Give that secret in auth.secret or auth.previous_secrets, or the data_dir that keeps it';
  return { check: 'signing_keys', status: 'fail', detail, mend };
}

function cleanupFinding({ auth }: Config, { last_cleanup_at: last, overdue }: TableFacts, now: number): Finding {
  const { cleanupInterval } = auth.session;
  const facts = { last_cleanup_at: last, overdue_rows: overdue };
  const detail = `${last ? `last at ${last.toISOString()}` : 'never yet'}, ${overdue} rows are over`;
  const late = last ? now - last.getTime() > MISSED_CLEANUPS * cleanupInterval : overdue > 0;
  if (!late) return { check: 'cleanup', status: 'ok', detail, facts };
  const mend = `A running service cleans up every ${formatDuration(cleanupInterval)}; latchkey sessions purge does it now`;
  return { check: 'cleanup', status: 'warn', detail, mend, facts };
}

function feedFinding({ revocations, revocations_in_memory }: TableFacts): Finding {
  const facts = { rows: revocations, rows_in_memory: revocations_in_memory };
  const detail = `${revocations} rows, ${revocations_in_memory} of them in the memory of each process`;
  if (revocations_in_memory < MANY_REVOCATIONS) return { check: 'revocation_feed', status: 'ok', detail, facts };
  const mend = 'Revoke whole users or tenants instead of single sessions, or shorten auth.jwt.access_token_ttl';
  return { check: 'revocation_feed', status: 'warn', detail, mend, facts };
}
