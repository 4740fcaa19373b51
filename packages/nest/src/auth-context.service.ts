import { Injectable, Scope } from '@nestjs/common';
import type { AuthContext, AccessTokenClaims, Principal, SessionFacts } from './auth-context';
import { AuthError } from './auth-error';
import { requestContext } from './request-context';

/**
 * Who is acting, for code that has no request at hand. Works in both modes and across every `await` of a request.
 * Transient, so that its constructor runs only in an application that injects it somewhere.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class AuthContextService {
  constructor() {
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
