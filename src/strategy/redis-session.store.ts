import { RevocationMirror } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database';
import { RevocationFeed } from '../revocation/revocation-feed';
import type { SessionView } from './auth-strategy';
import { SessionCopies } from './session-copies';
import { PostgresSessionStore } from './postgres-session.store';
import type { SessionCopy } from './session-copy';
import {
  SessionStore,
  type AccessRecord,
  type CarriedSession,
  type HandedOverSession,
  type NewSession,
  type SessionOwner,
} from './session.store';

/**
 * Reads through copies in Redis. Rows and decisions stay with the store behind it. A copy says yes no longer than this
 * process's own memory would: it is judged by the revocations that this process knows, passed over while they are not
 * fresh, and its age counts from when its row was read. It never says no: whatever speaks against it, the row is asked.
 */
@Injectable()
export class RedisSessionStore extends SessionStore {
  constructor(
    private readonly rows: PostgresSessionStore,
    private readonly copies: SessionCopies,
    private readonly feed: RevocationFeed,
    private readonly mirror: RevocationMirror,
  ) {
    super();
  }

  async findForAccess(id: string, accepts: (copy: AccessRecord) => boolean = () => true): Promise<AccessRecord | null> {
    if (!this.feed.isFresh()) return this.rows.findForAccess(id);
    const copy = await this.copies.find(id);
    if (copy && this.isUnrevoked(copy) && accepts(copy)) return copy;
    const reading = this.copies.reading();
    const row = await this.rows.findForAccess(id);
    // A wrong secret says nothing against the copy, or whoever knows a session id could keep it out of Redis.
    if (copy) {
      if (!row || row.revoked || accepts(row)) this.copies.mark(id);
    } else if (row) this.copies.keep(row, reading);
    return row;
  }

  create(session: NewSession, tx?: Queryable): Promise<void> {
    return this.rows.create(session, tx);
  }

  async carryOn(session: CarriedSession): Promise<SessionView | null> {
    const view = await this.rows.carryOn(session);
    this.copies.mark(session.id);
    return view;
  }

  async handOver(session: HandedOverSession): Promise<boolean> {
    const handedOver = await this.rows.handOver(session);
    this.copies.mark(session.id);
    return handedOver;
  }

  list(owner: SessionOwner, now: Date): Promise<SessionView[]> {
    return this.rows.list(owner, now);
  }

  /** Marked before the commit: a copy made in between lives until the revocation is known, like an entry in memory. */
  async revoke(tx: Queryable, of: SessionOwner & { id: string; reason: string; now: Date }): Promise<boolean> {
    const wasLive = await this.rows.revoke(tx, of);
    if (wasLive) this.copies.mark(of.id);
    return wasLive;
  }

  async revokeAll(
    tx: Queryable,
    of: SessionOwner & { exceptId: string | null; reason: string; now: Date },
  ): Promise<readonly string[]> {
    const ended = await this.rows.revokeAll(tx, of);
    for (const id of ended) this.copies.mark(id);
    return ended;
  }

  async recordActivity(seen: ReadonlyMap<string, number>): Promise<void> {
    await this.rows.recordActivity(seen);
    for (const id of seen.keys()) this.copies.mark(id);
  }

  /** Copies end with their login by themselves. */
  purgeExpired(now: Date, limit: number): Promise<number> {
    return this.rows.purgeExpired(now, limit);
  }

  private isUnrevoked({ principal, session, generations }: SessionCopy): boolean {
    const { tenantId, userId } = principal;
    return this.mirror.verdict({ tenantId, userId, sessionId: session.id, generations }) === 'valid';
  }
}
