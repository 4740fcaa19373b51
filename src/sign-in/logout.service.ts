import { Injectable } from '@nestjs/common';
import type { AuthContext } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { AuthStrategies } from '../strategy/auth-strategies';

/** `validUntil` is set where the access token outlives the logout. */
export interface LogoutEffect {
  readonly takesEffect: 'at_once' | 'at_expiry';
  readonly validUntil: Date | null;
}

/** Ends the login that an access token belongs to, as far as its kind can be ended. */
@Injectable()
export class LogoutService {
  constructor(
    private readonly strategies: AuthStrategies,
    private readonly events: EventLog,
  ) {}

  async logout({ mode, principal, expiresAt, ...context }: AuthContext): Promise<LogoutEffect> {
    const { tenantId, userId } = principal;
    const sessionId = context.sessionId as string;
    const strategy = this.strategies.of(mode);
    if (strategy.revokes) await strategy.revoke({ kind: 'session', tenantId, userId, sessionId }, 'logout');
    this.events.record('logged_out', { tenantId, userId, sessionId, since: context.authTime });
    return strategy.revokes
      ? { takesEffect: 'at_once', validUntil: null }
      : { takesEffect: 'at_expiry', validUntil: expiresAt };
  }
}
