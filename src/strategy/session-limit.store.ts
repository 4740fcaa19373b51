import type { Queryable, Statement } from '../database/database';
import type { SessionOwner } from './session.store';

const LOCK_OWNER: Statement = {
  name: 'session_limit_lock',
  text: 'SELECT 1 FROM users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
};

const BEYOND: Statement = {
  name: 'session_limit_beyond',
  text: `SELECT id FROM sessions s
          WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND handed_over_at IS NULL AND expires_at > $3
            AND last_activity_at > $4
            AND NOT login_is_revoked(tenant_id, user_id, id, global_generation, tenant_generation, user_generation)
          ORDER BY created_at DESC, id DESC OFFSET $5`,
};

/** What counts: live rows with activity since. */
export interface CountedSessions extends SessionOwner {
  readonly now: Date;
  readonly activeSince: Date;
}

/** Until the transaction ends, nobody else counts this person's sessions in order to open one. */
export async function lockSessionsOf(tx: Queryable, { tenantId, userId }: SessionOwner): Promise<void> {
  await tx.rows(LOCK_OWNER, [tenantId, userId]);
}

/** Ids of all but the newest `keep` live sessions. */
export async function sessionsBeyond(tx: Queryable, of: CountedSessions, keep: number): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(BEYOND, [of.tenantId, of.userId, of.now, of.activeSince, keep]);
  return rows.map(({ id }) => id);
}
