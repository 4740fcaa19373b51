import { AuthError, type Revocation } from '@latchkey/nest';
import { Inject, Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { Database, type Queryable } from '../database/database';
import { LoginRevoker } from './login-revoker';
import { lockSessionsOf, sessionsBeyond } from './session-limit.store';
import { SessionStore, type NewSession } from './session.store';

/** Opens sessions, no more of them at a time than one person may have, however many are asked for at once. */
@Injectable()
export class SessionLimit {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly sessions: SessionStore,
    private readonly revoker: LoginRevoker,
    private readonly events: EventLog,
  ) {}

  /** @throws AuthError `conflict` where the limit refuses instead of ending the oldest */
  async open(session: NewSession): Promise<void> {
    if (this.config.auth.session.maxPerUser === 0) return this.sessions.create(session);
    const ended = await this.database.transaction(async (tx) => {
      await lockSessionsOf(tx, session);
      const revocations = await this.makeRoom(tx, session);
      await this.sessions.create(session, tx);
      return revocations;
    });
    for (const revocation of ended) this.revoker.announce(revocation);
  }

  private async makeRoom(tx: Queryable, session: NewSession): Promise<Revocation[]> {
    const { maxPerUser, onLimit, idleTimeout } = this.config.auth.session;
    const { tenantId, userId, now } = session;
    const activeSince = new Date(idleTimeout > 0 ? now.getTime() - idleTimeout : 0);
    const beyond = await sessionsBeyond(tx, { tenantId, userId, now, activeSince }, maxPerUser - 1);
    if (beyond.length > 0 && onLimit === 'refuse') throw this.refusal(session);
    const ended: Revocation[] = [];
    // In one order everywhere, so that two transactions do not wait for each other.
    for (const sessionId of beyond.sort()) {
      const target = { kind: 'session', tenantId, userId, sessionId } as const;
      const revocation = await this.revoker.endRow(tx, target, { reason: 'session_limit', now });
      if (revocation) ended.push(revocation);
    }
    return ended;
  }

  private refusal({ tenantId, userId, ipAddress }: NewSession): AuthError {
    this.events.record('login_failed', { tenantId, userId, ipAddress, reason: 'session_limit' });
    return new AuthError('conflict', 'Too many sessions are open; end one of them first', { detail: 'session_limit' });
  }
}
