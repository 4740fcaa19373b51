import { PROFILES } from '../support/profiles';
import { adapterOf, arrivals, heard, LoungeModule } from '../support/lounge.module';
import { Refused, SOCKET_KINDS, type Introduction, type OpenSocket } from '../support/socket-client';
import { MINUTE } from '../support/test-app';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';
import { useService, type SignedIn } from './service';

const EVERY_WAY = PROFILES.flatMap((profile) => SOCKET_KINDS.map((socket) => ({ ...profile, ...socket })));

/** As clients see it: within a second, and what a busy machine adds. */
const SOON = 2_000;

describe.each(EVERY_WAY)('sockets, $kind, $name', ({ settings, row, kind, connect }) => {
  const service = useService({ settings, extend: [LoungeModule.of(kind)], prepare: adapterOf(kind) });
  const revocable = row.revoke_all_sessions;

  const enter = (introduction?: Introduction, room = 'lounge') => connect(service.app.url, room, introduction);

  async function refusal(introduction?: Introduction, room?: string): Promise<Refused> {
    const error: unknown = await enter(introduction, room).then(
      (socket) => {
        socket.close();
        throw new Error('The handshake was accepted');
      },
      (refused: unknown) => refused,
    );
    if (error instanceof Refused) return error;
    throw error;
  }

  async function ticketOf({ grant }: SignedIn): Promise<string> {
    const answer = await service.http.post<{ ticket: string }>('/auth/ticket', { token: grant.access_token });
    expect(answer.status).toBe(200);
    return answer.body.ticket;
  }

  async function seated(who?: SignedIn): Promise<{ who: SignedIn; socket: OpenSocket }> {
    const signedIn = who ?? (await service.signedIn());
    return { who: signedIn, socket: await enter({ token: signedIn.grant.access_token }) };
  }

  it('know in every handler who is acting, as routes do', async () => {
    const { who, socket } = await seated();
    const { data } = await socket.ask('whoami');
    expect(data).toMatchObject({
      mode: row.mode,
      userId: who.person.userId,
      tenantId: who.person.tenantId,
      user: { userId: who.person.userId, email: who.person.email },
      found: true,
    });
    expect(data['session'] === null).toBe(row.access_token === 'jwt');
    expect(data['claims'] === null).toBe(row.access_token === 'opaque');
    expect(arrivals).toContain(who.person.userId);
    expect(arrivals).not.toContain('another');
    socket.close();
  });

  it('keep the callers of many messages apart, across every await', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => seated()));
    const answers = await Promise.all(
      all.flatMap(({ who, socket }) => [
        socket.ask('journey').then(({ data }) => ({ id: who.person.userId, seen: data['seen'] as unknown[] })),
        socket.ask('ticks').then(({ data }) => ({ id: who.person.userId, seen: [data['seen']] })),
        socket.ask('annex').then(({ data }) => ({ id: who.person.userId, seen: [data['userId']] })),
      ]),
    );
    for (const { id, seen } of answers) expect(new Set(seen)).toEqual(new Set([id]));
    for (const { socket } of all) socket.close();
  });

  it('refuse handshakes without a token, with a bad one, and with one of another kind', async () => {
    const { grant } = await service.signedIn();
    expect(await refusal()).toMatchObject({ status: 401, code: 'missing_token' });
    expect(await refusal({ token: 'nonsense' })).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(await refusal({ token: grant.refresh_token })).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(await refusal({ token: `${grant.access_token.slice(0, -3)}abc` })).toMatchObject({ status: 401 });
    expect(await refusal({ queryToken: grant.access_token })).toMatchObject({ status: 401, code: 'missing_token' });
    expect(await refusal({ cookie: `access=${grant.access_token}` })).toMatchObject({ code: 'missing_token' });
  });

  it('open to a ticket once', async () => {
    const who = await service.signedIn();
    const ticket = await ticketOf(who);
    const origin = service.app.url;
    const socket = await enter({ ticket, origin });
    expect((await socket.ask('whoami')).data).toMatchObject({ userId: who.person.userId, mode: row.mode });
    expect(await refusal({ ticket, origin })).toMatchObject({ status: 401, code: 'invalid_token' });
    socket.close();
  });

  it('do not take a ticket from a page of another origin, from none, or one that is malformed', async () => {
    const ticket = await ticketOf(await service.signedIn());
    expect((await refusal({ ticket, origin: 'https://evil.example' })).code).not.toBe('');
    expect(await refusal({ ticket })).toMatchObject({ status: 403, code: 'csrf_failed' });
    const wrong = `${ticket.slice(0, -1)}${ticket.endsWith('a') ? 'b' : 'a'}`;
    expect(await refusal({ ticket: wrong, origin: service.app.url })).toMatchObject({ code: 'invalid_token' });
    expect(await refusal({ ticket: 'x'.repeat(7000), origin: service.app.url })).toMatchObject({ status: 401 });
    const socket = await enter({ ticket, origin: service.app.url });
    socket.close();
  });

  it('refuse pages of other origins even with a good token', async () => {
    const { grant } = await service.signedIn();
    for (const origin of ['https://evil.example', 'null', `${service.app.url}.evil.example`]) {
      await expect(enter({ token: grant.access_token, origin })).rejects.toThrow();
    }
  });

  it('judge roles at each message, answer with the code, and stay open', async () => {
    const plain = await seated();
    expect(await plain.socket.ask('admin')).toMatchObject({ event: 'exception', data: { code: 'insufficient_role' } });
    expect(await plain.socket.ask('conflict')).toMatchObject({ data: { status: 'error', code: 'conflict' } });
    const broken = await plain.socket.ask('broken');
    expect(broken.data).toMatchObject({ code: 'internal_error' });
    expect(JSON.stringify(plain.socket.received)).not.toContain('secret detail');
    expect((await plain.socket.ask('own')).data).toMatchObject({ message: 'as Nest says it' });
    expect(await plain.socket.ask('say', 'still here')).toMatchObject({ event: 'say' });
    const admin = await seated(await service.signedIn(await service.person({ roles: ['admin'] })));
    expect(await admin.socket.ask('admin')).toMatchObject({ event: 'admin' });
    for (const { socket } of [plain, admin]) socket.close();
  });

  it('are open to strangers where a handler is, and nowhere else', async () => {
    const socket = await enter({}, 'foyer');
    expect((await socket.ask('hello')).data).toEqual({ userId: null });
    expect((await socket.ask('optional')).data).toEqual({ userId: null });
    expect(await socket.ask('closed')).toMatchObject({ event: 'exception', data: { code: 'missing_token' } });
    expect(await refusal({ token: 'nonsense' }, 'foyer')).toMatchObject({ code: 'invalid_token' });
    await expect(enter({}, 'cellar')).rejects.toThrow();
    await expect(enter({}, '')).rejects.toThrow();
    socket.close();
  });

  if (revocable) {
    it('are closed when their login ends, and nothing sent after that is handled or arrives', async () => {
      const { who, socket } = await seated();
      const other = await seated(await service.signedIn(who.person));
      const last = `too late ${who.sessionId}`;
      // The client notices nothing yet, and goes on sending.
      socket.pause();
      await service.http.post('/auth/logout', { token: who.grant.access_token });
      expect(socket.isOpen).toBe(true);
      socket.send('say', last);
      expect(await other.socket.ask('say', 'alive')).toMatchObject({ event: 'say' });
      socket.resume();
      const before = performance.now();
      const ending = await socket.ended;
      expect(performance.now() - before).toBeLessThan(timeLimit(SOON));
      expect(ending).toMatchObject({ code: 'token_revoked', status: kind === 'ws' ? 4401 : null });
      expect(heard).not.toContain(last);
      expect(socket.received.filter(({ event }) => event === 'say')).toEqual([]);
      other.socket.close();
    });

    it('are closed when the account is disabled', async () => {
      const { who, socket } = await seated();
      await service.changes.disable(who.person);
      expect(await socket.ended).toMatchObject({ code: 'token_revoked' });
    });

    it('are closed to be renewed when roles change', async () => {
      const { who, socket } = await seated();
      await service.changes.setRoles(who.person, ['admin']);
      expect(await socket.ended).toMatchObject({ code: 'token_expired' });
      const { body } = await service.refresh(who.grant.refresh_token);
      const again = await enter({ token: body.access_token });
      expect(await again.ask('admin')).toMatchObject({ event: 'admin' });
      again.close();
    });

    it('refuse a token, and a ticket, of a login that has ended', async () => {
      const who = await service.signedIn();
      const ticket = await ticketOf(who);
      await service.http.post('/auth/logout', { token: who.grant.access_token });
      expect(await refusal({ token: who.grant.access_token })).toMatchObject({ code: 'token_revoked' });
      expect(await refusal({ ticket, origin: service.app.url })).toMatchObject({ code: 'token_revoked' });
    });
  } else {
    it('live on after a logout, as the token does, until it expires', async () => {
      const { who, socket } = await seated();
      await service.http.post('/auth/logout', { token: who.grant.access_token });
      expect(await socket.ask('say', 'until expiry')).toMatchObject({ event: 'say' });
      socket.close();
    });
  }

  it('are not dropped by a refresh, and carry on with the new token shown over the connection', async () => {
    const { who, socket } = await seated();
    const early = Date.parse(who.grant.expires_at);
    service.clock.advance(MINUTE);
    const { body } = await service.refresh(who.grant.refresh_token);
    expect(await socket.ask('say', 'between')).toMatchObject({ event: 'say' });
    const answer = await socket.ask('auth.refresh', { access_token: body.access_token }, 'auth.refreshed');
    expect(answer.event).toBe('auth.refreshed');
    expect(Date.parse(answer.data['expires_at'] as string)).toBeGreaterThan(early);
    service.clock.advance(early - service.clock.now() + 1_000);
    expect(await socket.ask('say', 'after the old expiry')).toMatchObject({ event: 'say' });
    socket.close();
  });

  it('are closed at the expiry of their access token', async () => {
    const { who, socket } = await seated();
    service.clock.advance(Date.parse(who.grant.expires_at) - service.clock.now() + 10);
    expect(await socket.ended).toMatchObject({ code: 'token_expired' });
  });

  it("refuse a refresh with nonsense and stay; with another login's token they close", async () => {
    const { who, socket } = await seated();
    for (const data of [undefined, null, {}, { access_token: 7 }, { access_token: 'nonsense' }, 'x', []]) {
      const { event, data: answer } = await socket.ask('auth.refresh', data, 'auth.refreshed');
      expect(event).toBe('exception');
      expect(['validation_failed', 'invalid_token']).toContain(answer['code']);
    }
    expect(await socket.ask('say', 'still here')).toMatchObject({ event: 'say' });
    const sibling = await service.signedIn(who.person);
    socket.send('auth.refresh', { access_token: sibling.grant.access_token });
    expect(await socket.ended).toMatchObject({ code: 'invalid_token' });
  });

  it('drop what clients claim of themselves', async () => {
    const { grant } = await service.signedIn();
    const socket = await enter({ token: grant.access_token, headers: { 'x-user-id': 'somebody-else' } });
    expect((await socket.ask('headers')).data).toEqual({ claimed: null });
    socket.close();
  });

  if (kind === 'socket.io') {
    it('take a token or a ticket from the payload of a handshake', async () => {
      const who = await service.signedIn();
      const socket = await enter({ payload: { token: who.grant.access_token } });
      expect((await socket.ask('whoami')).data).toMatchObject({ userId: who.person.userId });
      const ticket = await ticketOf(who);
      const second = await enter({ payload: { ticket }, origin: service.app.url });
      for (const payload of [{ token: 7 }, { token: '' }, { ticket: {} }, { token: ['a'] }, { ticket }]) {
        const { code } = await refusal({ payload, origin: service.app.url });
        expect(code).toBe('invalid_token');
      }
      for (const open of [socket, second]) open.close();
    });
  }

  it('bound what one client may send', async () => {
    const { socket } = await seated();
    for (let i = 0; i < 1_000; i++) socket.send('say', 'spam');
    const { code } = await socket.ended;
    if (kind === 'ws') expect(code).toBe('rate_limited');
    const large = (await seated()).socket;
    large.send('say', 'x'.repeat(70_000));
    const { status } = await large.ended;
    if (kind === 'ws') expect(status).toBe(1009);
  });

  it('take cookies and tokens in the URL only where that is configured, and cookies from known pages only', async () => {
    const lenient = { 'auth.sockets.cookie_name': 'access', 'auth.sockets.query_token': true };
    const origins = { 'auth.sockets.origins': ['https://app.example.com'] };
    await service.stop();
    await service.start({ settings: { ...settings, ...lenient, ...origins } });
    const { grant } = await service.signedIn();
    const origin = 'https://app.example.com';
    for (const way of [{ cookie: `a=b; access=${grant.access_token}` }, { queryToken: grant.access_token }]) {
      const socket = await enter({ ...way, origin });
      expect((await socket.ask('whoami')).event).toBe('whoami');
      socket.close();
      expect(await refusal(way)).toMatchObject({ code: 'csrf_failed' });
      await expect(enter({ ...way, origin: 'https://evil.example' })).rejects.toThrow();
    }
    expect(JSON.stringify(service.app.logs)).not.toContain(grant.access_token);
  });

  it('say nothing secret in the log', async () => {
    const who = await service.signedIn();
    const ticket = await ticketOf(who);
    const socket = await enter({ ticket, origin: service.app.url });
    await socket.ask('broken');
    socket.close();
    await refusal({ ticket, origin: service.app.url });
    await until('the refusal is logged', () => service.app.logs.some((line) => line['code'] === 'invalid_token'));
    expect(JSON.stringify(service.app.logs)).not.toContain(ticket.slice(6));
  });
});
