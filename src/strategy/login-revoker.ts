import type { RevocationReason, RevocationTarget } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { Database, type Queryable } from '../database/database';
import { RevocationFeed } from '../revocation/revocation-feed';
import { RevocationStore } from '../revocation/revocation.store';
import { SessionStore } from './session.store';

/** Ends logins: the rows, the durable feed row and this process's memory, in this order. Serves both strategies. */
@Injectable()
export class LoginRevoker {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionStore,
    private readonly store: RevocationStore,
    private readonly feed: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /** True when a live row was ended. The feed row is written either way, because JWTs may live without a row. */
  async revoke(target: RevocationTarget, reason: RevocationReason): Promise<boolean> {
    const now = this.clock.date();
    const { revocation, hadRow } = await this.database.transaction(async (tx) => {
      const generation = await this.store.raiseGeneration(tx, target, now);
      const marked = await this.markRows(tx, target, { reason, now });
      const appended = await this.store.append(tx, { target, generation, endsLogin: true, reason, now });
      return { revocation: appended, hadRow: marked };
    });
    this.feed.announce(revocation);
    return hadRow;
  }

  /** The same, for one login that is only ended when a live row is there; false and no trace otherwise. */
  async revokeRow(target: RevocationTarget & { kind: 'session' }, reason: RevocationReason): Promise<boolean> {
    const now = this.clock.date();
    const revocation = await this.database.transaction(async (tx) => {
      if (!(await this.markRows(tx, target, { reason, now }))) return null;
      return this.store.append(tx, { target, generation: null, endsLogin: true, reason, now });
    });
    if (revocation) this.feed.announce(revocation);
    return revocation !== null;
  }

  private async markRows(
    tx: Queryable,
    target: RevocationTarget,
    how: { reason: string; now: Date },
  ): Promise<boolean> {
    if (target.kind === 'session') return this.sessions.revoke(tx, { ...target, ...how, id: target.sessionId });
    if (target.kind === 'user') {
      await this.sessions.revokeAll(tx, { ...target, ...how, exceptId: target.exceptSessionId ?? null });
    }
    // A whole tenant or everyone: the generation judges each row when it is read.
    return false;
  }
}
