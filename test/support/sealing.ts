import type { AuditSealer } from '../../src/audit/audit-sealer';
import { withClient, type TestDatabase } from './test-database';
import { until } from './until';

/** One seal over all that happened. A transaction of another test, in another database, delays it while it lasts. */
export async function sealEverything(sealer: AuditSealer, database: TestDatabase): Promise<void> {
  await belowTheHorizon(database);
  expect(await sealer.seal()).toBeGreaterThan(0);
}

const belowTheHorizon = (database: TestDatabase): Promise<void> =>
  withClient(database.url, (client) =>
    until('every event is below the horizon', async () => {
      const { rows } = await client.query<{ above: string }>(
        `SELECT count(*) AS above FROM audit_events WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())`,
      );
      return rows[0]?.above === '0';
    }),
  );
