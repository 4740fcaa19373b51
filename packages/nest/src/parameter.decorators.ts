import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authOf } from './auth.guard';
import type { AuthContext } from './auth-context';

const parameter = <T>(read: (auth: AuthContext) => T | undefined): (() => ParameterDecorator) =>
  createParamDecorator((_: undefined, context: ExecutionContext): T | null => {
    const auth = authOf(context.switchToHttp().getRequest<object>());
    return (auth && read(auth)) ?? null;
  });

/** The whole `AuthContext`; null for an anonymous caller of an `@OptionalAuth()` route, like all below. */
export const Auth = parameter((auth) => auth);

/** The `Principal`. */
export const CurrentUser = parameter((auth) => auth.principal);

/** The user's UUID. */
export const UserId = parameter((auth) => auth.principal.userId);

/** The tenant's UUID. */
export const TenantId = parameter((auth) => auth.principal.tenantId);

/** `SessionFacts` when the token is opaque, else null. */
export const CurrentSession = parameter((auth) => auth.session);

/** `JwtClaims` when the token is a JWT, else null. */
export const JwtClaims = parameter((auth) => auth.claims);
