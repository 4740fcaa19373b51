import { randomUUID } from 'node:crypto';
import { PROFILES } from '../support/profiles';
import { DAY, HOUR, MINUTE } from '../support/test-app';
import { useService, type Person, type SignedIn } from './service';

interface Logout {
  readonly takes_effect: string;
  readonly access_token_valid_until: string | null;
}

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0';

describe.each(PROFILES)('logout, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const atOnce = row.logout_takes_effect === 'at_once';

  function logout(token: string) {
    return service.http.post<Logout>('/auth/logout', { token });
  }

  it('ends the login at once, or says until when its token lives on', async () => {
    const { grant } = await service.signedIn();
    const { status, body } = await logout(grant.access_token);
    expect(status).toBe(200);
    expect(body).toEqual({
      takes_effect: row.logout_takes_effect,
      access_token_valid_until: atOnce ? null : grant.expires_at,
    });
    expect((await service.me(grant.access_token)).code).toBe(atOnce ? 'token_revoked' : '200');
  });

  it('refuses the refresh token of the login that was ended, where anything can end it', async () => {
    const { grant } = await service.signedIn();
    await logout(grant.access_token);
    expect((await service.refresh(grant.refresh_token)).code).toBe(atOnce ? 'invalid_grant' : '200');
  });

  it('keeps its word about the date', async () => {
    const { grant } = await service.signedIn();
    const { access_token_valid_until: until } = (await logout(grant.access_token)).body;
    service.clock.advance(Date.parse(until ?? grant.expires_at) - service.clock.now() + MINUTE);
    expect((await service.me(grant.access_token)).status).toBe(401);
  });

  it('ends every token of the login, the replaced one too', async () => {
    const { grant } = await service.signedIn();
    const next = (await service.refresh(grant.refresh_token)).body;
    await logout(next.access_token);
    for (const token of [grant.access_token, next.access_token]) {
      expect((await service.me(token)).code).toBe(atOnce ? 'token_revoked' : '200');
    }
  });

  it('leaves the other logins of the same person alone', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    await logout(grant.access_token);
    expect((await service.me(other.grant.access_token)).status).toBe(200);
    expect((await service.refresh(other.grant.refresh_token)).status).toBe(200);
  });

  it('needs a token, and takes an empty object but nothing in it', async () => {
    const { grant } = await service.signedIn();
    expect((await service.http.post('/auth/logout')).code).toBe('missing_token');
    const someoneElse = { user_id: randomUUID(), session_id: randomUUID() };
    const answer = await service.http.post('/auth/logout', { token: grant.access_token, json: someoneElse });
    expect(answer.code).toBe('validation_failed');
    expect((await service.http.post('/auth/logout', { token: grant.access_token, json: {} })).status).toBe(200);
  });

  it('does not succeed twice where it took effect', async () => {
    const { grant } = await service.signedIn();
    await logout(grant.access_token);
    expect((await logout(grant.access_token)).status).toBe(atOnce ? 401 : 200);
  });
});

describe.each(PROFILES)('sessions, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const listed = row.list_sessions;
  const UNSUPPORTED = { status: 409, code: 'unsupported_in_mode' };

  function revoke(by: SignedIn, id: string) {
    return service.http.delete(`/auth/sessions/${id}`, { token: by.grant.access_token });
  }

  function revokeAll(by: SignedIn, query = '') {
    return service.http.delete(`/auth/sessions${query}`, { token: by.grant.access_token });
  }

  async function isAlive({ grant }: SignedIn): Promise<boolean> {
    const me = await service.me(grant.access_token);
    const refreshed = await service.refresh(grant.refresh_token);
    expect(refreshed.status === 200).toBe(me.status === 200);
    return me.status === 200;
  }

  async function three(person: Person): Promise<[SignedIn, SignedIn, SignedIn]> {
    return [await service.signedIn(person), await service.signedIn(person), await service.signedIn(person)];
  }

  it('lists the logins of the person who asks, with their own marked', async () => {
    const person = await service.person();
    const mine = await service.signedIn(person);
    const other = await service.signedIn(person, {}, { headers: { 'user-agent': FIREFOX } });
    await service.signedIn();
    const answer = await service.http.get('/auth/sessions', { token: mine.grant.access_token });
    if (!listed) {
      expect(answer).toMatchObject(UNSUPPORTED);
      return;
    }
    const sessions = await service.sessions(mine.grant.access_token);
    expect(sessions.map(({ id }) => id).sort()).toEqual([mine.sessionId, other.sessionId].sort());
    expect(sessions.find(({ current }) => current)?.id).toBe(mine.sessionId);
    const firefox = sessions.find(({ id }) => id === other.sessionId);
    expect(firefox).toMatchObject({ user_agent: FIREFOX, device: 'Firefox on Windows', ip_address: '127.0.0.1' });
    expect(firefox).toMatchObject({ current: false, amr: ['pwd'] });
  });

  it('lists no login that is over', async () => {
    const person = await service.person();
    const short = await service.signedIn(person, { remember: false });
    const revoked = await service.signedIn(person);
    const loggedOut = await service.signedIn(person);
    await service.http.post('/auth/logout', { token: loggedOut.grant.access_token });
    await revoke(short, revoked.sessionId);
    service.clock.advance(DAY + HOUR);
    const now = await service.signedIn(person);
    if (!listed) {
      const answer = await service.http.get('/auth/sessions', { token: now.grant.access_token });
      expect(answer).toMatchObject(UNSUPPORTED);
      return;
    }
    expect((await service.sessions(now.grant.access_token)).map(({ id }) => id)).toEqual([now.sessionId]);
  });

  it('ends one login, and no other', async () => {
    const [mine, target, bystander] = await three(await service.person());
    const answer = await revoke(mine, target.sessionId);
    if (row.revoke_session === false) {
      expect(answer).toMatchObject(UNSUPPORTED);
      expect(await isAlive(target)).toBe(true);
      return;
    }
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect([await isAlive(target), await isAlive(mine), await isAlive(bystander)]).toEqual([false, true, true]);
  });

  it('lets a person end the login they are using', async () => {
    const mine = await service.signedIn();
    const answer = await revoke(mine, mine.sessionId);
    expect(answer.status).toBe(row.revoke_session === false ? 409 : 204);
    expect(await isAlive(mine)).toBe(row.revoke_session === false);
  });

  it('does not find a login that never was or was ended before, where logins are listed', async () => {
    const [mine, target] = await three(await service.person());
    const expected = { listed: [404, 204, 404], by_sid: [204, 204, 204], false: [409, 409, 409] };
    const answers = [randomUUID(), target.sessionId, target.sessionId];
    const statuses: number[] = [];
    for (const id of answers) statuses.push((await revoke(mine, id)).status);
    expect(statuses).toEqual(expected[`${row.revoke_session}`]);
  });

  it('leaves the login of another person alone', async () => {
    const [mine, theirs] = [await service.signedIn(), await service.signedIn()];
    const expected = { listed: 404, by_sid: 204, false: 409 };
    expect((await revoke(mine, theirs.sessionId)).status).toBe(expected[`${row.revoke_session}`]);
    expect(await isAlive(theirs)).toBe(true);
  });

  it('revives no login that was ended, when somebody else ends it in their own name', async () => {
    const [owner, thief] = [await service.signedIn(), await service.signedIn()];
    await revoke(owner, owner.sessionId);
    await revoke(thief, owner.sessionId);
    expect(await isAlive(owner)).toBe(row.revoke_session === false);
  });

  it.each(['current', 'all', '0', 'null', '%27%20OR%201=1--', '00000000-0000-0000-0000-00000000000g'])(
    'refuses %s for an id',
    async (id) => {
      expect(await revoke(await service.signedIn(), id)).toMatchObject({ status: 400, code: 'validation_failed' });
    },
  );

  it('ends every login of the person, their own too, and of nobody else', async () => {
    const [mine, second, third] = await three(await service.person());
    const stranger = await service.signedIn();
    const answer = await revokeAll(mine);
    const revocable = row.revoke_all_sessions;
    expect(answer).toMatchObject(revocable ? { status: 204, text: '' } : UNSUPPORTED);
    for (const login of [mine, second, third]) expect(await isAlive(login)).toBe(!revocable);
    expect(await isAlive(stranger)).toBe(true);
  });

  it('ends every login but the current one', async () => {
    const [mine, second, third] = await three(await service.person());
    const revocable = row.revoke_all_sessions;
    expect((await revokeAll(mine, '?except=current')).status).toBe(revocable ? 204 : 409);
    for (const login of [second, third]) expect(await isAlive(login)).toBe(!revocable);
    expect(await isAlive(mine)).toBe(true);
  });

  it('lets a person sign in again after everything was ended', async () => {
    const mine = await service.signedIn();
    await revokeAll(mine);
    expect(await isAlive(await service.signedIn(mine.person))).toBe(true);
  });

  it('ends what was spared before, when it is told to spare another login', async () => {
    const [mine, second, third] = await three(await service.person());
    const revocable = row.revoke_all_sessions;
    await revokeAll(mine, '?except=current');
    const later = await service.signedIn(mine.person);
    await revokeAll(later, '?except=current');
    expect(await isAlive(later)).toBe(true);
    for (const login of [mine, second, third]) expect(await isAlive(login)).toBe(!revocable);
  });

  it.each([
    '?except=',
    '?except=all',
    '?except=current&except=current',
    '?user_id=1',
    '?except[]=current',
    '?__proto__=1',
    '?__proto__=1&except=current',
    '?%5F_proto__=1',
    '?constructor=1',
    '?constructor=1&constructor=2',
    '?prototype=1',
    '?toString=1',
    '?hasOwnProperty=1',
  ])('does not understand %s, and ends nothing', async (query) => {
    const [mine, second] = await three(await service.person());
    expect(await revokeAll(mine, query)).toMatchObject({ status: 400, code: 'validation_failed' });
    expect(await isAlive(second)).toBe(true);
  });
});
