import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE clients (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  all_tenants boolean NOT NULL,
  audiences text[] NOT NULL CHECK (cardinality(audiences) > 0),
  enabled boolean NOT NULL DEFAULT true,
  generation integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE clients IS 'Programs that ask about tokens, follow the feed or act for themselves.';
COMMENT ON COLUMN clients.generation IS 'Tokens of the client carry the value read at issue; whatever ends them all raises it.';

CREATE TABLE client_tenants (
  client_id uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  PRIMARY KEY (client_id, tenant_id)
);
COMMENT ON TABLE client_tenants IS 'The tenants that a client is bound to, unless it is bound to all.';

CREATE TABLE client_secrets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  secret_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz
);
COMMENT ON COLUMN client_secrets.secret_hash IS 'SHA-256 of 256 random bits.';
COMMENT ON COLUMN client_secrets.expires_at IS 'Set when another secret takes over; until then both are good.';
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);
`;

const DOWN = 'DROP TABLE client_secrets, client_tenants, clients;';

export class CreateClients1795400002000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
