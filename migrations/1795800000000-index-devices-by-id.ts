import type { MigrationInterface, QueryRunner } from 'typeorm';

// People name their devices by id, and an id that is not among theirs is looked for among those of others.
const UP = 'CREATE UNIQUE INDEX devices_by_id ON devices (id);';

const DOWN = 'DROP INDEX devices_by_id;';

export class IndexDevicesById1795800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
