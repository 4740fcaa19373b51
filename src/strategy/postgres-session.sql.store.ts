import type { Statement } from '../database/database';

export const CREATE: Statement = {
  name: 'session_create',
  text: `INSERT INTO sessions (id, tenant_id, user_id, kind, access_hash, access_expires_at, refresh_hash,
                               global_generation, tenant_generation, user_generation, ip_address, user_agent, device,
                               amr, auth_time, created_at, last_activity_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17)`,
};

export const FIND_FOR_ACCESS: Statement = {
  name: 'session_find_for_access',
  text: `SELECT s.id, s.ip_address, s.user_agent, s.device, s.amr, s.auth_time, s.created_at, s.last_activity_at, s.expires_at,
                s.access_hash, s.access_expires_at, s.previous_access_hash, s.previous_access_until,
                u.id AS user_id, u.tenant_id, u.email, u.username, u.name, u.roles,
                u.generation AS user_generation, t.generation AS tenant_generation, i.generation AS global_generation,
                (s.revoked_at IS NOT NULL OR u.status <> 'active' OR login_is_revoked(s.tenant_id, s.user_id, s.id,
                   s.global_generation, s.tenant_generation, s.user_generation)) AS revoked
           FROM sessions s
           JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
           JOIN tenants t ON t.id = s.tenant_id
          CROSS JOIN instance i
          WHERE s.id = $1`,
};

// The last condition keeps a delayed replay from taking up a row that went on and came back.
export const CARRY_ON: Statement = {
  name: 'session_carry_on',
  text: `INSERT INTO sessions AS s (id, tenant_id, user_id, kind, access_hash, access_expires_at, refresh_hash,
                               global_generation, tenant_generation, user_generation, ip_address, user_agent, device,
                               amr, auth_time, created_at, last_activity_at, expires_at)
         SELECT $1::uuid, $2::uuid, $3::uuid, $4, $5::bytea, $6::timestamptz, $7::bytea,
                $8::integer, $9::integer, $10::integer, $11, $12, $13, $14::text[], $15::timestamptz, $15::timestamptz,
                $16::timestamptz, $17::timestamptz
          WHERE NOT login_is_revoked($2, $3, $1, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET
           kind = excluded.kind,
           previous_access_hash = CASE WHEN s.refresh_hash = excluded.refresh_hash THEN s.previous_access_hash
                                       ELSE coalesce(s.access_hash, s.previous_access_hash) END,
           previous_access_until = CASE WHEN s.refresh_hash = excluded.refresh_hash OR s.access_hash IS NULL
                                        THEN s.previous_access_until ELSE LEAST($19::timestamptz, s.access_expires_at) END,
           access_hash = excluded.access_hash, access_expires_at = excluded.access_expires_at,
           refresh_hash = excluded.refresh_hash,
           global_generation = excluded.global_generation, tenant_generation = excluded.tenant_generation,
           user_generation = excluded.user_generation,
           last_activity_at = GREATEST(s.last_activity_at, excluded.last_activity_at),
           amr = excluded.amr, auth_time = excluded.auth_time,
           handed_over_at = NULL
         WHERE s.tenant_id = excluded.tenant_id AND s.user_id = excluded.user_id AND s.revoked_at IS NULL
           AND (s.refresh_hash = $18 OR s.refresh_hash = excluded.refresh_hash OR s.handed_over_at IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM consumed_refresh_tokens c WHERE c.token_hash = excluded.refresh_hash)
         RETURNING id, ip_address, user_agent, device, amr, created_at, last_activity_at, expires_at`,
};

export const HAND_OVER: Statement = {
  name: 'session_hand_over',
  text: `UPDATE sessions SET
           handed_over_at = coalesce(handed_over_at, $5),
           previous_access_hash = coalesce(access_hash, previous_access_hash),
           previous_access_until = CASE WHEN access_hash IS NULL THEN previous_access_until
                                        ELSE LEAST($6::timestamptz, access_expires_at) END,
           access_hash = NULL, access_expires_at = NULL, refresh_hash = NULL
         WHERE id = $1 AND tenant_id = $2 AND user_id = $3 AND revoked_at IS NULL
           AND (refresh_hash = $4 OR handed_over_at IS NOT NULL)
         RETURNING 1`,
};

export const LIST: Statement = {
  name: 'session_list',
  text: `SELECT id, ip_address, user_agent, device, amr, created_at, last_activity_at, expires_at
           FROM sessions s
          WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND handed_over_at IS NULL AND expires_at > $3
            AND NOT login_is_revoked(tenant_id, user_id, id, global_generation, tenant_generation, user_generation)
          ORDER BY last_activity_at DESC, id LIMIT 500`,
};

export const REVOKE: Statement = {
  name: 'session_revoke',
  text: `UPDATE sessions SET revoked_at = $4, revoked_reason = $5
          WHERE id = $1 AND tenant_id = $2 AND user_id = $3 AND revoked_at IS NULL AND expires_at > $4
         RETURNING 1`,
};

export const REVOKE_ALL: Statement = {
  name: 'session_revoke_all',
  text: `UPDATE sessions SET revoked_at = $4, revoked_reason = $5
          WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND id IS DISTINCT FROM $3::uuid
         RETURNING id`,
};

export const RECORD_ACTIVITY: Statement = {
  name: 'session_record_activity',
  text: `UPDATE sessions s SET last_activity_at = seen.at
           FROM (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS seen (id, at) ORDER BY id) seen
          WHERE s.id = seen.id AND s.last_activity_at <= seen.at - interval '1 minute'`,
};

export const PURGE: Statement = {
  name: 'session_purge',
  text: `WITH expired AS (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM sessions s USING expired e WHERE s.id = e.id RETURNING 1`,
};
