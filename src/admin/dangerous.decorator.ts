import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { authOf, AuthError, Clock, requireAssurance } from '@latchkey/nest';

/** Milliseconds. */
const PROVEN_WITHIN = 15 * 60_000;

/** Judges after the role: whoever may not do it anyway is not asked to prove who they are. */
@Injectable()
class FreshGuard implements CanActivate {
  constructor(private readonly clock: Clock) {}

  canActivate(context: ExecutionContext): boolean {
    const auth = authOf(context.switchToHttp().getRequest<object>());
    if (!auth) throw new AuthError('missing_token', 'Sign in to continue');
    requireAssurance(auth, { mfa: false, maxAge: PROVEN_WITHIN }, this.clock.now());
    return true;
  }
}

/** A change that somebody with a stolen token would make: whoever makes it proved a credential a short time ago. */
export const Dangerous = (): MethodDecorator => UseGuards(FreshGuard);
