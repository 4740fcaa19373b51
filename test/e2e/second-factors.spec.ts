import { PROFILES } from '../support/profiles';
import type { Answer, Problem } from '../support/http-client';
import { AuthenticatorApp } from '../support/authenticator';
import { DAY, HOUR, MINUTE } from '../support/test-app';
import { withClient } from '../support/test-database';
import { AccountChanges } from '../../src/identity/account-changes.service';
import { FactorChanges } from '../../src/identity/factors/factor-changes';
import { useService, type Grant, type Person, type Service, type SignedIn } from './service';

interface Challenge extends Problem {
  readonly challenge: string;
  readonly expires_in: number;
  readonly methods: readonly string[];
  readonly enrolment_required: boolean;
}

interface DeviceGrant extends Grant {
  readonly device_token?: string;
  readonly device_trusted_until?: string | null;
  readonly recovery_codes?: string[];
}

interface Enrolled {
  readonly person: Person;
  readonly app: AuthenticatorApp;
  readonly recoveryCodes: string[];
  readonly signedIn: SignedIn;
}

const CODE_SHAPE = /^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/;

/** A person with an authenticator application, still signed in where they set it up. */
async function enrolled(service: Service, given?: Person): Promise<Enrolled> {
  const signedIn = await service.signedIn(given);
  const token = signedIn.grant.access_token;
  const begun = await service.http.post<{ secret: string }>('/auth/mfa/totp', { token });
  const app = new AuthenticatorApp(begun.body.secret, service.clock);
  const json = { code: await app.code() };
  const confirmed = await service.http.post<{ recovery_codes: string[] }>('/auth/mfa/totp/confirm', { token, json });
  if (confirmed.status !== 200) throw new Error(`The code was refused: ${confirmed.text}`);
  return { person: signedIn.person, app, recoveryCodes: confirmed.body.recovery_codes, signedIn };
}

function challenged(answer: Answer<unknown>): Challenge {
  expect(answer.code).toBe('mfa_required');
  return answer.body as Challenge;
}

describe.each(PROFILES)('second factors, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const verify = (json: object): Promise<Answer<DeviceGrant>> =>
    service.http.post<DeviceGrant>('/auth/mfa/verify', { json });

  it('are set up with a key, an address and a QR code, and confirmed with a code', async () => {
    const { grant } = await service.signedIn();
    const token = grant.access_token;
    const { body } = await service.http.post<Record<string, string>>('/auth/mfa/totp', { token });
    expect(Object.keys(body).sort()).toEqual(['qr', 'secret', 'uri']);
    expect(body['secret']).toMatch(/^[A-Z2-7]{32}$/);
    expect(body['uri']).toMatch(/^otpauth:\/\/totp\/Latchkey:.+issuer=Latchkey/);
    expect(body['qr']).toMatch(/^<svg/);
    const app = new AuthenticatorApp(body['secret'] as string, service.clock);
    const wrong = await service.http.post('/auth/mfa/totp/confirm', { token, json: { code: '000000' } });
    expect(wrong.code).toBe('invalid_mfa_code');
    const json = { code: await app.code() };
    const right = await service.http.post<{ recovery_codes: string[] }>('/auth/mfa/totp/confirm', { token, json });
    expect(right.status).toBe(200);
    expect(new Set(right.body.recovery_codes).size).toBe(10);
    for (const code of right.body.recovery_codes) expect(code).toMatch(CODE_SHAPE);
    const again = await service.http.post('/auth/mfa/totp', { token });
    expect(again.code).toBe('insufficient_assurance');
  });

  it('are asked for after the right password, and only then', async () => {
    const { person } = await enrolled(service);
    expect((await service.login(person, { password: 'wrong password' })).code).toBe('invalid_credentials');
    const answer = await service.login(person);
    const body = challenged(answer);
    expect(answer.status).toBe(401);
    expect(body).toMatchObject({ expires_in: 300, methods: ['totp', 'recovery_code'], enrolment_required: false });
    expect(answer.text).not.toContain('access_token');
  });

  it('finish the login that began with the password, once', async () => {
    const { person, app } = await enrolled(service);
    const { challenge } = challenged(await service.login(person, { remember: false }));
    const code = await app.freshCode();
    const done = await verify({ challenge, code });
    expect(done.status).toBe(200);
    const me = await service.me(done.body.access_token);
    expect(me.body.amr).toEqual(['pwd', 'otp', 'mfa']);
    expect((await verify({ challenge, code: await app.freshCode() })).code).toBe('invalid_mfa_code');
  });

  it('may come in the body of the login', async () => {
    const { person, app } = await enrolled(service);
    const wrong = await service.login(person, { mfa_code: '123456' });
    expect(wrong.code).toBe('invalid_mfa_code');
    const code = await app.freshCode();
    expect((await service.login(person, { mfa_code: code })).status).toBe(200);
    expect((await service.login(person, { mfa_code: code })).code).toBe('invalid_mfa_code');
  });

  it('are kept in the methods and the time of the login across refreshes', async () => {
    const { person, app } = await enrolled(service);
    const { body } = await service.login(person, { mfa_code: await app.freshCode() });
    const before = (await service.me(body.access_token)).body;
    service.clock.advance(10 * MINUTE);
    const after = (await service.me((await service.refresh(body.refresh_token)).body.access_token)).body;
    expect(after.amr).toEqual(before.amr);
    expect(after.auth_time).toBe(before.auth_time);
  });

  it('take a code in its own time step and in the next, and no later', async () => {
    const { person, app } = await enrolled(service);
    service.clock.advance(5 * MINUTE);
    app.nextStep();
    const late = await app.code(-60);
    expect((await service.login(person, { mfa_code: late })).code).toBe('invalid_mfa_code');
    expect((await service.login(person, { mfa_code: await app.code(30) })).code).toBe('invalid_mfa_code');
    expect((await service.login(person, { mfa_code: await app.code(-30) })).status).toBe(200);
  });

  it('take a recovery code once, however it is typed', async () => {
    const { person, recoveryCodes } = await enrolled(service);
    const [first = '', second = ''] = recoveryCodes;
    const typed = ` ${first.toUpperCase().replaceAll('-', ' ')} `;
    expect((await service.login(person, { mfa_code: typed })).status).toBe(200);
    expect((await service.login(person, { mfa_code: first })).code).toBe('invalid_mfa_code');
    const { body } = await service.login(person, { mfa_code: second });
    const { body: state } = await service.http.get<{ recovery_codes_left: number }>('/auth/mfa', {
      token: body.access_token,
    });
    expect(state.recovery_codes_left).toBe(8);
  });

  async function winnersOf(attempts: readonly { challenge: string; code: string }[]): Promise<number> {
    const answers = await Promise.all(attempts.map(verify));
    for (const { code } of answers) {
      expect(['200', 'invalid_mfa_code', 'rate_limited', 'account_locked']).toContain(code);
    }
    return answers.filter(({ status }) => status === 200).length;
  }

  it.each(['code', 'recovery code'])('let one %s win of fifty at once', async (what) => {
    const { person, app, recoveryCodes } = await enrolled(service);
    const challenges: string[] = [];
    while (challenges.length < 50) challenges.push(challenged(await service.login(person)).challenge);
    const code = what === 'code' ? await app.freshCode() : (recoveryCodes[0] as string);
    expect(await winnersOf(challenges.map((challenge) => ({ challenge, code })))).toBe(1);
  });

  it('start one login by one challenge, with ten right codes at once', async () => {
    const { person, recoveryCodes } = await enrolled(service);
    const { challenge } = challenged(await service.login(person));
    expect(await winnersOf(recoveryCodes.map((code) => ({ challenge, code })))).toBe(1);
  });

  it('lock codes after five wrong ones, in every challenge, and not the recovery codes', async () => {
    const { person, app, recoveryCodes } = await enrolled(service);
    for (let wrong = 0; wrong < 5; wrong++) {
      const { challenge } = challenged(await service.login(person));
      expect((await verify({ challenge, code: '000000' })).code).toBe('invalid_mfa_code');
    }
    const { challenge } = challenged(await service.login(person));
    const refused = await verify({ challenge, code: await app.freshCode() });
    expect(refused.code).toBe('account_locked');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await verify({ challenge, code: recoveryCodes[0] as string })).status).toBe(200);
    service.clock.advance(16 * MINUTE);
    expect((await service.login(person, { mfa_code: await app.freshCode() })).status).toBe(200);
  });

  it('do not take the challenge of one person for another, nor after five minutes, nor after a change', async () => {
    const [ada, eve] = [await enrolled(service), await enrolled(service)];
    const first = challenged(await service.login(ada.person)).challenge;
    expect((await verify({ challenge: first, code: await eve.app.freshCode() })).code).toBe('invalid_mfa_code');
    service.clock.advance(5 * MINUTE + 1_000);
    expect((await verify({ challenge: first, code: await ada.app.freshCode() })).code).toBe('invalid_mfa_code');
    const second = challenged(await service.login(ada.person)).challenge;
    const { tenantId, userId } = ada.person;
    await service.app.provider(AccountChanges).setRoles({ tenantId, userId }, ['editor']);
    expect((await verify({ challenge: second, code: await ada.app.freshCode() })).code).toBe('invalid_mfa_code');
    const third = challenged(await service.login(ada.person)).challenge;
    await service.app.provider(AccountChanges).disable({ tenantId, userId });
    expect((await verify({ challenge: third, code: await ada.app.freshCode() })).code).toBe('account_disabled');
  });

  it('open nothing else with a challenge', async () => {
    const { person } = await enrolled(service);
    const { challenge } = challenged(await service.login(person));
    for (const path of ['/auth/me', '/auth/sessions', '/auth/mfa', '/auth/devices']) {
      expect((await service.http.get(path, { token: challenge })).code).toBe('invalid_token');
    }
    expect((await service.http.post('/auth/ticket', { token: challenge })).code).toBe('invalid_token');
    expect((await service.refresh(challenge)).code).toBe('invalid_grant');
    const enrol = await service.http.post('/auth/mfa/enrol/totp', { json: { challenge } });
    expect(enrol.code).toBe('invalid_mfa_code');
  });

  it('end the other logins when they change, unless that is not wanted', async () => {
    const person = await service.person();
    const other = await service.signedIn(person);
    const { signedIn } = await enrolled(service, person);
    const ended = row.revoke_all_sessions;
    expect((await service.me(other.grant.access_token)).status).toBe(ended ? 401 : 200);
    expect((await service.me(signedIn.grant.access_token)).status).toBe(200);

    const quiet = await service.person();
    const kept = await service.signedIn(quiet);
    const mine = (await service.signedIn(quiet)).grant.access_token;
    const begun = await service.http.post<{ secret: string }>('/auth/mfa/totp', { token: mine });
    const app = new AuthenticatorApp(begun.body.secret, service.clock);
    const json = { code: await app.code(), end_other_sessions: false };
    expect((await service.http.post('/auth/mfa/totp/confirm', { token: mine, json })).status).toBe(200);
    expect((await service.me(kept.grant.access_token)).status).toBe(200);
  });

  it('are removed only by who proved one of them a short time ago', async () => {
    const { person, app, signedIn } = await enrolled(service);
    const before = signedIn.grant.access_token;
    expect((await service.http.delete('/auth/mfa/totp', { token: before })).code).toBe('insufficient_assurance');
    const { body } = await service.login(person, { mfa_code: await app.freshCode() });
    service.clock.advance(11 * MINUTE);
    const renewed = (await service.refresh(body.refresh_token)).body;
    const stale = await service.http.delete('/auth/mfa/totp', { token: renewed.access_token });
    expect(stale.code).toBe('insufficient_assurance');
    expect(stale.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", max_age="600"',
    );
    const fresh = await service.http.post<Grant>('/auth/step-up', {
      token: renewed.access_token,
      json: { refresh_token: renewed.refresh_token, code: await app.freshCode() },
    });
    expect(fresh.status).toBe(200);
    expect((await service.http.delete('/auth/mfa/totp', { token: fresh.body.access_token })).status).toBe(204);
    expect((await service.login(person)).status).toBe(200);
  });

  it('are set up in the middle of the login where they are required', async () => {
    const person = await service.person();
    const { tenantId, userId } = person;
    await service.app.provider(AccountChanges).setMfaRequired({ tenantId, userId }, true);
    const { challenge, enrolment_required: enrols, methods } = challenged(await service.login(person));
    expect([enrols, methods]).toEqual([true, []]);
    expect((await verify({ challenge, code: '123456' })).code).toBe('invalid_mfa_code');
    const begun = await service.http.post<{ secret: string }>('/auth/mfa/enrol/totp', { json: { challenge } });
    const app = new AuthenticatorApp(begun.body.secret, service.clock);
    const json = { challenge, code: await app.code() };
    const done = await service.http.post<DeviceGrant>('/auth/mfa/enrol/totp/confirm', { json });
    expect(done.status).toBe(200);
    expect(done.body.recovery_codes).toHaveLength(10);
    expect((await service.me(done.body.access_token)).body.amr).toEqual(['pwd', 'otp', 'mfa']);
    expect((await service.http.post('/auth/mfa/enrol/totp/confirm', { json })).code).toBe('invalid_mfa_code');
    const removal = await service.http.delete('/auth/mfa/totp', { token: done.body.access_token });
    expect(removal.code).toBe('conflict');
  });

  it('trust a device for the configured time, on that device and for that person', async () => {
    const { person, app } = await enrolled(service);
    const first = await service.login(person, { mfa_code: await app.freshCode(), trust_device: true });
    const { device_token: device, device_trusted_until: until } = first.body as DeviceGrant;
    expect(device).toMatch(/^lk_dv_[0-9A-Za-z]+$/);
    expect(Date.parse(until as string) - service.clock.now()).toBeGreaterThan(29 * DAY);
    const trusted = await service.login(person, { device_token: device });
    expect(trusted.status).toBe(200);
    expect((await service.me(trusted.body.access_token)).body.amr).toEqual(['pwd']);
    const eve = await enrolled(service);
    challenged(await service.login(eve.person, { device_token: device }));
    service.clock.advance(31 * DAY);
    challenged(await service.login(person, { device_token: device }));
  });

  it('list remembered devices to their owner, who forgets them', async () => {
    const { person, app } = await enrolled(service);
    const { body } = await service.login(person, { mfa_code: await app.freshCode(), trust_device: true });
    const token = body.access_token;
    const list = () => service.http.get<{ devices: { id: string }[] }>('/auth/devices', { token });
    const [device] = (await list()).body.devices;
    const stranger = (await service.signedIn()).grant.access_token;
    const id = device?.id as string;
    expect((await service.http.delete(`/auth/devices/${id}`, { token: stranger })).code).toBe('not_found');
    expect((await service.http.delete(`/auth/devices/${id}`, { token })).status).toBe(204);
    expect((await list()).body.devices).toEqual([]);
    challenged(await service.login(person, { device_token: (body as DeviceGrant).device_token }));
  });

  it('trust no device any more once the password or a factor changes', async () => {
    const { person, app } = await enrolled(service);
    const { body } = await service.login(person, { mfa_code: await app.freshCode(), trust_device: true });
    const { device_token: device } = body as DeviceGrant;
    const renewed = await service.http.post('/auth/mfa/recovery-codes', { token: body.access_token });
    expect(renewed.status).toBe(200);
    challenged(await service.login(person, { device_token: device }));
  });

  it('are reset by an administrator, which ends every login', async () => {
    const { person, app } = await enrolled(service);
    const { body } = await service.login(person, { mfa_code: await app.freshCode() });
    const { tenantId, userId } = person;
    await service.app.provider(FactorChanges).reset({ tenantId, userId });
    expect((await service.me(body.access_token)).status).toBe(row.revoke_all_sessions ? 401 : 200);
    expect((await service.login(person)).status).toBe(200);
  });

  it('survive a lock: who is known on a device gets in while strangers guess', async () => {
    const person = await service.person();
    const first = await service.login(person, { trust_device: true });
    const { device_token: device, device_trusted_until: until } = first.body as DeviceGrant;
    expect(until).toBeNull();
    for (let wrong = 0; wrong < 5; wrong++) await service.login(person, { password: 'guess' });
    expect((await service.login(person)).code).toBe('account_locked');
    expect((await service.login(person, { device_token: device })).status).toBe(200);
    expect((await service.login(person)).code).toBe('account_locked');
    for (let wrong = 0; wrong < 5; wrong++) await service.login(person, { password: 'guess', device_token: device });
    expect((await service.login(person, { device_token: device })).code).toBe('account_locked');
    const other = await service.person();
    for (let wrong = 0; wrong < 5; wrong++) await service.login(other, { password: 'guess', device_token: device });
    expect((await service.login(other, { device_token: device })).code).toBe('account_locked');
  });

  it('belong to one account of one tenant', async () => {
    const tenant = await service.tenant();
    const { person, app } = await enrolled(service);
    const twin = await service.person({ tenantId: tenant.id, email: person.email, username: person.username });
    expect((await service.login(twin)).status).toBe(200);
    expect((await service.login(twin, { mfa_code: await app.freshCode() })).status).toBe(200);
    challenged(await service.login(person));
  });

  it('leave no trace of a secret in the log', async () => {
    const { person, app, recoveryCodes } = await enrolled(service);
    const code = await app.freshCode();
    const { body } = await service.login(person, { mfa_code: code, trust_device: true });
    const { challenge } = challenged(await service.login(person));
    const log = JSON.stringify(service.app.logs);
    for (const secret of [...recoveryCodes, (body as DeviceGrant).device_token as string, challenge]) {
      expect(log).not.toContain(secret);
    }
  });

  describe('stepping up', () => {
    const stepUp = (grant: Grant, json: object): Promise<Answer<Grant>> =>
      service.http.post<Grant>('/auth/step-up', {
        token: grant.access_token,
        json: { refresh_token: grant.refresh_token, ...json },
      });

    it('moves the time of the proof and keeps the login', async () => {
      const { person, grant, sessionId } = await service.signedIn(undefined, { remember: true });
      service.clock.advance(5 * MINUTE);
      const wrong = await stepUp(grant, { password: 'wrong' });
      expect(wrong.code).toBe('invalid_credentials');
      const { status, body } = await stepUp(grant, { password: person.password });
      expect(status).toBe(200);
      const me = (await service.me(body.access_token)).body;
      expect(me.session_id).toBe(sessionId);
      expect(service.clock.now() - Date.parse(me.auth_time)).toBeLessThan(10_000);
      service.clock.advance(HOUR);
      const later = (await service.refresh(body.refresh_token)).body;
      expect((await service.me(later.access_token)).body.auth_time).toBe(me.auth_time);
    });

    it('adds the second factor to the methods of the login', async () => {
      const { app, signedIn } = await enrolled(service);
      const code = await app.freshCode();
      const refused = await stepUp(signedIn.grant, { password: signedIn.person.password });
      expect(refused.code).toBe('insufficient_assurance');
      const { body } = await stepUp(signedIn.grant, { code });
      expect((await service.me(body.access_token)).body.amr).toEqual(['pwd', 'otp', 'mfa']);
    });

    it('needs the refresh token of the same login', async () => {
      const { person, grant } = await service.signedIn();
      const other = (await service.signedIn(person)).grant;
      const stranger = (await service.signedIn()).grant;
      for (const { refresh_token } of [other, stranger, { refresh_token: 'lk_rt_made-up' }]) {
        const answer = await stepUp({ ...grant, refresh_token }, { password: person.password });
        expect(answer.code).toBe('invalid_grant');
      }
    });

    it('counts wrong passwords like a login does', async () => {
      const { person, grant } = await service.signedIn();
      for (let wrong = 0; wrong < 5; wrong++) await stepUp(grant, { password: 'guess' });
      expect((await stepUp(grant, { password: person.password })).code).toBe('account_locked');
    });
  });
});

describe('a service that requires second factors', () => {
  const service = useService({ settings: { 'auth.mfa.required': true } });

  it('has everybody set one up, unless it decides otherwise for itself', async () => {
    const person = await service.person();
    expect(challenged(await service.login(person)).enrolment_required).toBe(true);
    const tenant = await service.tenant();
    await withClient(service.app.database.url, (client) =>
      client.query(`UPDATE tenants SET mfa = 'optional' WHERE id = $1`, [tenant.id]),
    );
    expect((await service.login(await service.person({ tenantId: tenant.id }))).status).toBe(200);
  });
});
