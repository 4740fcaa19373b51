import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE saml_sessions ADD COLUMN name_id_format text;
ALTER TABLE login_challenges ADD COLUMN saml_session jsonb;
COMMENT ON COLUMN login_challenges.saml_session IS 'The session of a SAML provider that stands behind the login, once there is one.';
`;

const DOWN = `
ALTER TABLE login_challenges DROP COLUMN saml_session;
ALTER TABLE saml_sessions DROP COLUMN name_id_format;
`;

export class NoteSamlSessionsOfSecondFactors1795800100000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
