import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;
COMMENT ON COLUMN users.email_verified_at IS 'When the owner of the mailbox confirmed the address. NULL: never.';

CREATE TABLE letter_orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  tenant_id uuid,
  user_id uuid,
  email_key text,
  facts jsonb NOT NULL,
  not_before timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE letter_orders IS 'Letters that somebody asked for. Written for known and unknown accounts alike; whoever writes the letter finds out. No secrets.';
CREATE INDEX letter_orders_by_turn ON letter_orders (not_before, id);
CREATE INDEX letter_orders_by_expiry ON letter_orders (expires_at);

CREATE TABLE mail_outbox (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  sealed bytea NOT NULL,
  sealed_by text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE mail_outbox IS 'Letters on their way. A row is deleted when its letter was handed over, or given up.';
COMMENT ON COLUMN mail_outbox.sealed IS 'AES-256-GCM under a key derived from the root secret: letters hold codes.';
CREATE INDEX mail_outbox_by_turn ON mail_outbox (next_attempt_at);
CREATE INDEX mail_outbox_by_expiry ON mail_outbox (expires_at);

CREATE TABLE mail_allowances (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  sent integer NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE mail_allowances IS 'How many letters that anybody may ask for were written to an account in the hour that began with the first.';
CREATE INDEX mail_allowances_by_expiry ON mail_allowances (expires_at);

CREATE TABLE account_codes (
  code_hash bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('verify', 'reset', 'change_old', 'change_new')),
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  address text NOT NULL,
  new_address text,
  pair uuid,
  other_used boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE account_codes IS 'Codes that were sent by mail. Used by being deleted: whoever deletes one has it.';
COMMENT ON COLUMN account_codes.code_hash IS 'SHA-256 of 256 random bits.';
COMMENT ON COLUMN account_codes.pair IS 'The two codes of one change of address; the change happens when the second one is used.';
CREATE INDEX account_codes_by_user ON account_codes (tenant_id, user_id);
CREATE INDEX account_codes_by_pair ON account_codes (pair) WHERE pair IS NOT NULL;
CREATE INDEX account_codes_by_expiry ON account_codes (expires_at);

CREATE TABLE known_sign_ins (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  fingerprint bytea NOT NULL,
  last_seen_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, fingerprint),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN known_sign_ins.fingerprint IS 'Keyed hash of the kind of device and the network; names neither.';
CREATE INDEX known_sign_ins_by_age ON known_sign_ins (last_seen_at);
`;

const DOWN = `
DROP TABLE known_sign_ins, account_codes, mail_allowances, mail_outbox, letter_orders;
ALTER TABLE users DROP COLUMN email_verified_at;
`;

export class CreateMailAndCodes1795500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
