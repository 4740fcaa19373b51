import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE federated_identities (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  provider text NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  created_at timestamptz NOT NULL,
  last_sign_in_at timestamptz,
  tokens_sealed bytea,
  tokens_sealed_by text,
  CONSTRAINT federated_identities_subject UNIQUE (tenant_id, issuer, subject),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE federated_identities IS 'Who somebody is elsewhere. Issuer and subject name them; an address never does.';
COMMENT ON COLUMN federated_identities.provider IS 'The name in the configuration, as of the last sign-in.';
COMMENT ON COLUMN federated_identities.tokens_sealed IS 'Tokens of the provider under AES-256-GCM, bound to their row; only where the configuration keeps them.';
CREATE INDEX federated_identities_by_user ON federated_identities (tenant_id, user_id);
CREATE INDEX federated_identities_by_subject ON federated_identities (issuer, subject);

CREATE TABLE provider_sessions (
  tenant_id uuid NOT NULL,
  issuer text NOT NULL,
  sid text NOT NULL,
  user_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, issuer, sid),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE provider_sessions IS 'Whose account a session of a provider opened, for logout tokens that name the session alone.';
CREATE INDEX provider_sessions_by_sid ON provider_sessions (issuer, sid);
CREATE INDEX provider_sessions_by_expiry ON provider_sessions (expires_at);

CREATE TABLE used_assertions (
  issuer text NOT NULL,
  id_hash bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, id_hash)
);
COMMENT ON TABLE used_assertions IS 'What a provider signed for one use and was used: whoever inserts the row has it.';
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires_at);

ALTER TABLE login_challenges ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}';
COMMENT ON COLUMN login_challenges.amr IS 'What was proven before the second factor, RFC 8176.';
`;

const DOWN = `
ALTER TABLE login_challenges DROP COLUMN amr;
DROP TABLE used_assertions, provider_sessions, federated_identities;
`;

export class CreateFederation1795600100000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
