import { randomUUID } from 'node:crypto';
import { PROFILES } from '../support/profiles';
import { codeIn } from '../support/mail-server';
import { HOUR, MINUTE } from '../support/test-app';
import { useMailingService } from './mail-service';
import { PASSWORD } from './service';

const ACCEPTED = { status: 'accepted' };
const NEW = 'a whole new password';

describe.each(PROFILES)('getting back in, $name', ({ settings, row }) => {
  const service = useMailingService({ ...settings, 'auth.email.messages_per_hour': 1000 });
  /** Tokens that nothing but their expiry ends. */
  const unreachable = row.revoke_session === false;

  async function codeFor(email: string, difference: object = {}): Promise<string> {
    const before = service.server.to(email).length;
    expect(await service.forgot(email, difference)).toMatchObject({ status: 202, body: ACCEPTED });
    await service.settle();
    return codeIn(await service.server.next(email, before + 1));
  }

  it('sends a code with which a new password is set, and nobody is signed in by it', async () => {
    const person = await service.person();
    const answer = await service.reset(await codeFor(person.email), NEW);
    expect([answer.status, answer.text, answer.headers.get('set-cookie')]).toEqual([204, '', null]);
    expect((await service.login(person)).code).toBe('invalid_credentials');
    expect((await service.login(person, { password: NEW })).status).toBe(200);
  });

  it('ends every login of the account, and no other', async () => {
    const { person, grant } = await service.signedIn();
    const bystander = await service.signedIn();
    await service.reset(await codeFor(person.email), NEW);
    expect((await service.me(grant.access_token)).code).toBe(unreachable ? '200' : 'token_revoked');
    expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    expect((await service.refresh(bystander.grant.refresh_token)).status).toBe(200);
  });

  it('leaves the logins alone when asked to', async () => {
    const { person, grant } = await service.signedIn();
    expect((await service.reset(await codeFor(person.email), NEW, { end_other_sessions: false })).status).toBe(204);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });

  it('unlocks an account that was locked', async () => {
    const person = await service.person();
    for (let i = 0; i < 5; i += 1) await service.login(person, { password: 'wrong' });
    expect((await service.login(person)).code).toBe('account_locked');
    await service.reset(await codeFor(person.email), NEW);
    expect((await service.login(person, { password: NEW })).status).toBe(200);
  });

  it('takes a code once: of fifty at the same time exactly one wins', async () => {
    const person = await service.person();
    const code = await codeFor(person.email);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => service.reset(code, `password number ${i}`)),
    );
    const won = answers.flatMap(({ status }, i) => (status === 204 ? [i] : []));
    expect(won).toHaveLength(1);
    expect(answers.filter(({ code: refusal }) => refusal === 'invalid_grant')).toHaveLength(49);
    expect((await service.login(person, { password: `password number ${won[0]}` })).status).toBe(200);
  });

  it('refuses a code that is expired, replaced, of another kind, mistyped or made up', async () => {
    const person = await service.person();
    const first = await codeFor(person.email);
    const second = await codeFor(person.email);
    await service.http.post('/auth/email/resend', { json: { email: person.email } });
    await service.settle();
    const verifying = codeIn(await service.server.next(person.email, 3));
    const mistyped = second.slice(0, -1) + (second.endsWith('0') ? '1' : '0');
    const { grant } = await service.signedIn();
    for (const code of [first, verifying, mistyped, 'lk_ec_', grant.refresh_token.slice(0, 250)]) {
      expect((await service.reset(code, NEW)).code).toBe('invalid_grant');
    }
    service.clock.advance(31 * MINUTE);
    expect((await service.reset(second, NEW)).code).toBe('invalid_grant');
    expect((await service.login(person)).status).toBe(200);
  });

  it('keeps the code when the new password is too weak', async () => {
    const person = await service.person();
    const code = await codeFor(person.email);
    expect(await service.reset(code, 'short')).toMatchObject({ status: 422, code: 'weak_password' });
    expect((await service.reset(code, NEW)).status).toBe(204);
  });

  it('forgets its codes when the password or the status of the account changes', async () => {
    const person = await service.person();
    const code = await codeFor(person.email);
    const { grant } = await service.signedIn(person);
    const body = { current_password: PASSWORD, new_password: NEW };
    expect((await service.http.post('/auth/password/change', { token: grant.access_token, json: body })).status).toBe(
      204,
    );
    expect((await service.reset(code, 'yet another one')).code).toBe('invalid_grant');
    const later = await codeFor(person.email);
    await service.changes.disable(person);
    expect((await service.reset(later, 'yet another one')).code).toBe('invalid_grant');
    await service.changes.enable(person);
    expect((await service.reset(later, 'yet another one')).code).toBe('invalid_grant');
  });

  it('reaches the account of the tenant that was meant, and no other', async () => {
    const tenant = await service.tenant();
    const here = await service.person();
    const there = await service.person({ tenantId: tenant.id, email: here.email, username: null });
    const code = await codeFor(here.email, { tenant_id: tenant.id });
    expect((await service.reset(code, NEW)).status).toBe(204);
    expect((await service.login(here)).status).toBe(200);
    expect((await service.login(there, { password: NEW })).status).toBe(200);
  });

  it('writes to nobody who is not there, and to nobody who is disabled', async () => {
    const disabled = await service.person();
    await service.changes.disable(disabled);
    await service.settle();
    const before = service.server.mails.length;
    for (const [email, tenant] of [
      ['nobody@example.com', undefined],
      [disabled.email, undefined],
      [disabled.email, randomUUID()],
    ]) {
      expect(await service.forgot(email, { tenant_id: tenant })).toMatchObject({ status: 202, body: ACCEPTED });
    }
    await service.settle();
    expect([await service.rows('letter_orders'), await service.rows('mail_outbox')]).toEqual([0, 0]);
    expect(service.server.mails.length).toBe(before);
  });

  it('writes to the stored address, however it was typed', async () => {
    const person = await service.person();
    await service.forgot(person.email.toUpperCase());
    await service.settle();
    expect((await service.server.next(person.email)).to).toEqual([person.email]);
  });
});

describe.each(PROFILES)('a changed password, $name', ({ settings, row }) => {
  const service = useMailingService(settings);
  const unreachable = row.revoke_session === false;

  it('spares the login that changed it and ends the others', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    const body = { current_password: PASSWORD, new_password: NEW };
    expect((await service.http.post('/auth/password/change', { token: grant.access_token, json: body })).status).toBe(
      204,
    );
    expect((await service.me(grant.access_token)).status).toBe(200);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
    expect((await service.me(other.grant.access_token)).code).toBe(unreachable ? '200' : 'token_revoked');
    expect((await service.refresh(other.grant.refresh_token)).code).toBe('invalid_grant');
    await service.settle();
    expect((await service.server.next(person.email)).subject).toBe('Your password was changed');
  });

  it('lets the others go on when asked to', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    const json = { current_password: PASSWORD, new_password: NEW, end_other_sessions: false };
    await service.http.post('/auth/password/change', { token: grant.access_token, json });
    expect((await service.refresh(other.grant.refresh_token)).status).toBe(200);
  });

  it('needs the current one, and counts wrong ones as a login does', async () => {
    const { person, grant } = await service.signedIn();
    const change = (current: string, next = NEW) =>
      service.http.post('/auth/password/change', {
        token: grant.access_token,
        json: { current_password: current, new_password: next },
      });
    expect(await change(PASSWORD, 'short')).toMatchObject({
      code: 'weak_password',
      body: { errors: [{ pointer: '/new_password' }] },
    });
    for (let i = 0; i < 5; i += 1) expect((await change('wrong')).code).toBe('invalid_credentials');
    expect((await change(PASSWORD)).code).toBe('account_locked');
    expect((await service.login(person)).code).toBe('account_locked');
    service.clock.advance(HOUR);
    expect((await service.login(person)).status).toBe(200);
  });
});

describe('a new password by a code', () => {
  const service = useMailingService({ 'auth.password.min_strength': 2 });

  it('may not be what a stranger knows of the account', async () => {
    const { email } = await service.person({ name: 'Slartibartfast Magrathea' });
    await service.forgot(email);
    await service.settle();
    const code = codeIn(await service.server.next(email));
    expect(await service.reset(code, 'slartibartfast')).toMatchObject({ status: 422, code: 'weak_password' });
    expect((await service.reset(code, 'zaphodbeeblebrox')).status).toBe(204);
  });
});
