import type { Statement } from '../database/database';

const TENANTS = `ARRAY(SELECT ct.tenant_id FROM client_tenants ct WHERE ct.client_id = c.id ORDER BY ct.tenant_id) AS tenants`;
const LIVE = `(s.expires_at IS NULL OR s.expires_at > $1)`;
const FACTS = `c.id, c.name, c.all_tenants, c.audiences, c.enabled, c.created_at, ${TENANTS}`;

const LISTED = `SELECT ${FACTS},
                coalesce((SELECT json_agg(json_build_object('created_at', s.created_at, 'expires_at', s.expires_at) ORDER BY s.id DESC)
                            FROM client_secrets s WHERE s.client_id = c.id AND ${LIVE}), '[]'::json) AS secrets
           FROM clients c`;

export const INSERT: Statement = {
  name: 'client_insert',
  text: `INSERT INTO clients (id, name, all_tenants, audiences, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO NOTHING RETURNING id`,
};

export const BIND: Statement = {
  name: 'client_bind',
  text: 'INSERT INTO client_tenants (client_id, tenant_id) SELECT $1, id FROM unnest($2::uuid[]) AS bound (id)',
};

export const FIND_CREDENTIALS: Statement = {
  name: 'client_find_credentials',
  text: `SELECT ${FACTS},
                ARRAY(SELECT s.secret_hash FROM client_secrets s WHERE s.client_id = c.id AND ${LIVE} ORDER BY s.id DESC) AS hashes
           FROM clients c WHERE c.id = $2`,
};

export const LIST: Statement = { name: 'client_list', text: `${LISTED} ORDER BY c.created_at, c.id` };

export const PAGE: Statement = {
  name: 'client_page',
  text: `${LISTED}
          WHERE ($2::uuid IS NULL OR (NOT c.all_tenants AND EXISTS (SELECT 1 FROM client_tenants o WHERE o.client_id = c.id AND o.tenant_id = $2)
                                      AND NOT EXISTS (SELECT 1 FROM client_tenants o WHERE o.client_id = c.id AND o.tenant_id <> $2)))
            AND ($3::timestamptz IS NULL OR (c.created_at, c.id) > ($3, $4::uuid))
          ORDER BY c.created_at, c.id LIMIT $5`,
};

export const FIND: Statement = {
  name: 'client_find',
  text: `${LISTED} WHERE c.id::text = lower($2) OR c.name = $2`,
};

// The lock waits for a disabling that is under way, so that it reaches every token that was issued before it.
export const FIND_GRANT: Statement = {
  name: 'client_find_grant',
  text: `SELECT c.name, c.generation AS client_generation, t.generation AS tenant_generation,
                i.generation AS global_generation
           FROM clients c
           JOIN tenants t ON t.id = $2
          CROSS JOIN instance i
          WHERE c.id = $1 AND c.enabled
            AND (c.all_tenants OR EXISTS (SELECT 1 FROM client_tenants ct WHERE ct.client_id = c.id AND ct.tenant_id = t.id))
            FOR SHARE OF c`,
};

export const LOCK: Statement = {
  name: 'client_lock',
  text: `SELECT c.all_tenants, ${TENANTS} FROM clients c WHERE c.id = $1 FOR UPDATE`,
};

export const COUNT_SECRETS: Statement = {
  name: 'client_count_secrets',
  text: `SELECT count(*)::integer AS live FROM client_secrets s WHERE s.client_id = $2 AND ${LIVE}`,
};

export const END_SECRETS: Statement = {
  name: 'client_end_secrets',
  text: `WITH over AS (DELETE FROM client_secrets WHERE client_id = $1 AND expires_at <= $2)
         UPDATE client_secrets SET expires_at = LEAST(expires_at, $3)
          WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)`,
};

export const ADD_SECRET: Statement = {
  name: 'client_add_secret',
  text: 'INSERT INTO client_secrets (client_id, secret_hash, created_at) VALUES ($1, $2, $3)',
};

export const RAISE: Statement = {
  name: 'client_raise_generation',
  text: 'UPDATE clients SET generation = generation + 1 WHERE id = $1 RETURNING generation',
};

export const SET_ENABLED: Statement = {
  name: 'client_set_enabled',
  text: 'UPDATE clients SET enabled = $2 WHERE id = $1',
};

export const DELETE: Statement = { name: 'client_delete', text: 'DELETE FROM clients WHERE id = $1' };
