import type { Revocation, RevocationReason, RevocationTarget } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { inSpan } from '../common/tracing';
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
  revoke(target: RevocationTarget, reason: RevocationReason): Promise<boolean> {
    return inSpan('latchkey.revoke', factsOf(target, reason), () => this.end(target, reason));
  }

  /** The same, for one login that is only ended when a live row is there; false and no trace otherwise. */
  revokeRow(target: RevocationTarget & { kind: 'session' }, reason: RevocationReason): Promise<boolean> {
    return inSpan('latchkey.revoke', factsOf(target, reason), () => this.endListed(target, reason));
  }

  private async end(target: RevocationTarget, reason: RevocationReason): Promise<boolean> {
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

  private async endListed(target: RevocationTarget & { kind: 'session' }, reason: RevocationReason): Promise<boolean> {
    const now = this.clock.date();
    const revocation = await this.database.transaction((tx) => this.endRow(tx, target, { reason, now }));
    if (revocation) this.announce(revocation);
    return revocation !== null;
  }

  /** Part of the caller's transaction; once it is committed, what comes back is to be announced. Null: no live row. */
  async endRow(
    tx: Queryable,
    target: RevocationTarget & { kind: 'session' },
    how: { reason: RevocationReason; now: Date },
  ): Promise<Revocation | null> {
    if (!(await this.markRows(tx, target, how))) return null;
    return this.store.append(tx, { target, generation: null, endsLogin: true, ...how });
  }

  /** Tells this process and the others of a revocation that is committed. */
  announce(revocation: Revocation): void {
    this.feed.announce(revocation);
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

function factsOf(target: RevocationTarget, reason: RevocationReason): Record<string, string> {
  const tenant = 'tenantId' in target ? { 'latchkey.tenant_id': target.tenantId } : undefined;
  return { 'latchkey.target': target.kind, 'latchkey.reason': reason, ...tenant };
}
