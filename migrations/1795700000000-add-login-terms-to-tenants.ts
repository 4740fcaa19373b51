import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE tenants
  ADD COLUMN mode text CHECK (mode IN ('stateful', 'stateless')),
  ADD COLUMN access_token_ttl integer CHECK (access_token_ttl > 0),
  ADD COLUMN refresh_token_ttl integer CHECK (refresh_token_ttl > 0);
COMMENT ON COLUMN tenants.mode IS 'How its people are signed in. NULL: the configuration decides.';
COMMENT ON COLUMN tenants.access_token_ttl IS 'Seconds, where it is less than what is configured.';
COMMENT ON COLUMN tenants.refresh_token_ttl IS 'Seconds that a login lasts, where it is less than what is configured.';
`;

const DOWN = `
ALTER TABLE tenants DROP COLUMN refresh_token_ttl, DROP COLUMN access_token_ttl, DROP COLUMN mode;
`;

export class AddLoginTermsToTenants1795700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
