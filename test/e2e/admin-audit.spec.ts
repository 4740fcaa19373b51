import { AuditRecorder } from '../../src/audit/audit-recorder';
import { administrator, platformAdministrator, type AdminCaller } from '../support/admin-caller';
import { useService, type Person } from './service';

interface AuditPage {
  readonly events: readonly {
    readonly event: string;
    readonly tenant_id: string | null;
    readonly user_id: string | null;
    readonly actor: { readonly kind: string; readonly id: string } | null;
    readonly target: { readonly kind: string; readonly id: string } | null;
    readonly reason: string | null;
  }[];
  readonly next: string | null;
}

describe('administrators', () => {
  const service = useService();
  let tenantId: string;
  let admin: AdminCaller;
  let platform: AdminCaller;

  beforeAll(async () => {
    tenantId = (await service.tenant()).id;
    admin = await administrator(service, tenantId);
    platform = await platformAdministrator(service);
  });

  async function trail(caller: AdminCaller, query = ''): Promise<AuditPage> {
    await service.app.provider(AuditRecorder).flush();
    return page(caller, query);
  }

  async function page(caller: AdminCaller, query: string): Promise<AuditPage> {
    const answer = await caller.send(`GET /admin/audit${query}`);
    expect(answer.status).toBe(200);
    return answer.body as unknown as AuditPage;
  }

  const someone = (): Promise<Person> => service.person({ tenantId });

  it('read what happened in their tenant, and nothing of another', async () => {
    const person = await someone();
    const stranger = await service.signedIn();
    await service.login(person, { password: 'wrong password' });
    const { events } = await trail(admin);
    expect(events.map(({ event, user_id: user }) => [event, user])).toContainEqual(['login_failed', person.userId]);
    expect(new Set(events.map((event) => event.tenant_id))).toEqual(new Set([tenantId]));
    const asked = await trail(admin, `?user_id=${stranger.person.userId}`);
    expect(asked.events).toEqual([]);
    const all = await trail(platform, `?user_id=${stranger.person.userId}`);
    expect(all.events.map(({ event }) => event)).toContain('login_succeeded');
  });

  it('find what another administrator did, to whom and why', async () => {
    const { userId } = await someone();
    const change = { status: 'disabled', reason: 'left the company' };
    expect((await admin.send(`PATCH /admin/users/${userId}`, change)).status).toBe(200);
    // Without waiting: what an administrator is told is done has been recorded.
    const { events } = await page(admin, `?event=admin_changed&target_id=${userId}`);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ target: { kind: 'user', id: userId }, reason: 'left the company' });
    expect(events[0]?.actor?.kind).toBe('user');
  });

  it('go through it page by page, each entry once', async () => {
    for (let i = 0; i < 5; i++) await service.login(await someone());
    const seen: unknown[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: AuditPage = await trail(admin, `?event=login_succeeded&limit=2${next && `&after=${next}`}`);
      seen.push(...page.events.map(({ user_id: user }) => user));
      next = page.next;
    }
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each(['after=x', 'limit=0', 'limit=201', 'event=%00', 'actor_id=%00', 'from=today', 'user_id=1', 'order=asc'])(
    'are told what is wrong with ?%s',
    async (query) => {
      expect((await admin.send(`GET /admin/audit?${query}`)).code).toBe('validation_failed');
    },
  );

  it('decide who needs a second factor: an account, or everybody of the tenant', async () => {
    const [one, two] = [await someone(), await someone()];
    const asks = { mfa_required: true, reason: 'handles money' };
    expect((await admin.send(`PATCH /admin/users/${one.userId}`, asks)).status).toBe(200);
    expect((await service.login(one)).code).toBe('mfa_required');
    expect((await service.login(two)).status).toBe(200);
    const changed = await admin.send(`PATCH /admin/tenants/${tenantId}`, { mfa: 'required' });
    expect(changed.body).toMatchObject({ tenant: { mfa: 'required' } });
    expect((await service.login(two)).code).toBe('mfa_required');
    await admin.send(`PATCH /admin/tenants/${tenantId}`, { mfa: null });
    expect((await service.login(two)).status).toBe(200);
    expect((await admin.send(`PATCH /admin/users/${one.userId}`, { mfa_required: false })).code).toBe(
      'validation_failed',
    );
  });

  it('prove who they are again before something dangerous, a quarter of an hour later', async () => {
    const { userId } = await someone();
    service.clock.advance(16 * 60_000);
    expect((await admin.send(`GET /admin/users/${userId}`)).status).toBe(200);
    const refused = await admin.send(`DELETE /admin/users/${userId}`, { reason: 'left the company' });
    expect(refused.code).toBe('insufficient_assurance');
  });
});
