import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE INDEX users_by_creation ON users (tenant_id, created_at, id);
CREATE INDEX users_by_email_prefix ON users (tenant_id, email_key text_pattern_ops);
CREATE INDEX users_by_username_prefix ON users (tenant_id, username_key text_pattern_ops);
`;

const DOWN = 'DROP INDEX users_by_username_prefix, users_by_email_prefix, users_by_creation;';

export class IndexUsersForAdministration1795500040000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
