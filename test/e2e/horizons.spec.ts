import { PROFILES } from '../support/profiles';
import { MINUTE } from '../support/test-app';
import { withClient } from '../support/test-database';
import { useService } from './service';

const BREAK = `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cannot be recorded'; END $$;
  CREATE TRIGGER refuse BEFORE UPDATE OF access_horizon ON instance FOR EACH ROW EXECUTE FUNCTION refuse()`;
const MEND = 'DROP TRIGGER refuse ON instance; DROP FUNCTION refuse';

describe.each(PROFILES)('while horizons cannot be recorded, $name', ({ settings }) => {
  const service = useService({ settings });
  const sql = (text: string) => withClient(service.app.database.url, (client) => client.query(text));

  it('nothing is issued beyond what was recorded, and everything again once it can be', async () => {
    const { person, grant } = await service.signedIn();
    await sql(BREAK);
    service.clock.advance(29 * MINUTE);
    expect((await service.login(person)).status).toBe(200);
    service.clock.advance(2 * MINUTE);
    for (const refused of [await service.login(person), await service.refresh(grant.refresh_token)]) {
      expect(refused).toMatchObject({ status: 503, code: 'unavailable' });
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    await sql(MEND);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
    expect((await service.login(person)).status).toBe(200);
  });
});
