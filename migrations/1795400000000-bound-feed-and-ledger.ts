import type { MigrationInterface, QueryRunner } from 'typeorm';

// Code of the release before goes on running meanwhile: it inserts revocations without naming `merges`, and is not held
// to one row per login; it still writes `jwt_expires_at`.
const UP = `
ALTER TABLE revocations ADD COLUMN merges boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN revocations.merges IS 'The one row of its login: revoking the login again extends it.';
CREATE UNIQUE INDEX revocations_once_per_login ON revocations (session_id, user_id, tenant_id) WHERE merges;

CREATE INDEX revocations_by_place ON revocations (transaction_id, id, access_expires_at);
DROP INDEX revocations_by_transaction;

CREATE INDEX consumed_refresh_tokens_by_login ON consumed_refresh_tokens (session_id, consumed_at);

COMMENT ON COLUMN sessions.jwt_expires_at IS 'Not read any more, and not written: to be dropped by a later release.';
`;

const DOWN = `
COMMENT ON COLUMN sessions.jwt_expires_at IS 'Latest expiry of a JWT access token issued under this login; a revocation must be remembered until then.';
DROP INDEX consumed_refresh_tokens_by_login;
CREATE INDEX revocations_by_transaction ON revocations (transaction_id);
DROP INDEX revocations_by_place;
ALTER TABLE revocations DROP COLUMN merges;
`;

export class BoundFeedAndLedger1795400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
