import { AuthenticatorApp, SecurityKey } from '../support/authenticator';
import { administrator } from '../support/admin-caller';
import type { Answer } from '../support/http-client';
import { codeIn } from '../support/mail-server';
import { sentOutside } from '../support/outside-statements';
import { PROFILES } from '../support/profiles';
import { unique } from '../support/test-app';
import { useMailingService } from './mail-service';
import { PASSWORD, type Grant, type Person } from './service';

const ORIGIN = 'https://login.example.com';

describe.each(PROFILES)('statements of somebody who is not signed in yet, $name', ({ settings }) => {
  const service = useMailingService({
    ...settings,
    'server.public_url': ORIGIN,
    'database.row_level_security': 'require',
    'auth.registration': 'open',
  });

  /** Which tenant a request means is known for half a minute; notices are jobs, and written. */
  async function quiet(): Promise<void> {
    await service.signedIn();
    await service.forgot('nobody@example.com');
    await service.settle();
  }
  beforeEach(quiet);

  const post = <T>(path: string, json: object): Promise<Answer<T>> => service.http.post<T>(path, { json });

  async function challengeOf({ email, password }: Person): Promise<string> {
    const answer = await post<{ challenge: string }>('/auth/login', { email, password });
    expect(answer.code).toBe('mfa_required');
    return answer.body.challenge;
  }

  async function mailed(email: string): Promise<string> {
    await service.settle();
    return codeIn(await service.server.next(email, 1));
  }

  it('stand behind the wall from the moment their tenant is known: second factors, but for whose the challenge is', async () => {
    const { person, grant } = await service.signedIn();
    const token = grant.access_token;
    const { body } = await service.http.post<{ secret: string }>('/auth/mfa/totp', { token });
    const app = new AuthenticatorApp(body.secret, service.clock);
    await service.http.post('/auth/mfa/totp/confirm', { token, json: { code: await app.code() } });
    service.clock.advance(30_000);
    await quiet();
    const challenge = await challengeOf(person);
    const code = await app.code();
    const verify = async () => expect((await post('/auth/mfa/verify', { challenge, code })).status).toBe(200);
    expect(await sentOutside(verify)).toEqual(['login_challenge_find']);
  });

  it('factors that are set up in the middle of a login', async () => {
    const person = await service.person();
    await service.changes.setMfaRequired({ tenantId: person.tenantId, userId: person.userId }, true);
    const challenge = await challengeOf(person);
    const enrol = async () => {
      const { body } = await post<{ secret: string }>('/auth/mfa/enrol/totp', { challenge });
      const code = await new AuthenticatorApp(body.secret, service.clock).code();
      expect((await post('/auth/mfa/enrol/totp/confirm', { challenge, code })).status).toBe(200);
    };
    expect(await sentOutside(enrol)).toEqual(['login_challenge_find']);
  });

  it('passkeys', async () => {
    const token = (await service.signedIn()).grant.access_token;
    const key = new SecurityKey(ORIGIN);
    const options = await service.http.post<never>('/auth/mfa/passkeys/options', { token });
    const json = { passkey: key.create(options.body), name: 'My key' };
    expect((await service.http.post('/auth/mfa/passkeys', { token, json })).status).toBe(201);
    await quiet();
    const signIn = async () => {
      const asked = await post<never>('/auth/passkey/options', {});
      expect((await post<Grant>('/auth/passkey/login', { passkey: key.get(asked.body) })).status).toBe(200);
    };
    expect(await sentOutside(signIn)).toEqual([]);
  });

  it('registrations, and codes that are sent by mail, but for whose the code is', async () => {
    const email = `${unique('ada')}@example.com`;
    const register = () => post('/auth/register', { email, password: PASSWORD });
    expect(await sentOutside(async () => expect((await register()).status).toBe(202))).toEqual([]);
    const person = await service.person();
    const forgot = async () => expect((await service.forgot(person.email)).status).toBe(202);
    expect(await sentOutside(forgot)).toEqual([]);
    const code = await mailed(person.email);
    const reset = async () => expect((await service.reset(code, 'a whole new password')).status).toBe(204);
    expect(await sentOutside(reset)).toEqual(['account_code_owner']);
  });

  it('changes of address, but for whose the codes are', async () => {
    const { person, grant } = await service.signedIn();
    const email = `${unique('ada')}@example.com`;
    const json = { email, password: PASSWORD };
    expect((await service.http.post('/auth/email/change', { token: grant.access_token, json })).status).toBe(202);
    const tokens = [await mailed(person.email), await mailed(email)];
    await quiet();
    const statuses: number[] = [];
    const outside = await sentOutside(async () => {
      for (const token of tokens) statuses.push((await post('/auth/email/change/confirm', { token })).status);
    });
    expect(statuses).toEqual([200, 200]);
    expect(outside).toEqual(['account_code_owner']);
    expect((await service.login({ ...person, email })).status).toBe(200);
  });

  it('invitations, but for whose the code is', async () => {
    const tenant = await service.tenant({ registration: 'invite' });
    const admin = await administrator(service, tenant.id);
    const email = `${unique('grace')}@example.com`;
    await admin.send('POST /admin/invitations', { email });
    const token = await mailed(email);
    const accept = () => post('/auth/invitations/accept', { token, password: PASSWORD });
    const outside = await sentOutside(async () => expect((await accept()).status).toBe(201));
    expect(outside).toEqual(['invitation_by_code', expect.stringContaining('FROM "tenants"')]);
  });
});
