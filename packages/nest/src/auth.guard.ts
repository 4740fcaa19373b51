import { Inject, Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AccessTokenVerifier } from './access-token-verifier';
import type { AuthContext, ClientInfo } from './auth-context';
import { requireAssurance } from './assurance';
import { AuthError } from './auth-error';
import { Clock } from './clock';
import { CookieAccess } from './cookie-access';
import { presentedToken } from './presented-token';
import { requestContext } from './request-context';
import { RoutePolicies, type RoutePolicy } from './route-policy';
import { TenantResolver } from './tenancy/tenant-resolver';

const AUTH = Symbol('latchkey:auth');

/** What the guard needs of a Fastify or Express request. */
export interface GuardedRequest {
  readonly headers: Record<string, string | string[] | undefined>;
  readonly method?: string;
  readonly ip?: string;
  readonly id?: unknown;
  /** The principal, where Passport's users look for it. */
  user?: unknown;
  [AUTH]?: AuthContext;
}

/** The proof that the guard attached to this request, or null on a route that serves anonymous callers. */
export function authOf(request: object): AuthContext | null {
  return (request as GuardedRequest)[AUTH] ?? null;
}

/** Gives a socket the proof that its handlers are guarded by. */
export function attachAuth(client: object, auth: AuthContext): void {
  (client as GuardedRequest)[AUTH] = auth;
}

/** Kept with every login and with every remembered token, and chosen by the client. Characters. */
const LONGEST_USER_AGENT = 512;

/** What is known of the caller beside the token. */
export function clientOf(request: GuardedRequest): ClientInfo {
  return {
    ipAddress: request.ip ?? null,
    userAgent: shortened(request.headers['user-agent'] as string | undefined),
    requestId: request.id as string | undefined,
  };
}

function shortened(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null;
  return userAgent.length > LONGEST_USER_AGENT ? userAgent.slice(0, LONGEST_USER_AGENT) : userAgent;
}

/** The one guard of an application: every route is closed unless a decorator opens it. */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly policies: RoutePolicies;

  constructor(
    private readonly verifier: AccessTokenVerifier,
    reflector: Reflector,
    @Optional() private readonly clock: Clock = new Clock(),
    @Optional() private readonly tenants?: TenantResolver,
    @Optional() @Inject(CookieAccess) private readonly cookies: CookieAccess | null = null,
  ) {
    this.policies = new RoutePolicies(reflector);
  }

  /** Answers synchronously when the verifier does. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (!this.tenants?.isUsed || context.getType() !== 'http') return this.judge(context);
    return this.judgeWithTenant(context, this.tenants);
  }

  private async judgeWithTenant(context: ExecutionContext, tenants: TenantResolver): Promise<boolean> {
    const admitted = await this.judge(context);
    const request = httpRequest(context);
    await tenants.resolve(request.headers, authOf(request));
    return admitted;
  }

  private judge(context: ExecutionContext): boolean | Promise<boolean> {
    const policy = this.policies.of(context.getHandler(), context.getClass());
    if (policy.access === 'public') return true;
    if (context.getType() === 'ws') return this.admitMessage(context.switchToWs().getClient<object>(), policy);
    const request = httpRequest(context);
    const token = this.tokenOf(request);
    if (token === null) return withoutToken(policy);
    const proof = this.verifier.verify(token, clientOf(request));
    return proof instanceof Promise
      ? proof.then((auth) => this.admit(request, auth, policy))
      : this.admit(request, proof, policy);
  }

  /** A header is looked at before a cookie: a page can choose the one, and not the other. */
  private tokenOf(request: GuardedRequest): string | null {
    const token = presentedToken(request.headers['authorization'] as string | undefined);
    return token === null && this.cookies !== null ? this.cookies.token(request) : token;
  }

  private admit(request: GuardedRequest, auth: AuthContext, policy: RoutePolicy): boolean {
    requireRole(auth, policy);
    requireAssurance(auth, policy, this.clock.now());
    request[AUTH] = auth;
    request.user = auth.principal;
    const context = requestContext.getStore();
    if (context) context.auth = auth;
    return true;
  }

  /** A socket was authenticated at its handshake: each message is judged by the proof of its connection. */
  private admitMessage(client: object, policy: RoutePolicy): boolean {
    const auth = authOf(client);
    if (auth === null) return withoutToken(policy);
    requireRole(auth, policy);
    requireAssurance(auth, policy, this.clock.now());
    return true;
  }
}

function httpRequest(context: ExecutionContext): GuardedRequest {
  if (context.getType() !== 'http') throw new AuthError('missing_token', 'Sign in to continue');
  return context.switchToHttp().getRequest<GuardedRequest>();
}

function withoutToken(policy: RoutePolicy): boolean {
  if (policy.access === 'optional') return true;
  throw new AuthError('missing_token', 'Sign in to continue');
}

function requireRole({ principal }: AuthContext, { roles }: RoutePolicy): void {
  if (roles.length === 0 || roles.some((role) => principal.roles.includes(role))) return;
  throw new AuthError('insufficient_role', `This needs one of the roles: ${roles.join(', ')}`);
}
