import { randomUUID } from 'node:crypto';
import { UserStore } from '../../src/identity/user.store';
import { codeIn } from '../support/mail-server';
import { PROFILES } from '../support/profiles';
import { DAY, HOUR, unique } from '../support/test-app';
import { useMailingService, type MailingService } from './mail-service';
import { PASSWORD, type SignedIn } from './service';

const ACCEPTED = { status: 'accepted' };
const newAddress = (): string => `${unique('new')}@example.com`;

function register(service: MailingService, json: object) {
  return service.http.post('/auth/register', { json: { password: PASSWORD, ...json } });
}

function verify(service: MailingService, token: string) {
  return service.http.post('/auth/email/verify', { json: { token } });
}

describe.each(PROFILES)('addresses that must be confirmed, $name', ({ settings }) => {
  const service = useMailingService({ ...settings, 'auth.email.require_verification': true });
  const login = (email: string, password = PASSWORD) => service.http.post('/auth/login', { json: { email, password } });

  it('let nobody in before, and say so only after the right password', async () => {
    const email = newAddress();
    expect(await register(service, { email, name: 'Ada' })).toMatchObject({ status: 202, body: ACCEPTED });
    expect((await login(email, 'the wrong one')).code).toBe('invalid_credentials');
    expect(await login(email)).toMatchObject({ status: 403, code: 'email_not_verified' });
    await service.settle();
    const code = codeIn(await service.server.next(email));
    expect((await verify(service, code)).status).toBe(204);
    expect((await login(email)).status).toBe(200);
    expect((await verify(service, code)).code).toBe('invalid_grant');
  });

  it('are confirmed by a reset too, which proves the mailbox', async () => {
    const email = newAddress();
    await register(service, { email });
    await service.forgot(email);
    await service.settle();
    await service.server.next(email, 2);
    const reset = service.server.to(email).find(({ subject }) => subject === 'Choose a new password');
    expect((await service.reset(codeIn(reset!), 'a whole new password')).status).toBe(204);
    expect((await login(email, 'a whole new password')).status).toBe(200);
  });

  it('are not needed by accounts without one', async () => {
    const person = await service.person({ email: null });
    const json = { username: person.username, password: PASSWORD };
    expect((await service.http.post('/auth/login', { json })).status).toBe(200);
  });
});

describe('mail at registration', () => {
  const service = useMailingService({ 'auth.email.messages_per_hour': 3 });

  it('sends a code, once more when asked, and only the newer one is good', async () => {
    const email = newAddress();
    await register(service, { email });
    await service.settle();
    const first = codeIn(await service.server.next(email));
    const again = await service.http.post('/auth/email/resend', { json: { email: email.toUpperCase() } });
    expect(again).toMatchObject({ status: 202, body: ACCEPTED });
    await service.settle();
    const second = codeIn(await service.server.next(email, 2));
    expect((await verify(service, first)).code).toBe('invalid_grant');
    expect((await verify(service, second)).status).toBe(204);
    await service.http.post('/auth/email/resend', { json: { email } });
    await service.settle();
    expect(service.server.to(email)).toHaveLength(2);
  });

  it('answers the same for an address that is taken; its owner is told, by a message without a code', async () => {
    const email = newAddress();
    await register(service, { email });
    await service.settle();
    await verify(service, codeIn(await service.server.next(email)));
    expect(await register(service, { email, password: 'another password' })).toMatchObject({
      status: 202,
      body: ACCEPTED,
    });
    await service.settle();
    const mail = await service.server.next(email, 2);
    expect(mail.subject).toBe('You already have an account');
    expect(mail.text).not.toContain('lk_ec_');
  });

  it('sends again to who never confirmed, when they register again', async () => {
    const email = newAddress();
    await register(service, { email });
    await register(service, { email });
    await service.settle();
    expect((await service.server.next(email, 2)).subject).toBe('Confirm your e-mail address');
  });

  it('goes silent after so many in an hour, however many ask at once, and speaks again in the next', async () => {
    const person = await service.person();
    const answers = await Promise.all(Array.from({ length: 12 }, () => service.forgot(person.email)));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(202));
    await service.settle();
    expect(service.server.to(person.email)).toHaveLength(3);
    service.clock.advance(HOUR + 1_000);
    await service.forgot(person.email);
    await service.settle();
    expect(service.server.to(person.email)).toHaveLength(4);
  });

  it('refuses a code that is expired', async () => {
    const email = newAddress();
    await register(service, { email });
    await service.settle();
    service.clock.advance(DAY + 1_000);
    expect((await verify(service, codeIn(await service.server.next(email)))).code).toBe('invalid_grant');
  });
});

describe.each(PROFILES)('a change of address, $name', ({ settings }) => {
  const service = useMailingService(settings);

  const begin = ({ grant }: SignedIn, email: string, password = PASSWORD) =>
    service.http.post('/auth/email/change', { token: grant.access_token, json: { email, password } });
  const confirm = (token: string) =>
    service.http.post<{ status: string }>('/auth/email/change/confirm', { json: { token } });
  const emailOf = async ({ person }: SignedIn) =>
    (await service.app.provider(UserStore).findPersonById(person.tenantId, person.userId))?.email;

  async function codes(who: SignedIn, email: string): Promise<[string, string]> {
    const sent = service.server.to(who.person.email).length;
    expect(await begin(who, email)).toMatchObject({ status: 202, body: ACCEPTED });
    await service.settle();
    return [codeIn(await service.server.next(who.person.email, sent + 1)), codeIn(await service.server.next(email))];
  }

  it('happens when both ends have confirmed, in either order, and the login goes on', async () => {
    for (const reversed of [false, true]) {
      const who = await service.signedIn();
      const email = newAddress();
      const pair = await codes(who, email);
      const [one, two] = reversed ? [pair[1], pair[0]] : pair;
      expect((await confirm(one)).body).toEqual({ status: 'other_code_needed' });
      expect(await emailOf(who)).toBe(who.person.email);
      expect((await confirm(one)).code).toBe('invalid_grant');
      expect((await confirm(two)).body).toEqual({ status: 'changed' });
      expect(await emailOf(who)).toBe(email);
      expect((await service.refresh(who.grant.refresh_token)).body.user['email']).toBe(email);
      expect((await service.login({ ...who.person, email })).status).toBe(200);
      await service.settle();
      expect((await service.server.next(who.person.email, 2)).text).toContain(email);
    }
  });

  it('happens once when both codes are used at the same time', async () => {
    const who = await service.signedIn();
    const email = newAddress();
    const [one, two] = await codes(who, email);
    const answers = await Promise.all([one, two, one, two, one, two].map(confirm));
    expect(answers.filter(({ body }) => body.status === 'changed')).toHaveLength(1);
    expect(answers.filter(({ body }) => body.status === 'other_code_needed')).toHaveLength(1);
    expect(answers.filter(({ code }) => code === 'invalid_grant')).toHaveLength(4);
    expect(await emailOf(who)).toBe(email);
  });

  it('needs the password', async () => {
    const who = await service.signedIn();
    expect((await begin(who, newAddress(), 'wrong')).code).toBe('invalid_credentials');
    await service.settle();
    expect(service.server.to(who.person.email)).toEqual([]);
  });

  it('never takes the address of another account, nor tells that there is one', async () => {
    const who = await service.signedIn();
    const other = await service.person();
    expect(await begin(who, other.email)).toMatchObject({ status: 202, body: ACCEPTED });
    await service.settle();
    const code = codeIn(await service.server.next(who.person.email));
    expect((await confirm(code)).body).toEqual({ status: 'other_code_needed' });
    expect((await service.server.next(other.email)).subject).not.toMatch(/new e-mail address/);
    expect(await emailOf(who)).toBe(who.person.email);
  });

  it('is a conflict when somebody takes the address meanwhile, and the code is not used up', async () => {
    const who = await service.signedIn();
    const email = newAddress();
    const [one, two] = await codes(who, email);
    await confirm(one);
    await service.person({ email });
    for (let i = 0; i < 2; i += 1) expect((await confirm(two)).code).toBe('conflict');
    expect(await emailOf(who)).toBe(who.person.email);
  });

  it('makes codes for the old address worthless', async () => {
    const who = await service.signedIn();
    await service.forgot(who.person.email);
    await service.settle();
    const reset = codeIn(await service.server.next(who.person.email));
    const [one, two] = await codes(who, newAddress());
    await confirm(one);
    await confirm(two);
    expect((await service.reset(reset, 'a whole new password')).code).toBe('invalid_grant');
  });

  it('is open to the same address in another tenant', async () => {
    const who = await service.signedIn();
    const email = newAddress();
    await service.person({ tenantId: (await service.tenant()).id, email, username: null });
    const [one, two] = await codes(who, email);
    await confirm(one);
    expect((await confirm(two)).body).toEqual({ status: 'changed' });
  });
});

describe('notices of sign-ins', () => {
  const service = useMailingService();
  const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const SAFARI = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15';

  it('are sent for a device that is new, not for the first one, and not twice', async () => {
    const person = await service.person();
    const signIn = async (agent: string) => {
      await service.signedIn(person, {}, { headers: { 'user-agent': agent } });
      await service.settle();
    };
    await signIn(FIREFOX);
    await signIn(FIREFOX);
    expect(service.server.to(person.email)).toEqual([]);
    await signIn(SAFARI);
    await signIn(SAFARI);
    await signIn(FIREFOX);
    const mail = await service.server.next(person.email);
    expect(service.server.to(person.email)).toHaveLength(1);
    expect([mail.subject, mail.text]).toEqual([
      'New sign-in to your account',
      expect.stringContaining('Safari on macOS'),
    ]);
    expect(mail.text).toContain('127.0.0.1');
  });

  it('keep nothing that tells the device or the network', async () => {
    const person = await service.person({ email: `${randomUUID()}@example.com` });
    await service.signedIn(person, {}, { headers: { 'user-agent': FIREFOX } });
    await service.settle();
    expect(await service.rows(`known_sign_ins WHERE user_id = '${person.userId}' AND length(fingerprint) = 32`)).toBe(
      1,
    );
  });
});
