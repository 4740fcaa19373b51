import { Injectable, SetMetadata, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants';
import { Reflector } from '@nestjs/core';
import { AuthError, authOf } from '@latchkey/nest';

const SERVES = 'latchkey:serves_provider_logins';
/** Where the routes of this service are. Everything else is of the application that it runs in. */
const OWN_PATHS: readonly (string | undefined)[] = ['auth', 'admin', 'oauth'];

/** A route of this service that also serves people whose login is a provider's. */
export const ServesProviderLogins = (): MethodDecorator => SetMetadata(SERVES, true);

/**
 * People whose login is a provider's have no account here, and their ids are of that provider's making: what this
 * service knows by such an id is somebody else's. Runs behind the guard that proves tokens.
 */
@Injectable()
export class ProviderLoginGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const auth = authOf(context.switchToHttp().getRequest<object>());
    if (auth?.issuer === undefined || !this.isOwn(context.getClass())) return true;
    if (this.reflector.get<boolean | undefined>(SERVES, context.getHandler())) return true;
    throw new AuthError('unsupported_in_mode', 'This needs an account of this service; the login is of a provider');
  }

  private isOwn(controller: Type): boolean {
    const paths = this.reflector.get<string | string[] | undefined>(PATH_METADATA, controller) ?? '';
    return [paths].flat().some((path) => OWN_PATHS.includes(path.split('/').find((part) => part !== '')));
  }
}
