import { once } from 'node:events';
import { connect } from 'node:net';
import { ConnectionWatch } from '@latchkey/nest';
import { adapterOf, LoungeModule } from '../support/lounge.module';
import { openStream } from '../support/live-stream';
import { PROFILES } from '../support/profiles';
import { until } from '../support/until';
import { useService } from './service';

describe.each(PROFILES)('event streams, $name', ({ settings, row }) => {
  const service = useService({ settings, extend: [LoungeModule.of('ws')], prepare: adapterOf('ws') });

  const open = (token?: string, path = 'events') => openStream(`${service.app.url}/lounge/${path}`, token);

  async function opened() {
    const who = await service.signedIn();
    const stream = await open(who.grant.access_token);
    await until('events arrive', () => stream.events.length > 2);
    return { who, stream };
  }

  it('are guarded as every route is, and know who is reading', async () => {
    const { who, stream } = await opened();
    const { userId, seen } = JSON.parse(stream.events[1]?.data ?? '{}') as Record<string, string>;
    expect([userId, seen]).toEqual([who.person.userId, who.person.userId]);
    await expect(open()).rejects.toMatchObject({ status: 401, code: 'missing_token' });
    await expect(open('nonsense')).rejects.toMatchObject({ status: 401, code: 'invalid_token' });
    await expect(open(who.grant.access_token, 'secrets')).rejects.toMatchObject({ code: 'insufficient_role' });
    stream.close();
  });

  it('are open to strangers where the route is', async () => {
    const stream = await open(undefined, 'news');
    await until('news arrive', () => stream.events.length > 1);
    stream.close();
  });

  it('end at the expiry of the access token, with a last event', async () => {
    const { who, stream } = await opened();
    service.clock.advance(Date.parse(who.grant.expires_at) - service.clock.now() + 10);
    await stream.ended;
    expect(stream.events.at(-1)).toEqual({ type: 'revoked', data: '{"code":"token_expired"}' });
  });

  it('are forgotten when the client leaves, those too that wait behind another on the same connection', async () => {
    const { grant } = await service.signedIn();
    const watch = service.app.provider(ConnectionWatch);
    const { hostname, port } = new URL(service.app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    const request = `GET /lounge/events HTTP/1.1\r\nHost: lounge\r\nAuthorization: Bearer ${grant.access_token}\r\n\r\n`;
    socket.write(request.repeat(20));
    await until('all of them are open', () => watch.size === 20);
    socket.destroy();
    await until('none of them is left', () => watch.size === 0);
  });

  it('are not ended by a refresh', async () => {
    const { who, stream } = await opened();
    expect((await service.refresh(who.grant.refresh_token)).status).toBe(200);
    const before = stream.events.length;
    await until('events go on', () => stream.events.length > before + 60);
    expect(stream.isOpen).toBe(true);
    stream.close();
  });

  if (row.revoke_all_sessions) {
    it('end when the login does, with a last event and nothing after it; those of other logins go on', async () => {
      const { who, stream } = await opened();
      const other = await opened();
      await service.http.post('/auth/logout', { token: who.grant.access_token });
      await stream.ended;
      const revoked = stream.events.findIndex(({ type }) => type === 'revoked');
      expect(stream.events[revoked]).toEqual({ type: 'revoked', data: '{"code":"token_revoked"}' });
      expect(revoked).toBe(stream.events.length - 1);
      const before = other.stream.events.length;
      await until('the other one goes on', () => other.stream.events.length > before + 5);
      other.stream.close();
      await expect(open(who.grant.access_token)).rejects.toMatchObject({ code: 'token_revoked' });
    });
  } else {
    it('live on after a logout, as the token does', async () => {
      const { who, stream } = await opened();
      await service.http.post('/auth/logout', { token: who.grant.access_token });
      const before = stream.events.length;
      await until('events go on', () => stream.events.length > before + 5);
      stream.close();
    });
  }
});
