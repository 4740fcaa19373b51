import type { AuthError } from '@latchkey/nest';
import { randomUUID } from 'node:crypto';
import { PasswordHasher } from '../../src/identity/passwords/password-hasher';
import { PROFILES } from '../support/profiles';
import { useService, type SignedIn } from './service';

describe.each(PROFILES)('a changed account, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const opaque = row.access_token === 'opaque';
  /** Tokens that nothing but their expiry ends. */
  const unreachable = row.revoke_session === false;

  async function rolesOf({ grant }: Pick<SignedIn, 'grant'>): Promise<unknown> {
    const { body, code } = await service.me(grant.access_token);
    return body.user?.roles ?? code;
  }

  it('shows its new roles at once behind a session token; a JWT must be refreshed first', async () => {
    const { person, grant } = await service.signedIn();
    expect(await rolesOf({ grant })).toEqual([]);
    await service.changes.setRoles(person, ['admin', 'billing:read']);
    const now = opaque ? ['admin', 'billing:read'] : unreachable ? [] : 'token_expired';
    expect(await rolesOf({ grant })).toEqual(now);
    const refreshed = await service.refresh(grant.refresh_token);
    expect(refreshed.body.user.roles).toEqual(['admin', 'billing:read']);
    expect(await rolesOf({ grant: refreshed.body })).toEqual(['admin', 'billing:read']);
  });

  it('loses a role as fast as it gets one', async () => {
    const person = await service.person({ roles: ['admin'] });
    const { grant } = await service.signedIn(person);
    await service.changes.setRoles(person, []);
    expect(await rolesOf({ grant })).toEqual(opaque ? [] : unreachable ? ['admin'] : 'token_expired');
    expect(await rolesOf({ grant: (await service.refresh(grant.refresh_token)).body })).toEqual([]);
  });

  it('says to clients that such a token is to be refreshed, not that the login is over', async () => {
    const { person, grant } = await service.signedIn();
    await service.changes.setRoles(person, ['admin']);
    const { status, headers } = await service.me(grant.access_token);
    const challenge = 'Bearer error="invalid_token", error_description="token_expired"';
    if (opaque || unreachable) expect(status).toBe(200);
    else expect([status, headers.get('www-authenticate')]).toEqual([401, challenge]);
  });

  it('keeps its logins when roles change, all of them', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    await service.changes.setRoles(person, ['admin']);
    for (const token of [grant.refresh_token, other.grant.refresh_token]) {
      expect((await service.refresh(token)).status).toBe(200);
    }
  });

  it('is shut out when it is disabled: every token, every refresh, every password', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    const next = (await service.refresh(grant.refresh_token)).body;
    await service.changes.disable(person);
    for (const token of [grant.access_token, next.access_token, other.grant.access_token]) {
      expect((await service.me(token)).code).toBe(unreachable ? '200' : 'token_revoked');
    }
    for (const token of [grant.refresh_token, next.refresh_token, other.grant.refresh_token]) {
      expect((await service.refresh(token)).code).toBe('invalid_grant');
    }
    expect((await service.login(person)).code).toBe('account_disabled');
  });

  it('leaves everyone else signed in when it is disabled', async () => {
    const bystander = await service.signedIn();
    await service.changes.disable(await service.person());
    expect((await service.me(bystander.grant.access_token)).status).toBe(200);
    expect((await service.refresh(bystander.grant.refresh_token)).status).toBe(200);
  });

  it('signs in again when it is enabled; what was ended stays ended', async () => {
    const { person, grant } = await service.signedIn();
    await service.changes.disable(person);
    await service.changes.enable(person);
    expect((await service.me(grant.access_token)).code).toBe(unreachable ? '200' : 'token_revoked');
    expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    const again = await service.signedIn(person);
    expect((await service.refresh(again.grant.refresh_token)).status).toBe(200);
  });

  it('keeps only the login that changed the password', async () => {
    const { person, grant, sessionId } = await service.signedIn();
    const other = await service.signedIn(person);
    const hash = await service.app.provider(PasswordHasher).hash('a whole new password');
    await service.changes.setPasswordHash(person, hash, sessionId);
    expect((await service.me(grant.access_token)).status).toBe(200);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
    expect((await service.me(other.grant.access_token)).code).toBe(unreachable ? '200' : 'token_revoked');
    expect((await service.refresh(other.grant.refresh_token)).code).toBe('invalid_grant');
    expect((await service.login(person)).code).toBe('invalid_credentials');
    expect((await service.login(person, { password: 'a whole new password' })).status).toBe(200);
  });

  it('is not found in another tenant, nor when it never was, and nothing changes', async () => {
    const { person, grant } = await service.signedIn();
    const tenantId = (await service.tenant()).id;
    for (const ref of [
      { ...person, tenantId },
      { ...person, userId: randomUUID() },
      { ...person, userId: 'x' },
    ]) {
      const refusals = await Promise.allSettled([
        service.changes.disable(ref),
        service.changes.setRoles(ref, ['admin']),
      ]);
      const codes = refusals.map((refusal) => refusal.status === 'rejected' && (refusal.reason as AuthError).code);
      expect(codes).toEqual(['not_found', 'not_found']);
    }
    expect(await rolesOf({ grant })).toEqual([]);
    expect((await service.refresh(grant.refresh_token)).body.user.roles).toEqual([]);
  });
});
