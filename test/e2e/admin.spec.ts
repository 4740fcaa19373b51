import { administrator, type AdminCaller } from '../support/admin-caller';
import { PROFILES } from '../support/profiles';
import { until } from '../support/until';
import { PASSWORD, Service, useService, type Person, type SignedIn } from './service';

const reason = 'asked for by the person';

interface Listed {
  readonly sessions: readonly { readonly id: string; readonly user_agent: string }[];
}

describe.each(PROFILES)('an administrator, $name', ({ settings, row }) => {
  const service = useService({ settings });
  /** Tokens that nothing but their expiry ends. */
  const unreachable = row.revoke_session === false;
  let admin: AdminCaller;
  let other: Service;

  beforeAll(async () => {
    admin = await administrator(service, (await service.tenant()).id);
    other = new Service({ settings });
    await other.start({ database: service.app.database });
  });
  afterAll(() => other.stop());

  const person = (): Promise<Person> => service.person({ tenantId: admin.tenantId });
  const signedIn = async (): Promise<SignedIn> => service.signedIn(await person());

  /** In this process at once, in another within a second. */
  async function expectOver({ grant }: Pick<SignedIn, 'grant'>): Promise<void> {
    expect((await service.me(grant.access_token)).status).toBe(unreachable ? 200 : 401);
    await until(
      'refused elsewhere',
      async () => (await other.me(grant.access_token)).status === (unreachable ? 200 : 401),
    );
    for (const process of [service, other]) expect((await process.refresh(grant.refresh_token)).status).toBe(401);
  }

  it('deletes an account: its tokens are refused in every process, although it is gone', async () => {
    const gone = await signedIn();
    expect((await other.me(gone.grant.access_token)).status).toBe(200);
    expect((await admin.send(`DELETE /admin/users/${gone.person.userId}`, { reason })).status).toBe(204);
    await expectOver(gone);
    expect((await service.login(gone.person)).code).toBe('invalid_credentials');
    expect((await admin.send(`GET /admin/users/${gone.person.userId}`)).status).toBe(404);
    expect((await admin.send(`DELETE /admin/users/${gone.person.userId}`, { reason })).status).toBe(404);
  });

  it('deletes an account whose address is then free, and whose tokens are not the next one’s', async () => {
    const gone = await signedIn();
    await admin.send(`DELETE /admin/users/${gone.person.userId}`, { reason });
    const { email, username, password } = gone.person;
    const made = await admin.send<{ user: { id: string } }>('POST /admin/users', { email, username, password });
    expect(made.status).toBe(201);
    expect(made.body.user.id).not.toBe(gone.person.userId);
    expect((await service.login(gone.person)).body.user.id).toBe(made.body.user.id);
    await expectOver(gone);
  });

  it('deletes an account while it signs in and refreshes: nothing breaks, and nothing lives on', async () => {
    const { person: who, grant } = await signedIn();
    const logins = Array.from({ length: 8 }, () => service.login(who));
    const refreshes = Array.from({ length: 4 }, () => service.refresh(grant.refresh_token));
    const [deleted, ...answers] = await Promise.all([
      admin.send(`DELETE /admin/users/${who.userId}`, { reason }),
      ...logins,
      ...refreshes,
    ]);
    expect(deleted.status).toBe(204);
    for (const { status, body } of answers) {
      expect([200, 401, 429]).toContain(status);
      if (status === 200) await expectOver({ grant: body as never });
    }
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('disables an account, which ends its logins, and enables it again', async () => {
    const login = await signedIn();
    const path = `PATCH /admin/users/${login.person.userId}`;
    expect((await admin.send(path, { status: 'disabled', reason })).body).toMatchObject({
      user: { status: 'disabled' },
    });
    expect((await service.me(login.grant.access_token)).status).toBe(unreachable ? 200 : 401);
    expect((await service.login(login.person)).code).toBe('account_disabled');
    expect((await admin.send(path, { status: 'active', reason })).body).toMatchObject({ user: { status: 'active' } });
    expect((await service.login(login.person)).status).toBe(200);
    expect((await service.refresh(login.grant.refresh_token)).status).toBe(401);
  });

  it('administers no longer, with a token that still names the role, once the role is gone', async () => {
    const former = await administrator(service, admin.tenantId);
    expect((await former.send('GET /admin/users')).status).toBe(200);
    await admin.send(`PATCH /admin/users/${former.id}`, { roles: ['billing'], reason });
    const { status, code } = await former.send('GET /admin/users');
    const renewed = row.access_token === 'jwt' && !unreachable;
    expect([status, code]).toEqual(renewed ? [401, 'token_expired'] : [403, 'insufficient_role']);
  });

  it('is stopped at once when the account is disabled, or deleted, whatever the token says', async () => {
    for (const end of ['PATCH', 'DELETE']) {
      const former = await administrator(service, admin.tenantId);
      const body = end === 'PATCH' ? { status: 'disabled', reason } : { reason };
      await admin.send(`${end} /admin/users/${former.id}`, body);
      expect((await former.send('GET /admin/users')).status).toBe(401);
    }
  });

  it('gives a temporary password, shown once: the old one is over, and so is every login', async () => {
    const login = await signedIn();
    const path = `POST /admin/users/${login.person.userId}/password`;
    const answer = await admin.send<{ temporary_password: string }>(path, { action: 'temporary', reason });
    const password = answer.body.temporary_password;
    expect(password).toMatch(/^[0-9A-Za-z]{21}$/);
    expect((await service.login(login.person)).code).toBe('invalid_credentials');
    await expectOver(login);
    expect((await service.login({ ...login.person, password })).status).toBe(200);
    expect(JSON.stringify(service.app.logs)).not.toContain(password);
  });

  it('takes a password away: nobody signs in with one', async () => {
    const login = await signedIn();
    const path = `POST /admin/users/${login.person.userId}/password`;
    expect((await admin.send(path, { action: 'remove', reason })).body).toEqual({ temporary_password: null });
    expect((await service.login(login.person)).code).toBe('invalid_credentials');
    await expectOver(login);
    const { body } = await admin.send(`GET /admin/users/${login.person.userId}`);
    expect(body).toMatchObject({ user: { has_password: false } });
  });

  it('lists the logins of an account and ends one of them, where the mode can', async () => {
    const who = await person();
    const [one, two] = [await service.signedIn(who), await service.signedIn(who)];
    const path = `/admin/users/${who.userId}/sessions`;
    const listed = await admin.send<Listed>(`GET ${path}`);
    if (row.list_sessions) {
      expect(listed.body.sessions.map(({ id }) => id).sort()).toEqual([one.sessionId, two.sessionId].sort());
    } else expect(listed.code).toBe('unsupported_in_mode');
    const ended = await admin.send(`DELETE ${path}/${one.sessionId}`, { reason });
    expect(ended.status).toBe(unreachable ? 409 : 204);
    expect((await service.me(one.grant.access_token)).status).toBe(unreachable ? 200 : 401);
    expect((await service.refresh(two.grant.refresh_token)).status).toBe(200);
  });

  it('ends every login of an account, where the mode can', async () => {
    const login = await signedIn();
    const ended = await admin.send(`DELETE /admin/users/${login.person.userId}/sessions`, { reason });
    expect(ended.status).toBe(unreachable ? 409 : 204);
    if (!unreachable) await expectOver(login);
    expect((await service.login(login.person)).status).toBe(200);
  });

  it('counts the logins of a tenant, and ends them when meant', async () => {
    const own = await administrator(service, (await service.tenant()).id);
    const login = await service.signedIn(await service.person({ tenantId: own.tenantId }));
    const path = `POST /admin/tenants/${own.tenantId}/revoke`;
    const counted = await own.send(`${path}?dry_run=true`, { reason });
    if (unreachable) return expect(counted.code).toBe('unsupported_in_mode');
    const sessions = row.list_sessions ? 2 : 0;
    expect(counted.body).toEqual({ dry_run: true, sessions, counts_all: row.list_sessions });
    expect((await service.me(login.grant.access_token)).status).toBe(200);
    expect((await own.send(path, { reason })).body).toMatchObject({ dry_run: false, sessions });
    await expectOver(login);
    expect((await own.send('GET /admin/users')).status).toBe(401);
    expect((await admin.send('GET /admin/users')).status).toBe(200);
  });

  it('sees until when an account is locked, and unlocks it', async () => {
    const who = await person();
    for (let i = 0; i < 5; i += 1) await service.login(who, { password: `${PASSWORD}?` });
    expect((await service.login(who)).code).toBe('account_locked');
    const seen = await admin.send<{ user: { locked_until: string } }>(`GET /admin/users/${who.userId}`);
    expect(Date.parse(seen.body.user.locked_until)).toBeGreaterThan(service.clock.now());
    expect((await admin.send(`POST /admin/users/${who.userId}/unlock`)).body).toEqual({ unlocked: true });
    expect((await admin.send(`POST /admin/users/${who.userId}/unlock`)).body).toEqual({ unlocked: false });
    expect((await service.login(who)).status).toBe(200);
    const { body } = await admin.send(`GET /admin/users/${who.userId}`);
    expect(body).toMatchObject({ user: { locked_until: null } });
  });
});
