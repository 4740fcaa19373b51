import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { LoginRevoker } from './login-revoker';

const MINUTE = 60_000;

/** Says no to refresh tokens, and says so in the log. */
@Injectable()
export class RefreshRefusals {
  constructor(
    private readonly revoker: LoginRevoker,
    private readonly events: EventLog,
  ) {}

  refuse(reason: string, sessionId: string): AuthError {
    this.events.record('refresh_refused', { sessionId, reason });
    return new AuthError('invalid_grant', 'The refresh token is not valid', { detail: reason });
  }

  /** The minute of this login is used up; the token stays unused. */
  refuseSpent(since: Date, now: Date, sessionId: string): AuthError {
    this.events.record('refresh_refused', { sessionId, reason: 'rate_limited' });
    const retryAfter = Math.max(1, Math.ceil((since.getTime() + MINUTE - now.getTime()) / 1000));
    return new AuthError('rate_limited', 'This login was refreshed too often; try again later', { retryAfter });
  }

  recordReplay(of: { tenantId: string; userId: string }, sessionId: string): void {
    this.events.record('refresh_replayed', { tenantId: of.tenantId, userId: of.userId, sessionId });
  }

  async endReused(of: { tenantId: string; userId: string }, sessionId: string): Promise<AuthError> {
    const { tenantId, userId } = of;
    await this.revoker.revoke({ kind: 'session', tenantId, userId, sessionId }, 'refresh_token_reused');
    this.events.record('refresh_reused', { tenantId, userId, sessionId });
    return new AuthError('refresh_token_reused', 'This refresh token was used before: the login has ended');
  }
}
