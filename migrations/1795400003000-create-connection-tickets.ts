import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE connection_tickets (
  ticket_hash bytea PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid NOT NULL,
  proof jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE connection_tickets IS 'Tickets for handshakes that cannot carry a token. Used by being deleted: whoever deletes one has it.';
COMMENT ON COLUMN connection_tickets.proof IS 'Who asked for the ticket, as the access token proved it. No token.';
CREATE INDEX connection_tickets_by_session ON connection_tickets (session_id);
CREATE INDEX connection_tickets_by_expiry ON connection_tickets (expires_at);
`;

export class CreateConnectionTickets1795400003000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE connection_tickets');
  }
}
