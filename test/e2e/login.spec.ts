import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/http-client';
import { PROFILES } from '../support/profiles';
import { DAY, HOUR, MINUTE, SECOND, unique } from '../support/test-app';
import { PASSWORD, useService, type Grant, type Person } from './service';

const WRONG = 'wrong horse battery staple';

/** All that a client can tell two refusals apart by. */
function visible({ status, headers, body }: Answer<unknown>): object {
  const kept = ['content-type', 'www-authenticate', 'retry-after', 'cache-control', 'content-length'];
  return { status, body: { ...(body as object), request_id: '' }, headers: kept.map((name) => headers.get(name)) };
}

describe.each(PROFILES)('login, $name', ({ settings, row }) => {
  const service = useService({ settings });

  function post(json: object): Promise<Answer<Grant>> {
    return service.http.post<Grant>('/auth/login', { json });
  }

  async function wrong(person: Person, times: number): Promise<string[]> {
    const codes: string[] = [];
    for (let i = 0; i < times; i += 1) codes.push((await service.login(person, { password: WRONG })).code);
    return codes;
  }

  it('tells clients what the mode can do', async () => {
    const { status, body } = await service.http.get<object>('/auth/mode');
    expect(status).toBe(200);
    expect(body).toEqual({
      ...row,
      accepts: ['stateful', 'stateless'],
      login_identifier: 'either',
      registration: 'open',
    });
  });

  it('recognises whoever signed in on the next request', async () => {
    const { person, grant, sessionId } = await service.signedIn();
    const { status, body } = await service.me(grant.access_token);
    expect(status).toBe(200);
    expect(body).toEqual({
      user: grant.user,
      mode: row.mode,
      session_id: sessionId,
      expires_at: grant.expires_at,
      amr: ['pwd'],
      auth_time: expect.any(String),
    });
    expect(body.user).toEqual({
      id: person.userId,
      tenant_id: person.tenantId,
      email: person.email,
      username: person.username,
      name: 'Ada',
      roles: [],
    });
    expect(Math.abs(Date.parse(body.auth_time) - service.clock.now())).toBeLessThan(10 * SECOND);
  });

  it('finds people by e-mail address and by username, in any case', async () => {
    const { email, username, password } = await service.person();
    const names = [
      { email },
      { email: email.toUpperCase() },
      { username },
      { username: username.toUpperCase() },
      { email: username },
      { username: email },
    ];
    for (const name of names) expect((await post({ ...name, password })).status).toBe(200);
  });

  it('finds nobody by a look-alike of the name', async () => {
    const { password } = await service.person({ username: 'kiss-the-look-alike' });
    for (const username of [
      'ｋiss-the-look-alike',
      '\u212aiss-the-look-alike',
      'kıss-the-look-alike',
      'kiss-the-look-alike ',
    ]) {
      expect((await post({ username, password })).code).toBe('invalid_credentials');
    }
  });

  it('starts another login each time', async () => {
    const person = await service.person();
    const [first, second] = [await service.signedIn(person), await service.signedIn(person)];
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(second.grant.access_token).not.toBe(first.grant.access_token);
    expect(second.grant.refresh_token).not.toBe(first.grant.refresh_token);
    expect((await service.me(first.grant.access_token)).status).toBe(200);
  });

  it('refuses a wrong password, an unknown person and an unknown tenant with one and the same answer', async () => {
    const person = await service.person();
    const answers = [
      await service.login(person, { password: WRONG }),
      await service.login(person, { email: `${unique('nobody')}@example.com` }),
      await service.login(person, { email: undefined, username: unique('nobody') }),
      await service.login(person, { email: 'no address at all' }),
      await service.login(person, { tenant_id: randomUUID() }),
    ];
    expect(visible(answers[0]!)).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
    for (const answer of answers) expect(visible(answer)).toEqual(visible(answers[0]!));
  });

  it.each([
    ['longer by a space', `${PASSWORD} `],
    ['in other capitals', PASSWORD.toUpperCase()],
    ['with a NUL behind it', `${PASSWORD}\u0000`],
    ['cut short', PASSWORD.slice(0, -1)],
  ])('refuses the password %s', async (_, password) => {
    expect((await service.login(await service.person(), { password })).code).toBe('invalid_credentials');
  });

  it('refuses somebody without a password, whatever they send', async () => {
    const person = await service.person({ password: null });
    for (const password of ['null', 'undefined', ' ', PASSWORD]) {
      expect((await service.login(person, { password })).code).toBe('invalid_credentials');
    }
  });

  it('locks an account after five wrong passwords, against the right one too, and says for how long', async () => {
    const person = await service.person();
    expect(await wrong(person, 5)).toEqual(Array(5).fill('invalid_credentials'));
    const answer = await service.login(person);
    expect(answer).toMatchObject({ status: 429, code: 'account_locked' });
    const seconds = Number(answer.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(14 * 60);
    expect(seconds).toBeLessThanOrEqual(15 * 60);
    expect(answer.body).toMatchObject({ retry_after: seconds });
  });

  it('locks an account that does not exist in the same way', async () => {
    const nobody = { ...(await service.person()), email: `${unique('nobody')}@example.com` };
    expect(await wrong(nobody, 6)).toEqual([...Array(5).fill('invalid_credentials'), 'account_locked']);
  });

  it('counts the spellings of one name together', async () => {
    const person = await service.person();
    await wrong(person, 3);
    await wrong({ ...person, email: person.email.toUpperCase() }, 2);
    expect((await service.login(person)).code).toBe('account_locked');
  });

  it('opens a locked account when its time is over', async () => {
    const person = await service.person();
    await wrong(person, 5);
    service.clock.advance(14 * MINUTE);
    expect((await service.login(person)).code).toBe('account_locked');
    service.clock.advance(MINUTE + SECOND);
    expect((await service.login(person)).status).toBe(200);
  });

  it('forgets wrong passwords after a right one', async () => {
    const person = await service.person();
    await wrong(person, 4);
    expect((await service.login(person)).status).toBe(200);
    expect(await wrong(person, 4)).toEqual(Array(4).fill('invalid_credentials'));
    expect((await service.login(person)).status).toBe(200);
  });

  it('lets nobody lock the logins that are there', async () => {
    const { person, grant } = await service.signedIn();
    await wrong(person, 6);
    expect((await service.me(grant.access_token)).status).toBe(200);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });

  it('tells that an account is disabled only after the right password', async () => {
    const person = await service.person();
    await service.changes.disable(person);
    expect(await service.login(person)).toMatchObject({ status: 403, code: 'account_disabled' });
    expect((await service.login(person, { password: WRONG })).code).toBe('invalid_credentials');
  });

  it('keeps people signed in unless they say otherwise', async () => {
    const { grant } = await service.signedIn();
    service.clock.advance(DAY + MINUTE);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });

  it('ends a login that was not to be remembered after a day, however often it is refreshed', async () => {
    let { grant } = await service.signedIn(undefined, { remember: false });
    for (let hours = 0; hours < 24; hours += 8) {
      service.clock.advance(8 * HOUR - MINUTE);
      grant = (await service.refresh(grant.refresh_token)).body;
      expect((await service.me(grant.access_token)).status).toBe(200);
    }
    service.clock.advance(4 * MINUTE);
    expect((await service.me(grant.access_token)).code).toBe('token_expired');
    expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
  });

  it('records who signed in and who failed, and no password', async () => {
    const { person, sessionId } = await service.signedIn();
    await wrong(person, 1);
    const ofPerson = (event: string) => service.app.logged(event).filter(({ user_id }) => user_id === person.userId);
    expect(ofPerson('login_succeeded')).toMatchObject([{ tenant_id: person.tenantId, session_id: sessionId }]);
    expect(ofPerson('login_failed')).toMatchObject([{ reason: 'wrong_password', ip_address: '127.0.0.1' }]);
    const log = JSON.stringify(service.app.logs);
    for (const secret of [PASSWORD, WRONG, person.email]) expect(log).not.toContain(secret);
  });
});

describe.each(PROFILES)('login by one kind of name, $name', ({ settings }) => {
  const byEmail = useService({ settings: { ...settings, 'auth.login.identifier': 'email' } });
  const byUsername = useService({ settings: { ...settings, 'auth.login.identifier': 'username' } });

  it('finds nobody by a username where only addresses count', async () => {
    const { email, username, password } = await byEmail.person();
    const login = (json: object) => byEmail.http.post('/auth/login', { json: { ...json, password } });
    expect((await login({ email })).status).toBe(200);
    expect((await login({ email: username })).code).toBe('invalid_credentials');
    expect((await login({ username })).code).toBe('invalid_credentials');
  });

  it('finds nobody by an address where only usernames count', async () => {
    const { email, username, password } = await byUsername.person();
    const login = (json: object) => byUsername.http.post('/auth/login', { json: { ...json, password } });
    expect((await login({ username })).status).toBe(200);
    expect((await login({ email: username })).status).toBe(200);
    expect((await login({ email })).code).toBe('invalid_credentials');
  });
});
