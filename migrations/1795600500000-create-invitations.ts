import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE tenants ADD COLUMN email_domains text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN tenants.email_domains IS 'Domains that addresses of new accounts must have, in lower case. Empty: any.';

CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  email text NOT NULL,
  email_key text NOT NULL,
  roles text[] NOT NULL,
  code_hash bytea NOT NULL UNIQUE,
  mailed boolean NOT NULL,
  invited_by uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE invitations IS 'Invitations to join a tenant. Accepted by being deleted: whoever deletes one has it.';
COMMENT ON COLUMN invitations.code_hash IS 'SHA-256 of 256 random bits.';
COMMENT ON COLUMN invitations.mailed IS 'The code went to the address by mail, so that whoever has it owns the mailbox.';
CREATE UNIQUE INDEX invitations_by_address ON invitations (tenant_id, email_key);
CREATE INDEX invitations_by_age ON invitations (tenant_id, created_at, id);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

ALTER TABLE mail_outbox ALTER COLUMN user_id DROP NOT NULL;
COMMENT ON COLUMN mail_outbox.user_id IS 'NULL: the letter goes to somebody who has no account yet.';
`;

const DOWN = `
DELETE FROM mail_outbox WHERE user_id IS NULL;
ALTER TABLE mail_outbox ALTER COLUMN user_id SET NOT NULL;
DROP TABLE invitations;
ALTER TABLE tenants DROP COLUMN email_domains;
`;

export class CreateInvitations1795600500000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
