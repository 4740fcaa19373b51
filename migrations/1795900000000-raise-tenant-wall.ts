import type { MigrationInterface, QueryRunner } from 'typeorm';

const TENANT = `nullif(current_setting('latchkey.tenant_id', true), '')::uuid`;

/** Rows of a tenant, each told by `tenant_id`. */
const TABLES = [
  'account_codes',
  'audit_events',
  'client_tenants',
  'connection_tickets',
  'consumed_refresh_tokens',
  'devices',
  'federated_identities',
  'invitations',
  'known_sign_ins',
  'letter_orders',
  'login_challenges',
  'mail_allowances',
  'mail_outbox',
  'passkey_ceremonies',
  'passkeys',
  'provider_sessions',
  'recovery_codes',
  'revocations',
  'saml_sessions',
  'sessions',
  'totp_factors',
  'users',
  'webhook_deliveries',
];

/** Without a tenant, but needed by what one tenant does. */
const SHARED = ['client_secrets', 'clients', 'login_attempts', 'rate_limits', 'used_assertions'];
/** Only read there: what happened is written by jobs. */
const READ = ['audit_chain', 'audit_eras', 'audit_events', 'audit_seals', 'instance', 'webhook_deliveries'];
const WRITTEN = [...TABLES, ...SHARED, 'tenants'].filter((table) => !READ.includes(table));

// Owners are above policies that are not forced: what runs outside of a tenant goes on as before.
const POLICIES = [...TABLES.map((table) => [table, 'tenant_id'] as const), ['tenants', 'id'] as const].map(
  ([table, column]) => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON ${table} USING (${column} = ${TENANT}) WITH CHECK (${column} = ${TENANT});`,
);

// A client may be bound to several tenants, and then belongs to none of them: whoever asks has to see all.
const CLIENT_TENANTS = 'CREATE POLICY all_tenants_of_a_client ON client_tenants FOR SELECT USING (true);';

// Whose something is, asked by its id alone, before anybody knows the tenant.
const OWNER = `
CREATE FUNCTION latchkey_owner(thing text, thing_id uuid) RETURNS TABLE (tenant_id uuid, user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT u.tenant_id, u.id FROM users u WHERE thing = 'user' AND u.id = thing_id
  UNION ALL SELECT s.tenant_id, s.user_id FROM sessions s WHERE thing = 'session' AND s.id = thing_id
  UNION ALL SELECT d.tenant_id, d.user_id FROM devices d WHERE thing = 'device' AND d.id = thing_id
  UNION ALL SELECT p.tenant_id, p.user_id FROM passkeys p WHERE thing = 'passkey' AND p.id = thing_id
  UNION ALL SELECT f.tenant_id, f.user_id FROM federated_identities f WHERE thing = 'identity' AND f.id = thing_id
  UNION ALL SELECT i.tenant_id, NULL FROM invitations i WHERE thing = 'invitation' AND i.id = thing_id
$$;
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION latchkey_owner(text, uuid) SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION latchkey_owner(text, uuid) FROM PUBLIC;
`;

// A role belongs to the whole server, and another database may have made it. Who may not make one goes on without:
// doctor says so, and this function is for whoever may.
const RIGHTS = `
CREATE FUNCTION latchkey_grant_tenant_role() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- Since PostgreSQL 16 whoever makes a role may give it to themselves, but cannot take it before.
  taking text := CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'latchkey_tenant') THEN
    BEGIN
      CREATE ROLE latchkey_tenant NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF NOT pg_has_role('latchkey_tenant', taking) THEN
    EXECUTE format('GRANT latchkey_tenant TO %I', current_user);
  END IF;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ${WRITTEN.join(', ')} TO latchkey_tenant;
  GRANT SELECT ON ${READ.join(', ')} TO latchkey_tenant;
  GRANT EXECUTE ON FUNCTION latchkey_owner(text, uuid) TO latchkey_tenant;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO latchkey_tenant', current_schema());
END $$;
DO $$ BEGIN
  PERFORM latchkey_grant_tenant_role();
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'latchkey_tenant was not made: %', SQLERRM;
END $$;
`;

const DOWN = [
  'DROP POLICY all_tenants_of_a_client ON client_tenants;',
  ...[...TABLES, 'tenants'].map(
    (table) => `
DROP POLICY of_tenant ON ${table};
ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY;
DO $$ BEGIN REVOKE ALL ON ${table} FROM latchkey_tenant; EXCEPTION WHEN undefined_object THEN NULL; END $$;`,
  ),
  ...[...SHARED, ...READ].map(
    (table) => `
DO $$ BEGIN REVOKE ALL ON ${table} FROM latchkey_tenant; EXCEPTION WHEN undefined_object THEN NULL; END $$;`,
  ),
  `
DO $$ BEGIN
  EXECUTE format('REVOKE ALL ON SCHEMA %I FROM latchkey_tenant', current_schema());
EXCEPTION WHEN undefined_object THEN NULL;
END $$;
DROP FUNCTION latchkey_grant_tenant_role();
DROP FUNCTION latchkey_owner(text, uuid);`,
].join('\n');

export class RaiseTenantWall1795900000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query([...POLICIES, CLIENT_TENANTS, OWNER, RIGHTS].join('\n'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
