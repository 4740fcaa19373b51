import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE tenants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text NOT NULL,
  hosts text[] NOT NULL DEFAULT '{}',
  registration text CHECK (registration IN ('open', 'invite', 'closed')),
  generation integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN tenants.registration IS 'NULL: the configuration decides.';
COMMENT ON COLUMN tenants.generation IS 'Tokens carry the value read at issue; a revocation of the whole tenant raises it.';
CREATE INDEX tenants_hosts ON tenants USING gin (hosts);
INSERT INTO tenants (slug, name) VALUES ('default', 'Default');

CREATE TABLE users (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  email text,
  email_key text,
  username text,
  username_key text,
  name text,
  roles text[] NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
  password_hash text,
  generation integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT users_tenant_email UNIQUE (tenant_id, email_key),
  CONSTRAINT users_tenant_username UNIQUE (tenant_id, username_key),
  CONSTRAINT users_tenant_id UNIQUE (tenant_id, id),
  CHECK (email_key IS NOT NULL OR username_key IS NOT NULL)
);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('session', 'tracked_jwt')),
  access_hash bytea,
  access_expires_at timestamptz,
  previous_access_hash bytea,
  previous_access_until timestamptz,
  refresh_hash bytea,
  jwt_expires_at timestamptz,
  global_generation integer NOT NULL,
  tenant_generation integer NOT NULL,
  user_generation integer NOT NULL,
  ip_address text,
  user_agent text,
  device text,
  amr text[] NOT NULL DEFAULT '{}',
  auth_time timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  last_activity_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  handed_over_at timestamptz,
  revoked_at timestamptz,
  revoked_reason text,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE sessions IS 'One row per login that is kept on the server. Only hashes of tokens.';
COMMENT ON COLUMN sessions.jwt_expires_at IS 'Latest expiry of a JWT access token issued under this login; a revocation must be remembered until then.';
COMMENT ON COLUMN sessions.expires_at IS 'Deadline of the login, fixed when it starts.';
COMMENT ON COLUMN sessions.handed_over_at IS 'The login went on with untracked tokens: not listed, taken up again when it crosses back.';
CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE consumed_refresh_tokens (
  token_hash bytea PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid NOT NULL,
  consumed_at timestamptz NOT NULL,
  successor_kind text NOT NULL CHECK (successor_kind IN ('session', 'tracked_jwt', 'untracked_jwt')),
  successor_hash bytea NOT NULL,
  key_id text NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE consumed_refresh_tokens IS 'The decision taken for each refresh token, once. The primary key decides who was first.';
CREATE INDEX consumed_refresh_tokens_by_expiry ON consumed_refresh_tokens (expires_at);

CREATE TABLE revocations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind text NOT NULL CHECK (kind IN ('session', 'user', 'tenant', 'global')),
  tenant_id uuid,
  user_id uuid,
  session_id uuid,
  generation integer,
  except_session_id uuid,
  ends_login boolean NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL,
  access_expires_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CHECK (kind = 'global' OR tenant_id IS NOT NULL),
  CHECK (kind NOT IN ('session', 'user') OR user_id IS NOT NULL),
  CHECK ((kind = 'session') = (session_id IS NOT NULL)),
  CHECK ((kind = 'session') = (generation IS NULL))
);
COMMENT ON TABLE revocations IS 'The revocation feed: what was revoked before it expired. Rows outlive every token they concern.';
COMMENT ON COLUMN revocations.ends_login IS 'False: access tokens must be renewed (roles changed), but the login goes on.';
COMMENT ON COLUMN revocations.transaction_id IS 'Readers resume from a snapshot horizon, because ids are not in commit order.';
COMMENT ON COLUMN revocations.access_expires_at IS 'No access token concerned lives longer: processes forget the row from memory then.';
CREATE INDEX revocations_by_transaction ON revocations (transaction_id);
CREATE INDEX revocations_by_session ON revocations (session_id) WHERE kind = 'session';
CREATE INDEX revocations_by_user ON revocations (user_id) WHERE kind = 'user';
CREATE INDEX revocations_by_tenant ON revocations (tenant_id) WHERE kind = 'tenant';
CREATE INDEX revocations_of_all ON revocations (generation) WHERE kind = 'global';
CREATE INDEX revocations_by_expiry ON revocations (expires_at);

CREATE FUNCTION login_is_revoked(
  of_tenant uuid, of_user uuid, of_session uuid,
  global_generation integer, tenant_generation integer, user_generation integer
) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'session' AND r.session_id = of_session
                    AND r.user_id = of_user AND r.tenant_id = of_tenant)
      OR EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'user' AND r.user_id = of_user AND r.tenant_id = of_tenant
                    AND r.ends_login AND r.generation > $6 AND r.except_session_id IS DISTINCT FROM of_session)
      OR EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'tenant' AND r.tenant_id = of_tenant AND r.ends_login AND r.generation > $5)
      OR EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'global' AND r.ends_login AND r.generation > $4)
$$;
COMMENT ON FUNCTION login_is_revoked IS 'The one judgement in SQL; the in-memory mirror of each process answers the same question the same way.';

CREATE TABLE login_attempts (
  account_key bytea PRIMARY KEY,
  failures integer NOT NULL DEFAULT 0,
  pending bigint[] NOT NULL DEFAULT '{}',
  locked_until timestamptz,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE login_attempts IS 'Password attempts per account, known or not. The key is a keyed hash of tenant and identifier.';
COMMENT ON COLUMN login_attempts.pending IS 'Attempts reserved before hashing, each its start time shifted left by 20 bits plus a random tail; they expire by themselves.';
CREATE INDEX login_attempts_by_expiry ON login_attempts (expires_at);

CREATE TABLE signing_keys (
  id text PRIMARY KEY,
  algorithm text NOT NULL,
  sealed bytea NOT NULL,
  sealed_by text NOT NULL,
  created_at timestamptz NOT NULL,
  retired_at timestamptz
);
COMMENT ON COLUMN signing_keys.sealed IS 'AES-256-GCM under a key derived from the root secret: nonce, ciphertext, tag.';

CREATE TABLE instance (
  id smallint PRIMARY KEY CHECK (id = 1),
  generation integer NOT NULL DEFAULT 0,
  access_horizon timestamptz NOT NULL DEFAULT 'epoch',
  login_horizon timestamptz NOT NULL DEFAULT 'epoch',
  last_cleanup_at timestamptz
);
COMMENT ON COLUMN instance.access_horizon IS 'No JWT access token issued so far by any process lives longer.';
COMMENT ON COLUMN instance.login_horizon IS 'No login started so far by any process lives longer.';
INSERT INTO instance (id) VALUES (1);
`;

const DOWN = `
DROP TABLE instance, signing_keys, login_attempts;
DROP FUNCTION login_is_revoked;
DROP TABLE revocations, consumed_refresh_tokens, sessions, users, tenants;
`;

export class CreateCoreTables1795305600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
