import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { ACTIVITY_INTERVAL, ActivityRecorder } from './activity-recorder';
import type { CachedToken } from './cached-token';
import { bindingHolds } from './client-binding';
import { IssuancePolicy } from './issuance-policy';

/** Compares who presents a token with whom it was given to, on every request, and notes activity. */
@Injectable()
export class ClientWatch {
  constructor(
    private readonly issuance: IssuancePolicy,
    private readonly activity: ActivityRecorder,
    private readonly events: EventLog,
  ) {}

  /** @throws AuthError `invalid_token` when the login is bound to another client. */
  admit(token: CachedToken, client: ClientInfo, now: number): AuthContext {
    if (token.client === null) token.client = kept(client);
    else if (token.client.ipAddress !== client.ipAddress || token.client.userAgent !== client.userAgent) {
      this.noteChange(token, client, now);
    }
    this.noteActivity(token, now);
    return token.proof.context;
  }

  /** The login was used, whoever asked. */
  noteActivity(token: CachedToken, now: number): void {
    if (now - token.touchedAt >= ACTIVITY_INTERVAL) this.touch(token, now);
  }

  private noteChange(token: CachedToken, client: ClientInfo, now: number): void {
    const { proof } = token;
    if (proof.client && !bindingHolds(this.issuance.binding, proof.client, client)) {
      throw new AuthError('invalid_token', 'The access token is not valid', { detail: 'another client' });
    }
    token.client = kept(client);
    if (now - token.changedAt < ACTIVITY_INTERVAL) return;
    token.changedAt = now;
    const { tenantId, userId } = proof.context.principal;
    const { ipAddress, requestId } = client;
    this.events.record('client_changed', { tenantId, userId, sessionId: proof.sessionId, ipAddress, requestId });
  }

  private touch(token: CachedToken, now: number): void {
    token.touchedAt = now;
    if (token.proof.recordsActivity) this.activity.touch(token.proof.sessionId, now);
  }
}

/** A copy: were the request's own object kept, the engine would learn to allocate each request's as a long-lived one. */
function kept({ ipAddress, userAgent }: ClientInfo): ClientInfo {
  return { ipAddress, userAgent };
}
