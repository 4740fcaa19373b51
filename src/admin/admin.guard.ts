import { authOf, AuthError, type AuthContext } from '@latchkey/nest';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AdminScope } from './admin-scope';
import { AdminScopes, notAnAdministrator } from './admin-scopes.service';

const PLATFORM = 'latchkey:admin:platform';

/** A route, or every route of a controller, for whoever administers all tenants. */
export const PlatformOnly = (): ClassDecorator & MethodDecorator => SetMetadata(PLATFORM, true);

const scopes = new WeakMap<object, AdminScope>();

/** Comes after the guard that knows who asks, and before anything of the request is read. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly admins: AdminScopes,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<object>();
    const scope = await this.admins.of(authOf(request) as AuthContext);
    const platformOnly = this.reflector.getAllAndOverride<boolean>(PLATFORM, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (platformOnly && !scope.platform) throw notAnAdministrator();
    scopes.set(request, scope);
    return true;
  }
}

export function scopeOf(request: object): AdminScope {
  const scope = scopes.get(request);
  if (!scope) throw new AuthError('insufficient_role', 'This is for administrators', { detail: 'no AdminGuard' });
  return scope;
}

/** The `AdminScope` of whoever asks. */
export const Scope = createParamDecorator((_: undefined, context: ExecutionContext): AdminScope =>
  scopeOf(context.switchToHttp().getRequest<object>()),
);
