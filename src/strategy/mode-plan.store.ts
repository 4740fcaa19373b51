import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database';

/** Live logins of one kind, and until when their tokens can be presented. */
export interface LoginsOfKind {
  readonly live: number;
  /** Of the access token that dies last; null when there is none. */
  readonly access: Date | null;
  /** Deadline of the login that ends last. */
  readonly login: Date | null;
}

export interface FleetFacts {
  readonly session: LoginsOfKind;
  readonly trackedJwt: LoginsOfKind;
  /** Went on with JWTs alone and left a row behind. */
  readonly handedOver: LoginsOfKind;
  /** Known by a refresh alone: no login with JWTs alone is seen before its first. */
  readonly refreshedUntracked: number;
  /** No JWT access token of any process lives longer. */
  readonly accessHorizon: Date;
  /** No login of any process lives longer. */
  readonly loginHorizon: Date;
  /** Enabled clients: resource servers that can ask what a token stands for. */
  readonly clients: number;
  /** Root keys that kept signing keys are sealed by. */
  readonly sealedBy: readonly string[];
}

interface FactsRow {
  kinds: { kind: string; live: number; access: string | null; login: string | null }[];
  refreshed_untracked: number;
  access_horizon: Date;
  login_horizon: Date;
  clients: number;
  sealed_by: string[];
}

const FACTS: Statement = {
  name: 'mode_plan_facts',
  text: `WITH live AS (
           SELECT CASE WHEN s.handed_over_at IS NOT NULL THEN 'handed_over' ELSE s.kind END AS kind, s.expires_at,
                  GREATEST(s.access_expires_at, s.previous_access_until, s.jwt_expires_at) AS access
             FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
            WHERE s.revoked_at IS NULL AND s.expires_at > $1 AND u.status = 'active'
              AND NOT login_is_revoked(s.tenant_id, s.user_id, s.id, s.global_generation, s.tenant_generation, s.user_generation)
         ), kinds AS (
           SELECT kind, count(*)::integer AS live, max(access) FILTER (WHERE access > $1) AS access, max(expires_at) AS login
             FROM live GROUP BY kind
         )
         SELECT coalesce((SELECT json_agg(kinds) FROM kinds), '[]'::json) AS kinds,
                (SELECT count(DISTINCT c.session_id)::integer FROM consumed_refresh_tokens c
                  WHERE c.successor_kind = 'untracked_jwt' AND c.expires_at > $1
                    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = c.session_id)
                    AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'session' AND r.session_id = c.session_id)
                ) AS refreshed_untracked,
                i.access_horizon, i.login_horizon,
                (SELECT count(*)::integer FROM clients WHERE enabled) AS clients,
                ARRAY(SELECT DISTINCT sealed_by FROM signing_keys WHERE retired_at IS NULL) AS sealed_by
           FROM instance i`,
};

/** What a change of mode would meet. */
@Injectable()
export class ModePlanStore {
  constructor(private readonly database: Database) {}

  async read(now: Date): Promise<FleetFacts> {
    const row = await this.database.first<FactsRow>(FACTS, [now]);
    if (!row) throw new Error('The instance row is missing: run the migrations');
    return {
      session: loginsOf(row, 'session'),
      trackedJwt: loginsOf(row, 'tracked_jwt'),
      handedOver: loginsOf(row, 'handed_over'),
      refreshedUntracked: row.refreshed_untracked,
      accessHorizon: row.access_horizon,
      loginHorizon: row.login_horizon,
      clients: row.clients,
      sealedBy: row.sealed_by,
    };
  }
}

function loginsOf({ kinds }: FactsRow, kind: string): LoginsOfKind {
  const found = kinds.find((candidate) => candidate.kind === kind);
  return { live: found?.live ?? 0, access: dateOf(found?.access), login: dateOf(found?.login) };
}

function dateOf(text: string | null | undefined): Date | null {
  return text ? new Date(text) : null;
}
