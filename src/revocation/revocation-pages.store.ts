import type { Revocation } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database';
import { revocationOf, type RevocationRow } from './revocation.store';

/**
 * A place in the feed: after row `id` of transaction `transaction`. `next` is where the pass after this one begins, set
 * while a pass takes more than one page.
 */
export interface FeedPosition {
  readonly transaction: string;
  readonly id: string;
  readonly next: string | null;
}

/** One page of the rows that some reader may see. */
export interface RevocationPage {
  readonly revocations: Revocation[];
  /** Where the next page begins. */
  readonly position: FeedPosition;
  /** False: ask again at once. */
  readonly complete: boolean;
}

export interface PageReader {
  /** Null is every tenant. */
  readonly tenantIds: readonly string[] | null;
  readonly now: Date;
  readonly limit: number;
}

interface PagedRow extends RevocationRow {
  readonly id: number;
  readonly transaction_id: string;
}

/** Everything that is live. */
export const FEED_START: FeedPosition = { transaction: '0', id: '0', next: null };

// In commit order no row can be missed: what was not visible to the first page's snapshot has a transaction that is not
// older than that snapshot's horizon, where the next pass begins.
const PAGE: Statement = {
  name: 'revocation_page',
  text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
                $1::text::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS foreign_server,
                coalesce((SELECT json_agg(r ORDER BY r.transaction_id, r.id) FROM (
                  SELECT id, transaction_id, kind, tenant_id, user_id, session_id, generation, except_session_id,
                         ends_login, reason, access_expires_at
                    FROM revocations
                   WHERE (transaction_id, id) > ($1::text::xid8, $2::bigint)
                     AND access_expires_at > LEAST($3, clock_timestamp())
                     AND (kind = 'global' OR $4::uuid[] IS NULL OR tenant_id = ANY ($4::uuid[]))
                   ORDER BY transaction_id, id LIMIT $5) r), '[]'::json) AS rows`,
};

/** The feed page by page, for readers outside the service. */
@Injectable()
export class RevocationPages {
  constructor(private readonly database: Database) {}

  /** Null when the position is not of this database: read everything once more. */
  async read(from: FeedPosition, { tenantIds, now, limit }: PageReader): Promise<RevocationPage | null> {
    const values = [from.transaction, from.id, now, tenantIds, limit];
    const page = await this.database.first<{ horizon: string; foreign_server: boolean; rows: PagedRow[] }>(
      PAGE,
      values,
    );
    if (!page || page.foreign_server) return null;
    const next = from.next ?? page.horizon;
    const last = page.rows.at(-1);
    const complete = !last || page.rows.length < limit;
    const position = complete
      ? { transaction: next, id: '0', next: null }
      : { transaction: String(last.transaction_id), id: String(last.id), next };
    return { revocations: page.rows.map(revocationOf), position, complete };
  }
}
