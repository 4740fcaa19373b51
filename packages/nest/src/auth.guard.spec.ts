import { Reflector } from '@nestjs/core';
import type { ExecutionContext } from '@nestjs/common';
import { AccessTokenVerifier } from './access-token-verifier';
import type { AuthContext } from './auth-context';
import { AuthError } from './auth-error';
import { AuthGuard, authOf } from './auth.guard';
import { presentedToken } from './presented-token';
import { OptionalAuth, Public, RequireAuth, Roles } from './route-policy';

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
