import { randomBytes } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { formatOpaqueToken } from '../../src/strategy/opaque-token';
import { PROFILES } from '../support/profiles';
import { DAY, MINUTE, SECOND } from '../support/test-app';
import { withClient } from '../support/test-database';
import { until } from '../support/until';
import { claimsOf, useService, type Grant } from './service';

/** What of a token must be the same when it is given a second time. */
function identity(token: string): unknown {
  if (!token.startsWith('eyJ')) return token;
  const { jti, iat, exp } = claimsOf(token);
  return { jti, iat, exp };
}

describe.each(PROFILES)('refresh, $name', ({ settings, row }) => {
  const service = useService({ settings });
  /** False in the profile that keeps nothing by which a second refresh could be known. */
  const decidesOnce = row.revoke_session !== false;

  async function refreshed(token: string): Promise<Grant> {
    const { status, body, text } = await service.refresh(token);
    if (status !== 200) throw new Error(text);
    return body;
  }

  function deadlineOf(grant: Grant): number {
    return grant.session ? Date.parse(grant.session['expires_at']!) : claimsOf(grant.refresh_token).exp * SECOND;
  }

  it('gives a new pair that works, for the same login', async () => {
    const { grant, sessionId } = await service.signedIn();
    service.clock.advance(SECOND);
    const next = await refreshed(grant.refresh_token);
    expect(next.access_token).not.toBe(grant.access_token);
    expect(next.refresh_token).not.toBe(grant.refresh_token);
    expect(next.user).toEqual(grant.user);
    expect((await service.me(next.access_token)).body).toMatchObject({ session_id: sessionId, amr: ['pwd'] });
  });

  it('keeps the kind of token', async () => {
    const next = await refreshed((await service.signedIn()).grant.refresh_token);
    expect(next.access_token.startsWith('eyJ')).toBe(row.access_token === 'jwt');
    expect(next.refresh_token.startsWith('eyJ')).toBe(row.refresh_token === 'jwt');
  });

  it('gives a retry inside the window the same pair, where anything is kept', async () => {
    const { grant } = await service.signedIn();
    const first = await refreshed(grant.refresh_token);
    service.clock.advance(25 * SECOND);
    const again = await refreshed(grant.refresh_token);
    expect((await service.me(again.access_token)).status).toBe(200);
    const pair = ({ access_token, refresh_token }: Grant) => [identity(access_token), identity(refresh_token)];
    if (decidesOnce) expect(pair(again)).toEqual(pair(first));
    else expect(pair(again)).not.toEqual(pair(first));
    expect(deadlineOf(again)).toBe(deadlineOf(first));
  });

  it('gives tabs that refresh at once one and the same pair, where anything is kept', async () => {
    const { grant } = await service.signedIn();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refreshed(grant.refresh_token)));
    const pairs = answers.map((each) => JSON.stringify([identity(each.access_token), identity(each.refresh_token)]));
    expect(new Set(pairs).size).toBe(decidesOnce ? 1 : 20);
    expect((await service.refresh(answers[7]!.refresh_token)).status).toBe(200);
  });

  it('closes the window when the successor is used: the parent then ends the login', async () => {
    const { grant } = await service.signedIn();
    const second = await refreshed(grant.refresh_token);
    const third = await refreshed(second.refresh_token);
    const reuse = await service.refresh(grant.refresh_token);
    if (!decidesOnce) {
      expect(reuse.status).toBe(200);
      return;
    }
    expect(reuse).toMatchObject({ status: 401, code: 'refresh_token_reused' });
    expect((await service.refresh(third.refresh_token)).code).toBe('invalid_grant');
    expect((await service.me(third.access_token)).code).toBe('token_revoked');
  });

  it('ends the login when a token is used again after the window', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    const next = await refreshed(grant.refresh_token);
    service.clock.advance(31 * SECOND);
    const reuse = await service.refresh(grant.refresh_token);
    expect(reuse.code).toBe(decidesOnce ? 'refresh_token_reused' : '200');
    expect((await service.me(next.access_token)).code).toBe(decidesOnce ? 'token_revoked' : '200');
    expect((await service.refresh(next.refresh_token)).code).toBe(decidesOnce ? 'invalid_grant' : '200');
    expect((await service.me(other.grant.access_token)).status).toBe(200);
    expect((await service.refresh(other.grant.refresh_token)).status).toBe(200);
  });

  it('answers the same once a login was ended by reuse, whichever of its tokens comes', async () => {
    const { grant } = await service.signedIn();
    const next = await refreshed(grant.refresh_token);
    service.clock.advance(31 * SECOND);
    await service.refresh(grant.refresh_token);
    for (const token of [grant.refresh_token, next.refresh_token]) {
      expect((await service.refresh(token)).code).toBe(decidesOnce ? 'invalid_grant' : '200');
    }
  });

  it('honours the access token that was replaced for as long as the window, so that other tabs go on', async () => {
    const { grant } = await service.signedIn();
    await refreshed(grant.refresh_token);
    service.clock.advance(25 * SECOND);
    expect((await service.me(grant.access_token)).status).toBe(200);
    service.clock.advance(MINUTE);
    // A JWT lives until it expires: nobody is asked about it.
    expect((await service.me(grant.access_token)).code).toBe(row.access_token === 'jwt' ? '200' : 'token_expired');
  });

  it('refuses the access token of the generation before the last', async () => {
    const { grant } = await service.signedIn();
    const second = await refreshed(grant.refresh_token);
    service.clock.advance(MINUTE);
    await refreshed(second.refresh_token);
    expect((await service.me(grant.access_token)).code).toBe(row.access_token === 'jwt' ? '200' : 'invalid_token');
  });

  it('refuses a secret made up for a login that is known, and leaves the login alone', async () => {
    const { grant, sessionId } = await service.signedIn();
    const claims = claimsOf(grant.refresh_token.startsWith('eyJ') ? grant.refresh_token : 'x.e30');
    const madeUp = [
      formatOpaqueToken('refresh', { sessionId, secret: randomBytes(32) }),
      jsonwebtoken.sign({ ...claims, sid: sessionId, jti: 'made-up' }, 'a key that the service has never seen, ever'),
    ];
    for (const token of madeUp)
      expect(await service.refresh(token)).toMatchObject({ status: 401, code: 'invalid_grant' });
    expect((await service.me(grant.access_token)).status).toBe(200);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });

  it('never moves the deadline of the login', async () => {
    let { grant } = await service.signedIn();
    const deadline = deadlineOf(grant);
    const life = deadline - service.clock.now();
    for (let i = 0; i < 30; i += 1) {
      service.clock.advance(life / 31);
      grant = await refreshed(grant.refresh_token);
      expect(deadlineOf(grant)).toBe(deadline);
      expect(Date.parse(grant.expires_at)).toBeLessThanOrEqual(deadline);
    }
    service.clock.advance(life / 31 + MINUTE);
    expect(await service.refresh(grant.refresh_token)).toMatchObject({ status: 401, code: 'invalid_grant' });
    expect((await service.me(grant.access_token)).code).toBe('token_expired');
  });

  it('refuses a refresh token that was never used in time, and a replay after the deadline', async () => {
    const { grant } = await service.signedIn();
    const used = await service.signedIn();
    await refreshed(used.grant.refresh_token);
    service.clock.advance(31 * DAY);
    expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    expect((await service.refresh(used.grant.refresh_token)).code).toBe('invalid_grant');
  });

  it('says since when the token of a retry counts its life', async () => {
    const { grant } = await service.signedIn();
    const first = await refreshed(grant.refresh_token);
    service.clock.advance(20 * SECOND);
    const again = await refreshed(grant.refresh_token);
    if (decidesOnce) expect([again.expires_at, again.expires_in]).toEqual([first.expires_at, first.expires_in]);
    else expect(Date.parse(again.expires_at)).toBeGreaterThan(Date.parse(first.expires_at));
  });

  it('records replays and reuse', async () => {
    const { person, grant } = await service.signedIn();
    await refreshed(grant.refresh_token);
    await refreshed(grant.refresh_token);
    service.clock.advance(31 * SECOND);
    await service.refresh(grant.refresh_token);
    const count = (event: string) =>
      service.app.logged(event).filter((line) => line['user_id'] === person.userId).length;
    expect([count('refresh_replayed'), count('refresh_reused')]).toEqual(decidesOnce ? [1, 1] : [0, 0]);
  });
});

describe.each(PROFILES)('refresh without a window, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'auth.refresh_reuse_window': '0s' } });

  it('takes the second use for theft at once, where anything is kept', async () => {
    const { grant } = await service.signedIn();
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
    service.clock.advance(1);
    const { code } = await service.refresh(grant.refresh_token);
    expect(code).toBe(row.revoke_session === false ? '200' : 'refresh_token_reused');
  });

  it('takes a second use at the same moment for theft too, where anything is kept', async () => {
    const { grant } = await service.signedIn();
    const codes = await withClient(service.app.database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE consumed_refresh_tokens IN SHARE MODE');
      const answers = Array.from({ length: 20 }, () => service.refresh(grant.refresh_token));
      service.clock.advance(1);
      await client.query('SELECT pg_sleep(0.2)');
      service.clock.advance(1);
      await client.query('COMMIT');
      return (await Promise.all(answers)).map(({ code }) => code);
    });
    if (row.revoke_session === false) expect(new Set(codes)).toEqual(new Set(['200']));
    else expect(codes).toContain('refresh_token_reused');
    expect((await service.me(grant.access_token)).code).toBe(row.revoke_session === false ? '200' : 'token_revoked');
  });
});

describe.each(PROFILES)('refreshing often, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'auth.refreshes_per_minute': 5 } });
  const recorded = row.revoke_session !== false;

  async function chain(first: Grant, length: number): Promise<Grant[]> {
    const grants = [first];
    for (let i = 0; i < length; i += 1) grants.push((await service.refresh(grants[i]!.refresh_token)).body);
    return grants;
  }

  it('is stopped where each refresh leaves a row, without using the token up', async () => {
    const last = (await chain((await service.signedIn()).grant, 5)).at(-1)!;
    service.clock.advance(20 * SECOND);
    const refused = await service.refresh(last.refresh_token);
    if (!recorded) {
      expect(refused.status).toBe(200);
      return;
    }
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(30);
    expect(wait).toBeLessThanOrEqual(41);
    expect((await service.me(last.access_token)).status).toBe(200);
    service.clock.advance((wait - 2) * SECOND);
    expect((await service.refresh(last.refresh_token)).code).toBe('rate_limited');
    service.clock.advance(3 * SECOND);
    expect((await service.refresh(last.refresh_token)).status).toBe(200);
  });

  it('is not stopped for the first of many who ask at once for the last place', async () => {
    const last = (await chain((await service.signedIn()).grant, 4)).at(-1)!;
    const answers = await Promise.all(Array.from({ length: 10 }, () => service.refresh(last.refresh_token)));
    for (const { status } of answers) expect(status).toBe(200);
    const refused = await service.refresh(answers[0]!.body.refresh_token);
    expect(refused.code).toBe(recorded ? 'rate_limited' : '200');
  });

  it('still answers replays, and still ends a login whose token is used again', async () => {
    const grants = await chain((await service.signedIn()).grant, 5);
    expect((await service.refresh(grants[4]!.refresh_token)).status).toBe(200);
    const reuse = await service.refresh(grants[0]!.refresh_token);
    expect(reuse.code).toBe(recorded ? 'refresh_token_reused' : '200');
    expect((await service.refresh(grants[5]!.refresh_token)).code).toBe(recorded ? 'invalid_grant' : '200');
  });

  it('is counted for each login, and says nothing to a made-up secret', async () => {
    const { person, grant, sessionId } = await service.signedIn();
    await chain(grant, 5);
    const other = await service.signedIn(person);
    expect((await service.refresh(other.grant.refresh_token)).status).toBe(200);
    const madeUp = formatOpaqueToken('refresh', { sessionId, secret: randomBytes(32) });
    expect((await service.refresh(madeUp)).code).toBe('invalid_grant');
  });
});

const KEEPING = PROFILES.filter(({ row }) => row.revoke_session !== false);

describe.each(KEEPING)('a crowd that comes with one refresh token, $name', ({ settings }) => {
  const service = useService({ settings });
  const WAITING = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE d.datname = current_database() AND NOT l.granted`;

  it('occupies one connection to the database, and each of it gets the answer', async () => {
    const { grant, person } = await service.signedIn();
    const refresh = () => service.refresh(grant.refresh_token);
    const occupied: (number | null)[] = [];
    const answers = await withClient(service.app.database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE consumed_refresh_tokens IN SHARE MODE');
      const waiting = async () => (await client.query(WAITING)).rowCount;
      const first = refresh();
      await until('the first one is being decided', async () => (await waiting()) === 1);
      const others = Array.from({ length: 100 }, refresh);
      for (let look = 0; look < 10; look += 1) {
        await service.http.get('/health/live');
        occupied.push(await waiting());
      }
      await client.query('COMMIT');
      return Promise.all([first, ...others]);
    });
    expect(occupied).toEqual(Array(10).fill(1));
    for (const { status, body } of answers) {
      expect([status, identity(body.refresh_token)]).toEqual([200, identity(answers[0]!.body.refresh_token)]);
    }
    const answered = service.app.logged('login_refreshed').filter((line) => line['user_id'] === person.userId);
    expect(answered).toHaveLength(101);
  });
});
