import { loadConfig } from '../../src/config/load-config';
import { PROFILES, type Profile } from '../support/profiles';
import type { Settings } from '../support/test-app';
import { until } from '../support/until';
import { Service, useService } from './service';

const LIMIT = 3;
const WITH_ROWS = PROFILES.filter(({ row }) => row.list_sessions);
const WITHOUT_ROWS = PROFILES.filter(({ row }) => !row.list_sessions);

const limited = ({ settings }: Profile, more: Settings = {}): Settings => ({
  ...settings,
  'auth.session.max_per_user': LIMIT,
  // As many places for passwords that are being judged.
  'auth.lockout.max_attempts': 100,
  ...more,
});

describe.each(WITH_ROWS)('at the limit of sessions, $name', (profile) => {
  const service = useService({ settings: limited(profile) });

  it('a new login ends the oldest one, at once and for its refresh token too', async () => {
    const first = await service.signedIn();
    const later = [];
    for (let i = 0; i < LIMIT; i += 1) {
      service.clock.advance(1_000);
      later.push(await service.signedIn(first.person));
    }
    expect((await service.me(first.grant.access_token)).code).toBe('token_revoked');
    expect((await service.refresh(first.grant.refresh_token)).code).toBe('invalid_grant');
    for (const { grant } of later) expect((await service.me(grant.access_token)).status).toBe(200);
    expect(await service.sessions(later[0]!.grant.access_token)).toHaveLength(LIMIT);
    const ended = service.app.logged('session_revoked').filter((line) => line['session_id'] === first.sessionId);
    expect(ended).toMatchObject([{ reason: 'session_limit' }]);
  });

  it('twenty logins at once leave exactly three', async () => {
    const person = await service.person();
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.login(person)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const checked = await Promise.all(answers.map(({ body }) => service.me(body.access_token)));
    const live = answers.filter((_, i) => checked[i]!.status === 200);
    expect(live).toHaveLength(LIMIT);
    expect(await service.sessions(live[0]!.body.access_token)).toHaveLength(LIMIT);
  });

  it('refreshing takes no place, and a session that was ended or has expired gives its place back', async () => {
    const [first, second] = [await service.signedIn(), await service.signedIn()];
    const { person } = first;
    const mine = await service.signedIn(person);
    const refreshed = await service.refresh(first.grant.refresh_token);
    expect((await service.http.post('/auth/logout', { token: mine.grant.access_token, json: {} })).status).toBe(200);
    await service.signedIn(person);
    await service.signedIn(person);
    expect((await service.me(refreshed.body.access_token)).status).toBe(200);
    expect((await service.me(second.grant.access_token)).status).toBe(200);
  });

  it('another process learns of the end like of any other', async () => {
    const other = new Service({ settings: limited(profile), database: service.app.database });
    await other.start();
    const first = await service.signedIn();
    expect((await other.me(first.grant.access_token)).status).toBe(200);
    service.clock.advance(1_000);
    for (let i = 0; i < LIMIT; i += 1) await service.signedIn(first.person);
    await until('the other process refuses', async () => (await other.me(first.grant.access_token)).status === 401);
    await other.stop();
  });
});

describe.each(WITH_ROWS)('at a limit that refuses, $name', (profile) => {
  const service = useService({ settings: limited(profile, { 'auth.session.on_limit': 'refuse' }) });

  it('a login beyond it is a conflict, and nothing else ends', async () => {
    const person = await service.person();
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.login(person)));
    const let_in = answers.filter(({ status }) => status === 200);
    expect(let_in).toHaveLength(LIMIT);
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ code }) => code))).toEqual(
      new Set(['conflict']),
    );
    expect(service.app.logged('login_failed').every(({ reason }) => reason === 'session_limit')).toBe(true);
    const token = let_in[0]!.body.access_token;
    expect((await service.http.post('/auth/logout', { token, json: {} })).status).toBe(200);
    expect((await service.login(person)).status).toBe(200);
  });

  it('a wrong password is answered as always', async () => {
    const { person } = await service.signedIn();
    await service.signedIn(person);
    await service.signedIn(person);
    expect((await service.login(person, { password: 'not the password' })).code).toBe('invalid_credentials');
  });
});

describe.each(WITHOUT_ROWS)('a limit of sessions, $name', ({ settings }) => {
  it('stops the start, because there is nothing to count', () => {
    const variables = Object.entries({ ...settings, 'auth.session.max_per_user': 3 }).map(([key, value]) => [
      `LATCHKEY__${key.toUpperCase().replaceAll('.', '__')}`,
      String(value),
    ]);
    const env = { NODE_ENV: 'test', ...(Object.fromEntries(variables) as Record<string, string>) };
    expect(() => loadConfig({ env, cwd: process.cwd() })).toThrow(/auth\.session\.max_per_user cannot hold/);
  });
});
