import { applyDecorators, SetMetadata, type CustomDecorator } from '@nestjs/common';
import { type Reflector } from '@nestjs/core';
import type { Assurance } from './assurance';

export type RouteAccess = 'public' | 'optional' | 'required';

export interface RoutePolicy extends Assurance {
  readonly access: RouteAccess;
  /** Any one of them is enough; empty means any signed-in principal. */
  readonly roles: readonly string[];
}

/** A whole number of seconds, minutes, hours or days, such as `5m`. */
export type Age = `${number}${keyof typeof UNITS}`;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const ACCESS = 'latchkey:access';
const ROLES = 'latchkey:roles';
const MFA = 'latchkey:mfa';
const MAX_AGE = 'latchkey:max-age';

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

/**
 * Asks for a login in which a second factor was proven: `mfa` among its authentication methods (RFC 8176). Else the
 * answer is 403 `insufficient_assurance`.
 */
export const RequireMfa = (): ClassDecorator & MethodDecorator =>
  applyDecorators(setAccess('required'), SetMetadata(MFA, true));

/**
 * Asks that the person proved a credential within the given time, as before a change that cannot be undone. Else the
 * answer is 403 `insufficient_assurance`; a token that does not say when is never fresh, nor is that of a client.
 * @throws Error at start for anything but a whole number with one of the units s, m, h, d.
 */
export const RequireFresh = (age: Age): ClassDecorator & MethodDecorator =>
  applyDecorators(setAccess('required'), SetMetadata(MAX_AGE, milliseconds(age)));

function milliseconds(age: string): number {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(age);
  if (!match) throw new Error(`@RequireFresh('${age}'): write a whole number and a unit, such as '5m'`);
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

type Target = Parameters<Reflector['get']>[1];

const OPEN = { roles: [], mfa: false, maxAge: null } as const;

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
    const policy = access === 'required' ? this.guarded(handler, controller) : { ...OPEN, access };
    const ofController = this.known.get(controller) ?? new WeakMap<Target, RoutePolicy>();
    this.known.set(controller, ofController.set(handler, policy));
    return policy;
  }

  private guarded(handler: Target, controller: Target): RoutePolicy {
    return {
      access: 'required',
      roles: this.roles(handler, controller),
      mfa: this.reflector.getAllAndOverride<true | undefined>(MFA, [handler, controller]) ?? false,
      maxAge: this.reflector.getAllAndOverride<number | undefined>(MAX_AGE, [handler, controller]) ?? null,
    };
  }

  private roles(handler: Target, controller: Target): readonly string[] {
    return this.reflector.getAllAndOverride<string[] | undefined>(ROLES, [handler, controller]) ?? [];
  }
}
