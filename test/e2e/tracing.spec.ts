import { SpanStatusCode } from '@opentelemetry/api';
import { AuthError } from '@latchkey/nest';
import { inSpan } from '../../src/common/tracing';
import { PROFILES } from '../support/profiles';
import { SpanRecorder } from '../support/span-recorder';
import { privateThings } from './observed-traffic';
import { useService } from './service';

const recorder = new SpanRecorder();

describe('without an SDK', () => {
  it('a span gives back what the work gave, and is told to nobody', async () => {
    expect(await inSpan('latchkey.test', {}, () => Promise.resolve(7))).toBe(7);
    expect(recorder.spans).toEqual([]);
  });
});

describe('with an SDK', () => {
  beforeAll(() => recorder.start());
  afterAll(() => recorder.stop());
  beforeEach(() => recorder.forget());

  describe.each(PROFILES)('spans, $name', ({ settings, row }) => {
    const service = useService({ settings });

    it('show a login and what it consists of', async () => {
      const person = await service.person();
      recorder.forget();
      await service.login(person);
      const [login] = recorder.named('latchkey.login');
      const tenant = { 'latchkey.tenant_id': person.tenantId };
      expect(login?.attributes).toEqual({ 'latchkey.method': 'pwd', 'latchkey.outcome': 'ok', ...tenant });
      expect(recorder.below(login)).toEqual(expect.arrayContaining(['latchkey.password.hash', 'latchkey.token.issue']));
      const [hash] = recorder.named('latchkey.password.hash');
      expect(hash?.attributes).toMatchObject({ 'latchkey.algorithm': 'argon2id', 'latchkey.purpose': 'verify' });
    });

    it('tell a refused login by its code, and it is no failure of the service', async () => {
      await service.login(await service.person(), { password: 'not the right one' });
      const [login] = recorder.named('latchkey.login');
      expect(login?.attributes['latchkey.outcome']).toBe('invalid_credentials');
      expect([login?.status.code, login?.events]).toEqual([SpanStatusCode.UNSET, []]);
    });

    it('show refreshes and logouts', async () => {
      const { grant } = await service.signedIn();
      const { access_token: token } = (await service.refresh(grant.refresh_token)).body;
      await service.http.post('/auth/logout', { token });
      expect(recorder.named('latchkey.refresh')[0]?.attributes['latchkey.kind']).toMatch(
        /^(session|(un)?tracked_jwt)$/,
      );
      const [revoke] = recorder.named('latchkey.revoke');
      if (row.logout_takes_effect === 'at_expiry') return expect(revoke).toBeUndefined();
      expect(revoke?.attributes).toMatchObject({ 'latchkey.target': 'session', 'latchkey.reason': 'logout' });
      expect(recorder.below(revoke)).toEqual(['latchkey.transaction']);
    });

    it('are not made for a request whose token is known', async () => {
      const { grant } = await service.signedIn();
      recorder.forget();
      for (let request = 0; request < 3; request += 1) await service.me(grant.access_token);
      expect(recorder.spans).toEqual([]);
    });

    it('hold no secret, no token and nothing about a person', async () => {
      const { person, grant } = await service.signedIn();
      const refreshed = (await service.refresh(grant.refresh_token)).body;
      await service.http.post('/auth/logout', { token: refreshed.access_token });
      const told = recorder.spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
      expect(told.length).toBeGreaterThan(3);
      const anonymous = { ...person, tenantId: 'may be told' };
      expect(privateThings([anonymous], [grant, refreshed]).findIn(JSON.stringify(told))).toEqual([]);
    });
  });

  describe('a span', () => {
    it('is a failure where the service failed, without the words of the error', async () => {
      const failing = (error: Error) => inSpan('latchkey.test', {}, () => Promise.reject(error)).catch(() => undefined);
      await failing(new AuthError('unavailable', 'ada@example.com cannot sign in'));
      await failing(new Error('password: secret'));
      const told = recorder
        .named('latchkey.test')
        .map(({ attributes, status, events }) => [attributes, status, events]);
      const status = { code: SpanStatusCode.ERROR };
      expect(told).toEqual([
        [{ 'latchkey.outcome': 'unavailable' }, status, []],
        [{ 'latchkey.outcome': 'internal_error' }, status, []],
      ]);
    });
  });
});
