import { applyDecorators, SetMetadata, type CustomDecorator } from '@nestjs/common';
import { type Reflector } from '@nestjs/core';

export type RouteAccess = 'public' | 'optional' | 'required';

export interface RoutePolicy {
  readonly access: RouteAccess;
  /** Any one of them is enough; empty means any signed-in principal. */
  readonly roles: readonly string[];
}

const ACCESS = 'latchkey:access';
const ROLES = 'latchkey:roles';

const setAccess = (access: RouteAccess): CustomDecorator => SetMetadata(ACCESS, access);

/** Opens a route to everyone. A token sent along is not looked at. */
export const Public = (): CustomDecorator => setAccess('public');

/** Serves anonymous callers too. A token that is sent must be good, or the answer is 401. */
export const OptionalAuth = (): CustomDecorator => setAccess('optional');

/** Asks for a signed-in principal. The default of every route; on a method it closes what its class opened. */
export const RequireAuth = (): CustomDecorator => setAccess('required');

/** Asks for a principal with at least one of these roles; the method's list replaces its class's list. */
export const Roles = (...roles: [string, ...string[]]): ClassDecorator & MethodDecorator =>
  applyDecorators(setAccess('required'), SetMetadata(ROLES, roles));

type Target = Parameters<Reflector['get']>[1];

/** Reads the decorators of a route once and remembers the answer. Closed unless opened. */
export class RoutePolicies {
  private readonly known = new WeakMap<Target, WeakMap<Target, RoutePolicy>>();

  constructor(private readonly reflector: Reflector) {}

  of(handler: Target, controller: Target): RoutePolicy {
    return this.known.get(controller)?.get(handler) ?? this.read(handler, controller);
  }

  private read(handler: Target, controller: Target): RoutePolicy {
    const own = this.reflector.get<RouteAccess | undefined>(ACCESS, handler);
    const access = own ?? this.reflector.get<RouteAccess | undefined>(ACCESS, controller) ?? 'required';
    const policy: RoutePolicy = { access, roles: access === 'required' ? this.roles(handler, controller) : [] };
    const ofController = this.known.get(controller) ?? new WeakMap<Target, RoutePolicy>();
    this.known.set(controller, ofController.set(handler, policy));
    return policy;
  }

  private roles(handler: Target, controller: Target): readonly string[] {
    return this.reflector.getAllAndOverride<string[] | undefined>(ROLES, [handler, controller]) ?? [];
  }
}
