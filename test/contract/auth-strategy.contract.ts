import { AuthError, type AuthMode } from '@latchkey/nest';
import type { VerifiedPerson } from '../../src/identity/verified-person';
import { AuthStrategies } from '../../src/strategy/auth-strategies';
import type { AuthStrategy, ConsumedLogin, TokenGrant } from '../../src/strategy/auth-strategy';
import { NO_TERMS } from '../../src/tenancy/login-terms';
import { StrategyTokenVerifier } from '../../src/strategy/token-verifier';
import { useService } from '../e2e/service';
import type { Settings } from '../support/test-app';

const CLIENT = { ipAddress: '192.0.2.1', userAgent: 'test' };
const FACTS = { client: CLIENT, amr: ['pwd'], remember: true };
const OTHER: Record<AuthMode, AuthMode> = { stateful: 'stateless', stateless: 'stateful' };

/** What every strategy promises, whichever one the mode picks. */
export function authStrategyContract(title: string, mode: AuthMode, settings: Settings): void {
  describe(title, () => {
    const service = useService({ settings });

    const all = (): AuthStrategies => service.app.provider(AuthStrategies);
    const strategy = (): AuthStrategy => all().of(mode);

    async function person(): Promise<VerifiedPerson> {
      const { userId, tenantId, email, username } = await service.person();
      const principal = { kind: 'user' as const, userId, tenantId, email, username, name: 'Ada', roles: [] };
      return { principal, generations: { global: 0, tenant: 0, user: 0 }, terms: NO_TERMS };
    }

    function consume(token: string): Promise<ConsumedLogin> {
      return all().recognizing(token)!.consume(token, CLIENT);
    }

    function goOn(login: ConsumedLogin): Promise<TokenGrant> {
      return all().continuing(login.successorKind).continue(login);
    }

    /** The code of what went wrong; `fine` when nothing did. */
    function outcome(work: Promise<unknown> | unknown): Promise<string> {
      return Promise.resolve(work).then(
        () => 'fine',
        (error: unknown) => {
          if (error instanceof AuthError) return error.code;
          throw error;
        },
      );
    }

    const verify = async (token: string) => service.app.provider(StrategyTokenVerifier).verify(token, CLIENT);
    const targetOf = ({ principal: { tenantId, userId }, sessionId }: TokenGrant) =>
      ({ kind: 'session', tenantId, userId, sessionId }) as const;

    it('names its mode', () => {
      expect(strategy().mode).toBe(mode);
    });

    it('recognises its own access tokens by their shape, without asking anybody, and no others', async () => {
      const own = await strategy().issue(await person(), FACTS);
      const others = await all()
        .of(OTHER[mode])
        .issue(await person(), FACTS);
      let seen: boolean[] = [];
      const reads = await service.app.reads(async () => {
        const tokens = [own.accessToken, others.accessToken, '', 'made-up', 'Bearer x'];
        seen = tokens.map((token) => strategy().recognizes(token));
      });
      expect([seen, reads]).toEqual([[true, false, false, false, false], 0]);
    });

    it('proves what it issued: person, login, methods, expiry', async () => {
      const who = await person();
      const grant = await strategy().issue(who, FACTS);
      const { context, ...proof } = await strategy().authenticate(grant.accessToken);
      expect(proof).toMatchObject({ sessionId: grant.sessionId, generations: who.generations });
      expect(context).toMatchObject({ principal: who.principal, mode, sessionId: grant.sessionId, amr: ['pwd'] });
      expect(context.expiresAt).toEqual(grant.accessExpiresAt);
      expect(proof.serveUntil).toBeLessThanOrEqual(grant.accessExpiresAt.getTime());
      expect([context.session !== undefined, context.claims !== undefined]).toEqual(
        mode === 'stateful' ? [true, false] : [false, true],
      );
    });

    it('gives a proof that nobody can change', async () => {
      const grant = await strategy().issue(await person(), FACTS);
      const { context } = await strategy().authenticate(grant.accessToken);
      for (const part of [context, context.principal, context.principal.roles, context.amr]) {
        expect(Object.isFrozen(part)).toBe(true);
      }
    });

    it('refuses everything else, always as an invalid token', async () => {
      const own = await strategy().issue(await person(), FACTS);
      const others = await all()
        .of(OTHER[mode])
        .issue(await person(), FACTS);
      const { accessToken: good } = own;
      const bad = [
        '',
        ' ',
        'x',
        'eyJ',
        'lk_at_',
        good.slice(0, -1),
        `${good}A`,
        own.refreshToken,
        others.accessToken,
        others.refreshToken,
      ];
      for (const token of bad)
        expect([token, await outcome(strategy().authenticate(token))]).toEqual([token, 'invalid_token']);
    });

    it('refuses to refresh with anything but a refresh token of its own', async () => {
      const own = await strategy().issue(await person(), FACTS);
      for (const token of ['', 'x', 'eyJ', 'lk_rt_', own.accessToken, `${own.refreshToken}A`]) {
        expect(await outcome(strategy().consume(token, CLIENT))).toBe('invalid_grant');
      }
    });

    it('decides about a refresh token once, where refreshes are recorded, and tells replays', async () => {
      const grant = await strategy().issue(await person(), FACTS);
      const first = await consume(grant.refreshToken);
      const second = await consume(grant.refreshToken);
      expect(second).toMatchObject({
        sessionId: first.sessionId,
        successorKind: first.successorKind,
        deadline: first.deadline,
      });
      expect(first.replayed).toBe(false);
      if (second.replayed) expect([second.seed, second.consumedAt]).toEqual([first.seed, first.consumedAt]);
      else expect(strategy().revokes).toBe(false);
    });

    it('carries one decision on to one grant, however often', async () => {
      const grant = await strategy().issue(await person(), FACTS);
      const login = await consume(grant.refreshToken);
      const grants = await Promise.all([goOn(login), goOn(login), goOn(login)]);
      expect(new Set(grants.map(({ accessToken }) => accessToken)).size).toBe(1);
      expect(new Set(grants.map(({ refreshToken }) => refreshToken)).size).toBe(1);
      expect(grants[0]).toMatchObject({ sessionId: grant.sessionId, principal: grant.principal });
      expect(await outcome(verify(grants[0]!.accessToken))).toBe('fine');
    });

    it('reads the person anew with each refresh', async () => {
      const who = await person();
      const grant = await strategy().issue(who, FACTS);
      await service.changes.setRoles(who.principal, ['editor']);
      const login = await consume(grant.refreshToken);
      expect(login.person).toMatchObject({ principal: { roles: ['editor'] }, generations: { user: 1 } });
      await service.changes.disable(who.principal);
      const next = await outcome(goOn(login).then(({ refreshToken }) => consume(refreshToken)));
      expect(next).toBe('invalid_grant');
    });

    it('never revives a login that was ended between the decision and the grant', async () => {
      const grant = await strategy().issue(await person(), FACTS);
      const login = await consume(grant.refreshToken);
      if (!strategy().revokes) {
        expect(await outcome(strategy().revoke(targetOf(grant), 'logout'))).toBe('unsupported_in_mode');
        return;
      }
      await strategy().revoke(targetOf(grant), 'logout');
      const late = await goOn(login).catch((error: AuthError) => error);
      if (late instanceof AuthError) {
        expect(late.code).toBe('invalid_grant');
        return;
      }
      expect(await outcome(verify(late.accessToken))).toBe('token_revoked');
      expect(await outcome(consume(late.refreshToken))).toBe('invalid_grant');
    });

    it('revokes as often as it is asked, also what never was', async () => {
      const grant = await strategy().issue(await person(), FACTS);
      const expected = strategy().revokes ? 'fine' : 'unsupported_in_mode';
      for (let i = 0; i < 3; i += 1) expect(await outcome(strategy().revoke(targetOf(grant), 'logout'))).toBe(expected);
      expect(await outcome(verify(grant.accessToken))).toBe(strategy().revokes ? 'token_revoked' : 'fine');
    });

    it('revokes nothing under the name of another tenant or user', async () => {
      const grant = await strategy().issue(await person(), FACTS);
      const { principal: stranger } = await person();
      const target = targetOf(grant);
      for (const wrong of [
        { ...target, tenantId: (await service.tenant()).id },
        { ...target, userId: stranger.userId },
        { kind: 'user', tenantId: stranger.tenantId, userId: stranger.userId } as const,
      ]) {
        await outcome(strategy().revoke(wrong, 'logout'));
      }
      expect(await outcome(verify(grant.accessToken))).toBe('fine');
      expect(await outcome(consume(grant.refreshToken))).toBe('fine');
    });

    it('spares the login that is exempt when it revokes all of a user', async () => {
      const who = await person();
      const [spared, ended] = [await strategy().issue(who, FACTS), await strategy().issue(who, FACTS)];
      const { tenantId, userId } = who.principal;
      await outcome(strategy().revoke({ kind: 'user', tenantId, userId, exceptSessionId: spared.sessionId }, 'logout'));
      expect(await outcome(verify(spared.accessToken))).toBe('fine');
      expect(await outcome(verify(ended.accessToken))).toBe(strategy().revokes ? 'token_revoked' : 'fine');
    });
  });
}
