import { Inject, Injectable, Optional, Scope } from '@nestjs/common';
import type { AuthContext, AccessTokenClaims, Principal, SessionFacts } from './auth-context';
import { AuthError } from './auth-error';
import { AUTH_HOOKS, type AuthHooks } from './auth-hooks';
import { requestContext } from './request-context';

/**
 * Who is acting, for code that has no request at hand. Works in both modes and across every `await` of a request.
 * Transient, so that its constructor runs only in an application that injects it somewhere.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class AuthContextService {
  constructor(@Optional() @Inject(AUTH_HOOKS) private readonly hooks: AuthHooks = {}) {
    requestContext.wantEverywhere();
  }

  /** Null outside a request and for anonymous callers. */
  find(): AuthContext | null {
    return requestContext.getStore()?.auth ?? null;
  }

  /** @throws AuthError `missing_token` when nobody is signed in; the same for every `mustGet…` below. */
  mustGet(): AuthContext {
    const auth = this.find();
    if (!auth) throw new AuthError('missing_token', 'Sign in to continue');
    return auth;
  }

  /** True when the request was recognised by a JWT, false when by a session token. */
  isJwtMode(): boolean {
    return this.mustGet().mode === 'stateless';
  }

  mustGetPrincipal(): Principal {
    return this.mustGet().principal;
  }

  mustGetUserId(): string {
    return this.mustGet().principal.userId;
  }

  mustGetTenantId(): string {
    return this.mustGet().principal.tenantId;
  }

  /**
   * For routes with a user's id in them: lets that user pass, and whoever has one of the roles.
   * @throws AuthError `insufficient_role` for everyone else.
   */
  mustBeUser(userId: string, ...orRoles: string[]): void {
    const principal = this.mustGetPrincipal();
    if (principal.userId === userId || orRoles.some((role) => principal.roles.includes(role))) return;
    this.hooks.onCrossUserAttempt?.({ kind: 'user', principal, asked: userId });
    throw new AuthError('insufficient_role', 'This belongs to another user');
  }

  /**
   * For routes with a tenant's id in them.
   * @throws AuthError `tenant_mismatch` when the caller belongs to another tenant, whatever their roles.
   */
  mustBeTenant(tenantId: string): void {
    const principal = this.mustGetPrincipal();
    if (principal.tenantId === tenantId) return;
    this.hooks.onCrossUserAttempt?.({ kind: 'tenant', principal, asked: tenantId });
    throw new AuthError('tenant_mismatch', 'This belongs to another tenant');
  }

  /** @throws AuthError `unsupported_in_mode` when the token is opaque. */
  mustGetClaims(): AccessTokenClaims {
    return this.mustGet().claims ?? unsupported('This needs a JWT');
  }

  /** @throws AuthError `unsupported_in_mode` when the token is a JWT. */
  mustGetSession(): SessionFacts {
    return this.mustGet().session ?? unsupported('This needs a session token');
  }
}

function unsupported(message: string): never {
  throw new AuthError('unsupported_in_mode', message);
}
