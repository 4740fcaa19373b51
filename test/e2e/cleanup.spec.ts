import { CleanupJob } from '../../src/maintenance/cleanup.job';
import { PROFILES } from '../support/profiles';
import { HOUR } from '../support/test-app';
import { withClient } from '../support/test-database';
import { useService } from './service';

const TABLES = ['sessions', 'consumed_refresh_tokens', 'revocations', 'connection_tickets'] as const;

describe.each(PROFILES)('the cleanup, $name', ({ settings, row }) => {
  const service = useService({ settings });

  const query = <Row extends object>(sql: string): Promise<Row[]> =>
    withClient(service.app.database.url, async (client) => (await client.query<Row>(sql)).rows);

  async function counts(): Promise<Record<string, number>> {
    const of = TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
    return (await query<Record<string, number>>(`SELECT ${of.join(', ')}`))[0] ?? {};
  }

  const expireAll = (when: string): Promise<unknown> =>
    Promise.all(TABLES.map((table) => query(`UPDATE ${table} SET expires_at = ${when}`)));

  it('removes nothing that is over by a clock that runs ahead alone, and everything that is over', async () => {
    const { grant } = await service.signedIn();
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
    await service.http.post('/auth/ticket', { token: grant.access_token });
    const leaving = await service.signedIn();
    await service.http.post('/auth/logout', { token: leaving.grant.access_token });
    await expireAll(`now() + interval '1 hour'`);
    const before = await counts();
    expect(before['connection_tickets']).toBe(1);
    if (row.revoke_session) expect(before['consumed_refresh_tokens']).toBe(1);

    service.clock.advance(2 * HOUR);
    await service.app.provider(CleanupJob).run();
    expect(await counts()).toEqual(before);

    await expireAll('now()');
    await service.app.provider(CleanupJob).run();
    expect(await counts()).toEqual(Object.fromEntries(TABLES.map((table) => [table, 0])));
  });
});
