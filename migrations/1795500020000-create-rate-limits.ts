import type { MigrationInterface, QueryRunner } from 'typeorm';

// The columns and their order are those that rate-limiter-flexible writes.
const UP = `
CREATE UNLOGGED TABLE rate_limits (
  key varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
);
COMMENT ON TABLE rate_limits IS 'Counts of rate limits. Not logged: a crash of the server forgets them, a restart does not.';
COMMENT ON COLUMN rate_limits.key IS 'Policy and keyed hash of an address, account or tenant.';
COMMENT ON COLUMN rate_limits.expire IS 'End of the window, in milliseconds since the epoch.';
CREATE INDEX rate_limits_by_expiry ON rate_limits (expire);
`;

export class CreateRateLimits1795500020000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE rate_limits');
  }
}
