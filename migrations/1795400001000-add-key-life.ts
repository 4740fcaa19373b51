import type { MigrationInterface, QueryRunner } from 'typeorm';

// Processes of the release before go on inserting keys without these columns: all of them may be empty.
const UP = `
ALTER TABLE signing_keys
  ADD COLUMN configured boolean NOT NULL DEFAULT false,
  ADD COLUMN signs_from timestamptz,
  ADD COLUMN signs_until timestamptz,
  ADD COLUMN published_until timestamptz,
  ADD COLUMN verifies_until timestamptz,
  ADD COLUMN last_signing_at timestamptz;
COMMENT ON COLUMN signing_keys.sealed IS 'AES-256-GCM under a key derived from the root secret: nonce, ciphertext, tag. Empty once retired.';
COMMENT ON COLUMN signing_keys.configured IS 'A copy of auth.jwt.secret, kept so that its tokens outlive its removal from the configuration.';
COMMENT ON COLUMN signing_keys.signs_from IS 'Until then it is only published. Empty: since created_at.';
COMMENT ON COLUMN signing_keys.signs_until IS 'When its successor begins. Empty: none is known.';
COMMENT ON COLUMN signing_keys.published_until IS 'No access token that it signed lives longer.';
COMMENT ON COLUMN signing_keys.verifies_until IS 'No refresh token that it signed lives longer.';
COMMENT ON COLUMN signing_keys.last_signing_at IS 'When some process last said that it signs with it; recorded every ten minutes.';
`;

const DOWN = `
ALTER TABLE signing_keys
  DROP COLUMN configured,
  DROP COLUMN signs_from,
  DROP COLUMN signs_until,
  DROP COLUMN published_until,
  DROP COLUMN verifies_until,
  DROP COLUMN last_signing_at;
`;

export class AddKeyLife1795400001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
