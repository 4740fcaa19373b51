import { Tickets } from '../../src/strategy/tickets';
import { TicketStore } from '../../src/strategy/ticket.store';
import { CleanupJob } from '../../src/maintenance/cleanup.job';
import { PROFILES } from '../support/profiles';
import { SECOND } from '../support/test-app';
import { withClient } from '../support/test-database';
import { useService, type SignedIn } from './service';

const CLIENT = { ipAddress: '127.0.0.1', userAgent: null };

interface Ticket {
  readonly ticket: string;
  readonly expires_in: number;
}

describe.each(PROFILES)('tickets, $name', ({ settings, row }) => {
  const service = useService({ settings });

  async function issue({ grant }: SignedIn): Promise<string> {
    const { status, body } = await service.http.post<Ticket>('/auth/ticket', { token: grant.access_token });
    expect(status).toBe(200);
    return body.ticket;
  }

  const redeem = (ticket: string) => service.app.provider(Tickets).redeem(ticket, CLIENT);

  const codeOf = (ticket: string): Promise<string> =>
    redeem(ticket).then(
      () => 'redeemed',
      (error: { code: string }) => error.code,
    );

  const rows = () =>
    withClient(service.app.database.url, async (client) => {
      const { rows: found } = await client.query<Record<string, unknown>>('SELECT * FROM connection_tickets');
      return found;
    });

  it('are given to whoever is signed in, for half a minute', async () => {
    const who = await service.signedIn();
    const { body, headers } = await service.http.post<Ticket>('/auth/ticket', { token: who.grant.access_token });
    expect(body).toEqual({ ticket: expect.stringMatching(/^lk_tk_[0-9A-Za-z]{49}$/) as string, expires_in: 30 });
    expect(headers.get('cache-control')).toContain('no-store');
    const auth = await redeem(body.ticket);
    const { person } = who;
    expect(auth).toMatchObject({ mode: row.mode, sessionId: who.sessionId, amr: ['pwd'] });
    expect(auth.principal).toMatchObject({ userId: person.userId, tenantId: person.tenantId, email: person.email });
    expect(auth.expiresAt.getTime() / 1000).toBeCloseTo(Date.parse(who.grant.expires_at) / 1000, 0);
  });

  it('are not given to strangers, for a ticket, a refresh token, or with a body that says more', async () => {
    const who = await service.signedIn();
    expect((await service.http.post('/auth/ticket')).code).toBe('missing_token');
    for (const token of [await issue(who), who.grant.refresh_token]) {
      expect((await service.http.post('/auth/ticket', { token })).code).toBe('invalid_token');
    }
    const json = { user_id: who.person.userId };
    expect((await service.http.post('/auth/ticket', { token: who.grant.access_token, json })).status).toBe(400);
  });

  it('are good once, also when fifty come at the same moment', async () => {
    const ticket = await issue(await service.signedIn());
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(ticket)));
    expect(codes.filter((code) => code === 'redeemed')).toHaveLength(1);
    expect(codes.filter((code) => code === 'invalid_token')).toHaveLength(49);
  });

  it('are no other kind of token, and no other kind of token is one', async () => {
    const who = await service.signedIn();
    const ticket = await issue(who);
    expect((await service.me(ticket)).code).toBe('invalid_token');
    expect((await service.refresh(ticket)).code).toBe('invalid_grant');
    for (const other of [who.grant.access_token, who.grant.refresh_token, '', 'lk_tk_', `${ticket}0`, 'lk_tk_ä']) {
      expect(await codeOf(other)).toBe('invalid_token');
    }
    const flipped = ticket.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    expect(await codeOf(flipped)).toBe('invalid_token');
    expect(await codeOf(ticket)).toBe('redeemed');
  });

  it('die after half a minute, and with the access token they were made with', async () => {
    const who = await service.signedIn();
    const ticket = await issue(who);
    service.clock.advance(30 * SECOND);
    expect(await codeOf(ticket)).toBe('invalid_token');
    const rest = Date.parse(who.grant.expires_at) - service.clock.now();
    service.clock.advance(rest - 5 * SECOND);
    const { body } = await service.http.post<Ticket>('/auth/ticket', { token: who.grant.access_token });
    expect(body.expires_in).toBeLessThanOrEqual(5);
    service.clock.advance(6 * SECOND);
    expect(await codeOf(body.ticket)).toBe('invalid_token');
  });

  it('of an account that was disabled are refused', async () => {
    const who = await service.signedIn();
    const ticket = await issue(who);
    await service.changes.disable(who.person);
    expect(await codeOf(ticket)).toBe('token_revoked');
  });

  if (row.revoke_all_sessions) {
    it('of a login that has ended are refused, those of another are not', async () => {
      const who = await service.signedIn();
      const other = await service.signedIn(who.person);
      const [mine, theirs] = [await issue(who), await issue(other)];
      await service.http.post('/auth/logout', { token: who.grant.access_token });
      expect(await codeOf(mine)).toBe('token_revoked');
      expect(await codeOf(theirs)).toBe('redeemed');
    });
  }

  it('stay in their tenant: a row of one tenant with the user of another finds nobody', async () => {
    const who = await service.signedIn();
    const stranger = await service.person({ tenantId: (await service.tenant()).id });
    const ticket = await issue(who);
    await withClient(service.app.database.url, (client) =>
      client.query('UPDATE connection_tickets SET tenant_id = $1, user_id = $2 WHERE user_id = $3', [
        stranger.tenantId,
        stranger.userId,
        who.person.userId,
      ]),
    );
    await service.changes.disable(stranger);
    expect(await codeOf(ticket)).toBe('token_revoked');
    const hash = Buffer.alloc(32);
    expect(await service.app.provider(TicketStore).use(hash)).toBeNull();
  });

  it('are kept as hashes, without any token, and removed when nobody used them', async () => {
    const who = await service.signedIn();
    const ticket = await issue(who);
    const kept = JSON.stringify(await rows());
    expect(kept).not.toContain(ticket.slice(6));
    expect(kept).not.toContain(who.grant.access_token);
    expect(kept).not.toContain(Buffer.from(ticket).toString('hex'));
    await withClient(service.app.database.url, (client) =>
      client.query('UPDATE connection_tickets SET expires_at = now()'),
    );
    await service.app.provider(CleanupJob).run();
    expect(await rows()).toEqual([]);
  });

  it('are bounded: a login has at most a hundred unused ones', async () => {
    const { grant } = await service.signedIn();
    const answers = [];
    for (let i = 0; i < 101; i++) {
      answers.push(await service.http.post('/auth/ticket', { token: grant.access_token }));
    }
    expect(answers.slice(0, 100).every(({ status }) => status === 200)).toBe(true);
    expect(answers[100]).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(answers[100]?.headers.get('retry-after')).toBe('30');
  });
});

describe('tickets of a login that is bound to its address', () => {
  const service = useService({ settings: { 'auth.mode': 'stateful', 'auth.session.bind': 'ip' } });

  it('are refused from another one', async () => {
    const { grant } = await service.signedIn();
    const { body } = await service.http.post<Ticket>('/auth/ticket', { token: grant.access_token });
    const elsewhere = { ipAddress: '192.0.2.7', userAgent: null };
    const redeemed = service.app.provider(Tickets).redeem(body.ticket, elsewhere);
    await expect(redeemed).rejects.toMatchObject({ code: 'invalid_token' });
  });
});

describe('a client that is no person', () => {
  const service = useService();

  it('gets no ticket: it can send the header', async () => {
    const principal = { kind: 'client' as const, userId: 'c', tenantId: 't', email: null, username: null, name: null };
    const machine = { principal: { ...principal, roles: [] }, mode: 'stateless' as const, sessionId: 's', amr: [] };
    const auth = { ...machine, expiresAt: new Date(Date.now() + 60_000), authTime: new Date() };
    await expect(service.app.provider(Tickets).issue(auth)).rejects.toMatchObject({ code: 'insufficient_role' });
  });
});
