import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import { Database, type Statement } from '../database/database';

export interface NewTicket {
  readonly hash: Buffer;
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
  /** JSON. */
  readonly proof: string;
  readonly now: Date;
  readonly expiresAt: Date;
}

/** What was found under a ticket, which is used up by that. */
export interface UsedTicket {
  readonly proof: unknown;
  readonly expiresAt: Date;
  /** False when the login was ended since, or the account is not active. */
  readonly live: boolean;
}

const ADD: Statement = {
  name: 'ticket_add',
  text: `INSERT INTO connection_tickets (ticket_hash, tenant_id, user_id, session_id, proof, created_at, expires_at)
         SELECT $1, $2::uuid, $3::uuid, $4::uuid, $5::jsonb, $6::timestamptz, $7::timestamptz
          WHERE (SELECT count(*) FROM connection_tickets WHERE session_id = $4 AND expires_at > $6) < $8
         RETURNING 1`,
};

// Of several at once one deletes the row; the others wait for it and find nothing.
const USE: Statement = {
  name: 'ticket_use',
  text: `WITH used AS (DELETE FROM connection_tickets WHERE ticket_hash = $1 RETURNING *)
         SELECT used.proof, used.expires_at,
                u.status = 'active' AND (NOT used.proof ? 'generations' OR s.revoked_at IS NULL AND NOT login_is_revoked(
                  used.tenant_id, used.user_id, used.session_id, (used.proof #>> '{generations,global}')::integer,
                  (used.proof #>> '{generations,tenant}')::integer, (used.proof #>> '{generations,user}')::integer)) AS live
           FROM used
           JOIN users u ON u.tenant_id = used.tenant_id AND u.id = used.user_id
           LEFT JOIN sessions s ON s.id = used.session_id AND s.tenant_id = used.tenant_id AND s.user_id = used.user_id`,
};

const PURGE: Statement = {
  name: 'ticket_purge',
  text: `WITH expired AS (SELECT ticket_hash FROM connection_tickets WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM connection_tickets t USING expired e WHERE t.ticket_hash = e.ticket_hash RETURNING 1`,
};

/** Tickets for handshakes, by their hashes. */
@Injectable()
export class TicketStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  /** False when the login has `most` unused ones already. */
  async add(ticket: NewTicket, most: number): Promise<boolean> {
    const { hash, tenantId, userId, sessionId, proof, now, expiresAt } = ticket;
    const row = await this.database.first(ADD, [hash, tenantId, userId, sessionId, proof, now, expiresAt, most]);
    return row !== null;
  }

  /** One statement. Null when there is no such ticket, or it was used. */
  async use(hash: Buffer): Promise<UsedTicket | null> {
    const row = await this.database.first<{ proof: unknown; expires_at: Date; live: boolean }>(USE, [hash]);
    return row && { proof: row.proof, expiresAt: row.expires_at, live: row.live };
  }

  /** Removes at most `limit` that nobody used in time; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
