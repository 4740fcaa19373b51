import { Reflector } from '@nestjs/core';
import type { ExecutionContext } from '@nestjs/common';
import { AccessTokenVerifier } from './access-token-verifier';
import type { AuthContext } from './auth-context';
import { AuthError } from './auth-error';
import { AuthGuard, authOf } from './auth.guard';
import { presentedToken } from './presented-token';
import { Clock } from './clock';
import { OptionalAuth, Public, RequireAuth, RequireFresh, RequireMfa, Roles, type Age } from './route-policy';

const AUTH: AuthContext = {
  principal: { kind: 'user', userId: 'u', tenantId: 't', email: null, username: null, name: null, roles: ['editor'] },
  mode: 'stateless',
  expiresAt: new Date(0),
  amr: [],
  authTime: new Date(0),
};

class OneGoodToken extends AccessTokenVerifier {
  asked = 0;

  override verify(token: string): AuthContext {
    this.asked += 1;
    if (token !== 'good') throw new AuthError('invalid_token', 'no');
    return AUTH;
  }
}

class Plain {
  undecorated(): void {}
  @Public() open(): void {}
  @OptionalAuth() optional(): void {}
  @Roles('admin') adminOnly(): void {}
  @Roles('admin', 'editor') eitherRole(): void {}
}

@Public()
class OpenClass {
  undecorated(): void {}
  @RequireAuth() closed(): void {}
  @Roles('admin') adminOnly(): void {}
}

@Roles('admin')
class AdminClass {
  undecorated(): void {}
  @Public() open(): void {}
  @RequireAuth() required(): void {}
  @Roles('editor') editor(): void {}
}

type Handlers = Record<string, () => void>;
const verifier = new OneGoodToken();
const guard = new AuthGuard(verifier, new Reflector());

function visit(controller: new () => object, handler: string, authorization?: string, type = 'http') {
  const request = { headers: { authorization } };
  const context = {
    getHandler: () => (controller.prototype as Handlers)[handler],
    getClass: () => controller,
    getType: () => type,
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext;
  return { request, result: () => guard.canActivate(context) };
}

const codeOf = (result: () => unknown): string => {
  try {
    result();
    return 'passed';
  } catch (error) {
    return (error as AuthError).code;
  }
};

describe('the guard', () => {
  it.each([
    ['closes a route without a decorator', Plain, 'undecorated', 'missing_token'],
    ['opens a public one', Plain, 'open', 'passed'],
    ['serves anonymous callers of an optional one', Plain, 'optional', 'passed'],
    ['asks for a role', Plain, 'adminOnly', 'missing_token'],
    ['lets a class open its routes', OpenClass, 'undecorated', 'passed'],
    ['lets a method close what its class opened', OpenClass, 'closed', 'missing_token'],
    ['lets a role close what the class opened', OpenClass, 'adminOnly', 'missing_token'],
    ['lets a method open what its class closed', AdminClass, 'open', 'passed'],
  ])('%s', (_, controller, handler, code) => {
    expect(codeOf(visit(controller, handler).result)).toBe(code);
  });

  it.each([
    ['a route without a decorator', Plain, 'undecorated', 'passed'],
    ['a route for another role', Plain, 'adminOnly', 'insufficient_role'],
    ['a route for one of two roles', Plain, 'eitherRole', 'passed'],
    ["a route of another role's class", AdminClass, 'undecorated', 'insufficient_role'],
    ['a route that only repeats @RequireAuth in that class', AdminClass, 'required', 'insufficient_role'],
    ["a route whose own roles replace the class's", AdminClass, 'editor', 'passed'],
  ])('judges a signed-in editor at %s', (_, controller, handler, code) => {
    expect(codeOf(visit(controller, handler, 'Bearer good').result)).toBe(code);
  });

  it('refuses a bad token on an optional route: the client believes that it is signed in', () => {
    expect(codeOf(visit(Plain, 'optional', 'Bearer bad').result)).toBe('invalid_token');
  });

  it('does not look at tokens of public routes', () => {
    const before = verifier.asked;
    visit(Plain, 'open', 'Bearer bad').result();
    expect(verifier.asked).toBe(before);
  });

  it('attaches the proof to the request, and nothing when it refuses', () => {
    const good = visit(Plain, 'undecorated', 'Bearer good');
    good.result();
    expect(authOf(good.request)).toBe(AUTH);
    const refused = visit(Plain, 'adminOnly', 'Bearer good');
    codeOf(refused.result);
    expect(authOf(refused.request)).toBeNull();
  });

  it('closes what it does not know: another kind of context', () => {
    expect(codeOf(visit(Plain, 'undecorated', 'Bearer good', 'rpc').result)).toBe('missing_token');
  });
});

class Assured {
  @RequireMfa() mfa(): void {}
  @RequireFresh('5m') fresh(): void {}
  @RequireMfa() @RequireFresh('1h') both(): void {}
}

@RequireMfa()
class AssuredClass {
  undecorated(): void {}
  @Public() open(): void {}
}

describe('assurance', () => {
  const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
  const clock = Object.assign(new Clock(), { now: () => NOW });

  function judge(handler: keyof Assured, auth: Partial<AuthContext>, controller: new () => object = Assured): string {
    const given = { ...AUTH, ...auth };
    const verifier = Object.assign(new OneGoodToken(), { verify: () => given });
    const judging = new AuthGuard(verifier, new Reflector(), clock);
    const context = {
      getHandler: () => (controller.prototype as Handlers)[handler],
      getClass: () => controller,
      getType: () => 'http',
      switchToHttp: () => ({ getRequest: () => ({ headers: { authorization: 'Bearer good' } }) }),
    } as unknown as ExecutionContext;
    return codeOf(() => judging.canActivate(context));
  }

  const ago = (seconds: number): Date => new Date(NOW - seconds * 1000);
  const claims = (more: object): AuthContext['claims'] => ({ iat: NOW / 1000, ...more }) as AuthContext['claims'];
  const client = { ...AUTH.principal, kind: 'client' as const };

  it.each<[string, keyof Assured, Partial<AuthContext>, string]>([
    ['a login by password alone where a second factor is needed', 'mfa', { amr: ['pwd'] }, 'insufficient_assurance'],
    ['one with a second factor', 'mfa', { amr: ['pwd', 'otp', 'mfa'] }, 'passed'],
    ['one of a one-time password alone', 'mfa', { amr: ['otp'] }, 'insufficient_assurance'],
    ['a proof five minutes old', 'fresh', { authTime: ago(300) }, 'passed'],
    ['a proof a second older', 'fresh', { authTime: ago(301) }, 'insufficient_assurance'],
    ['a proof from a clock that runs ahead', 'fresh', { authTime: ago(-2) }, 'passed'],
    ['a JWT that says when', 'fresh', { authTime: ago(1), claims: claims({ auth_time: NOW / 1000 - 1 }) }, 'passed'],
    [
      'a JWT that says only when it was made',
      'fresh',
      { authTime: ago(1), claims: claims({}) },
      'insufficient_assurance',
    ],
    ['a program', 'fresh', { authTime: ago(1), principal: client }, 'insufficient_assurance'],
    ['both, when one is missing', 'both', { authTime: ago(1), amr: ['pwd'] }, 'insufficient_assurance'],
    ['both, when both are there', 'both', { authTime: ago(1), amr: ['mfa'] }, 'passed'],
  ])('judges %s', (_, handler, auth, code) => {
    expect(judge(handler, auth)).toBe(code);
  });

  it('is asked of every route of a class, and of none that is open', () => {
    expect(judge('undecorated' as 'mfa', {}, AssuredClass)).toBe('insufficient_assurance');
    expect(judge('open' as 'mfa', {}, AssuredClass)).toBe('passed');
  });

  it.each(['5', 'm', '0m', '1.5h', '-1m', '5 m', '5w', '', '٥m'])('cannot be asked for with the age %j', (age) => {
    expect(() => RequireFresh(age as Age)).toThrow('write a whole number and a unit');
  });
});

describe('a presented token', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc  ', 'abc'],
    ['Basic abc', null],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearerabc', null],
    ['', null],
    [undefined, null],
  ])('of %j is %j', (header, token) => {
    expect(presentedToken(header)).toBe(token);
  });

  it.each(['Bearer a b', 'Bearer a,b c', `Bearer ${'x'.repeat(9000)}`, 'Bearer  ä'])('of %j is malformed', (header) => {
    expect(codeOf(() => presentedToken(header))).toBe('invalid_token');
  });
});
