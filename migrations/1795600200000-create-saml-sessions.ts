import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE saml_sessions (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid NOT NULL,
  provider text NOT NULL,
  issuer text NOT NULL,
  name_id text NOT NULL,
  session_index text,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, session_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE saml_sessions IS 'Which login a session of a provider began, so that signing out there ends that one.';
CREATE INDEX saml_sessions_by_name ON saml_sessions (issuer, name_id);
CREATE INDEX saml_sessions_by_user ON saml_sessions (tenant_id, user_id);
CREATE INDEX saml_sessions_by_expiry ON saml_sessions (expires_at);
`;

export class CreateSamlSessions1795600200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE saml_sessions');
  }
}
