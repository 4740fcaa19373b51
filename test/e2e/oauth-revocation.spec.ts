import { randomUUID } from 'node:crypto';
import { formatOpaqueToken, parseOpaqueToken } from '../../src/strategy/opaque-token';
import { withClient } from '../support/test-database';
import { oauthCaller, type OAuthCaller } from '../support/oauth-caller';
import { PROFILES } from '../support/profiles';
import { DAY, MINUTE } from '../support/test-app';
import { useService } from './service';

describe.each(PROFILES)('revoking a token, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const revocable = row.logout_takes_effect === 'at_once';
  let caller: OAuthCaller;

  beforeAll(async () => {
    caller = await oauthCaller(service.app, { tenants: [(await service.defaultTenant()).id] });
  });

  const rows = () =>
    withClient(service.app.database.url, async (client) => {
      const { rows: found } = await client.query<{ count: string }>('SELECT count(*) FROM revocations');
      return Number(found[0]!.count);
    });

  it.each(['access_token', 'refresh_token'] as const)('ends the login that it is of: %s', async (use) => {
    const { grant } = await service.signedIn();
    const answer = await caller.revoke(grant[use]);
    if (revocable) expect([answer.status, answer.text]).toEqual([200, '']);
    else {
      expect([answer.status, answer.code, answer.body.error]).toEqual([
        409,
        'unsupported_in_mode',
        'unsupported_token_type',
      ]);
    }
    expect((await service.me(grant.access_token)).status).toBe(revocable ? 401 : 200);
    expect((await caller.introspect(grant.access_token)).body.active).toBe(!revocable);
    expect((await service.refresh(grant.refresh_token)).status).toBe(revocable ? 401 : 200);
  });

  it.each(['access_token', 'refresh_token', 'nonsense', 'id_token'])(
    'goes by the token, not by a hint: %s',
    async (hint) => {
      const { grant } = await service.signedIn();
      const token = grant.refresh_token;
      const answer = await caller.post('/oauth/revoke', { token, token_type_hint: hint });
      expect(answer.status).toBe(revocable ? 200 : 409);
      expect((await service.me(grant.access_token)).status).toBe(revocable ? 401 : 200);
    },
  );

  it('leaves other logins of the same person alone', async () => {
    const { person, grant } = await service.signedIn();
    const other = await service.signedIn(person);
    await caller.revoke(grant.access_token);
    expect((await service.me(other.grant.access_token)).status).toBe(200);
    expect((await service.refresh(other.grant.refresh_token)).status).toBe(200);
  });

  it('knows a token that was replaced: it is still one of its login', async () => {
    const { grant } = await service.signedIn();
    const next = (await service.refresh(grant.refresh_token)).body;
    await caller.revoke(grant.refresh_token);
    expect((await service.me(next.access_token)).status).toBe(revocable ? 401 : 200);
  });

  it('answers 200 to what is unknown, and writes nothing', async () => {
    const { grant, sessionId } = await service.signedIn();
    const before = await rows();
    const secret = Buffer.alloc(32, 3);
    const made = (['access', 'refresh'] as const).map((use) => formatOpaqueToken(use, { sessionId, secret }));
    const [head, body] = grant.access_token.split('.');
    const jwt = `${head}.${body}.${Buffer.alloc(32, 1).toString('base64url')}`;
    for (const token of ['nonsense', 'lk_at_', 'eyJ', ...made, jwt, randomUUID(), 'x'.repeat(20_000)]) {
      const answer = await caller.revoke(token);
      expect([token.slice(0, 20), answer.status, answer.text]).toEqual([token.slice(0, 20), 200, '']);
    }
    expect(await rows()).toBe(before);
    expect((await service.me(grant.access_token)).status).toBe(200);
  });

  it('answers 200 to what belongs to another tenant or audience, and ends nothing', async () => {
    const elsewhere = await service.tenant();
    const { grant } = await service.signedIn(await service.person({ tenantId: elsewhere.id }));
    const deaf = await oauthCaller(service.app, { tenants: 'all', audiences: ['another-api'] });
    for (const each of [caller, deaf]) {
      for (const token of [grant.access_token, grant.refresh_token]) {
        const answer = await each.revoke(token);
        expect([answer.status, answer.text]).toEqual([200, '']);
      }
    }
    expect((await service.me(grant.access_token)).status).toBe(200);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });

  it('writes one row however often it is asked, one after another', async () => {
    const { grant } = await service.signedIn();
    const before = await rows();
    for (let i = 0; i < 5; i += 1) await caller.revoke(i % 2 ? grant.refresh_token : grant.access_token);
    expect(await rows()).toBe(before + (revocable ? 1 : 0));
  });

  it('answers 200 to what is over', async () => {
    const { grant } = await service.signedIn();
    service.clock.advance(31 * DAY);
    for (const token of [grant.access_token, grant.refresh_token]) {
      const later = await caller.revoke(token);
      expect([later.status, later.text]).toEqual([200, '']);
    }
  });

  it('reads the kind from the token: what was issued before a flip can be ended too', async () => {
    const mode = row.mode === 'stateful' ? 'stateless' : 'stateful';
    const { grant } = await service.signedIn();
    const flipped = { 'auth.mode': mode, ...(!revocable && { 'auth.jwt.revocation': 'none' }) };
    const other = new (service.constructor as new (o: object) => typeof service)({ settings: flipped });
    await other.start({ database: service.app.database });
    other.clock.advance(service.clock.now() - other.clock.now());
    try {
      const asked = await oauthCaller(other.app, { tenants: 'all' });
      expect((await asked.introspect(grant.access_token)).body).toMatchObject({ token_kind: row.access_token });
      // A service that keeps sessions can end JWTs too, whatever the one that issued them could.
      expect((await asked.revoke(grant.access_token)).status).toBe(200);
      expect((await asked.introspect(grant.access_token)).body.active).toBe(false);
    } finally {
      await other.stop();
    }
  });

  if (row.access_token === 'opaque') {
    it('ends a login by its access token also when only that one has expired', async () => {
      const { grant } = await service.signedIn();
      expect(parseOpaqueToken('access', grant.access_token)).not.toBeNull();
      service.clock.advance(DAY + MINUTE);
      await caller.revoke(grant.access_token);
      expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    });
  }
});
