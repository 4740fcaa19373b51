import type { MigrationInterface, QueryRunner } from 'typeorm';

const EVENTS = `
CREATE TABLE audit_events (
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  event text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('success', 'failure', 'denied')),
  reason text,
  tenant_id uuid,
  actor_kind text,
  actor_id text,
  target_kind text,
  target_id text,
  user_id uuid,
  session_id uuid,
  client_id text,
  ip_address text,
  user_agent text,
  request_id text,
  details jsonb NOT NULL CHECK (pg_column_size(details) <= 16384),
  key_id text NOT NULL,
  mac bytea NOT NULL,
  era integer NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);
COMMENT ON TABLE audit_events IS 'Who did what, when, from where. Rows are only added; whole months are dropped by age.';
COMMENT ON COLUMN audit_events.mac IS 'HMAC over the row, by a key that is not in the database: a row that somebody else wrote or changed shows.';
COMMENT ON COLUMN audit_events.era IS 'Counts the servers that this table lived on: transaction ids begin anew after a restore from a dump.';
CREATE INDEX audit_events_by_place ON audit_events (transaction_id);
CREATE INDEX audit_events_by_tenant ON audit_events (tenant_id, occurred_at, id);
CREATE INDEX audit_events_by_user ON audit_events (user_id, occurred_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, occurred_at, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_target ON audit_events (target_id, occurred_at, id) WHERE target_id IS NOT NULL;

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit trail is only added to: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_events_only_grow BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_events_keep BEFORE TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
COMMENT ON TABLE audit_events_default IS 'Events of months that have no partition yet: moved to one when it is made.';
CREATE TRIGGER audit_events_keep BEFORE TRUNCATE ON audit_events_default
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
`;

// Months are those of UTC, whatever the session's time zone is. What the default partition holds of a month moves into
// its partition, unchanged, so that seals over it go on to hold.
const PARTITIONS = `
CREATE FUNCTION audit_month_start(month text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT (month || '-01')::timestamp AT TIME ZONE 'UTC'
$$;

CREATE FUNCTION audit_month_end(month text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT ((month || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC'
$$;

CREATE FUNCTION audit_make_partition(month text) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
  part text := 'audit_events_' || replace(month, '-', '_');
  low timestamptz := audit_month_start(month);
  high timestamptz := audit_month_end(month);
BEGIN
  IF to_regclass(part) IS NOT NULL THEN RETURN false; END IF;
  LOCK TABLE audit_events_default IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('CREATE TABLE %I (LIKE audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
  EXECUTE format('INSERT INTO %I SELECT * FROM audit_events_default WHERE occurred_at >= $1 AND occurred_at < $2', part)
    USING low, high;
  ALTER TABLE audit_events_default DISABLE TRIGGER audit_events_only_grow;
  DELETE FROM audit_events_default WHERE occurred_at >= low AND occurred_at < high;
  ALTER TABLE audit_events_default ENABLE TRIGGER audit_events_only_grow;
  EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
  EXECUTE format('CREATE TRIGGER audit_events_keep BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', part);
  RETURN true;
END $$;

CREATE FUNCTION audit_drop_partition(month text) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
  part text := 'audit_events_' || replace(month, '-', '_');
  dropped bigint;
BEGIN
  IF to_regclass(part) IS NULL THEN RETURN NULL; END IF;
  -- As sealed: to count the rows of a large month takes longer than a statement may.
  SELECT coalesce(sum(s.event_count), 0) INTO dropped FROM audit_seals s
   WHERE s.kind = 'events' AND s.month = audit_drop_partition.month;
  EXECUTE format('DROP TABLE %I', part);
  RETURN dropped;
END $$;

SELECT audit_make_partition(to_char((now() AT TIME ZONE 'UTC') + step * interval '1 month', 'YYYY-MM'))
  FROM generate_series(0, 3) AS step;
`;

const CHAIN = `
CREATE TABLE audit_eras (
  era integer PRIMARY KEY,
  began_at timestamptz NOT NULL
);
INSERT INTO audit_eras (era, began_at) VALUES (1, now());

CREATE TABLE audit_seals (
  seq bigint PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('events', 'dropped')),
  era integer NOT NULL,
  from_transaction xid8 NOT NULL,
  to_transaction xid8 NOT NULL,
  month text NOT NULL,
  event_count bigint NOT NULL,
  rows_hash bytea NOT NULL,
  previous_hash bytea NOT NULL,
  sealed_at timestamptz NOT NULL,
  key_id text NOT NULL,
  hash bytea NOT NULL
);
COMMENT ON TABLE audit_seals IS 'A chain of HMACs. Each seal covers the events of one month whose transactions are in its range.';
CREATE TRIGGER audit_seals_only_grow BEFORE UPDATE OR DELETE ON audit_seals
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_seals_keep BEFORE TRUNCATE ON audit_seals
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE TABLE audit_chain (
  id integer PRIMARY KEY CHECK (id = 1),
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  key_id text NOT NULL,
  mac bytea NOT NULL
);
COMMENT ON TABLE audit_chain IS 'The head of the chain: who seals holds this row, and seals missing at the end show.';
INSERT INTO audit_chain (id, seq, hash, key_id, mac) VALUES (1, 0, '', '', '');
`;

const WEBHOOKS = `
CREATE TABLE webhook_deliveries (
  event_id uuid NOT NULL,
  endpoint text NOT NULL,
  tenant_id uuid,
  event text NOT NULL,
  body text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  give_up_at timestamptz NOT NULL,
  finished_at timestamptz,
  last_status integer,
  last_error text,
  PRIMARY KEY (event_id, endpoint)
);
COMMENT ON COLUMN webhook_deliveries.endpoint IS 'Digest of the receiver as configured: no address and no secret is kept.';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE state <> 'pending';
`;

const DOWN = `
DROP TABLE webhook_deliveries;
DROP TABLE audit_chain;
DROP TABLE audit_seals;
DROP TABLE audit_eras;
DROP TABLE audit_events;
DROP FUNCTION audit_drop_partition(text);
DROP FUNCTION audit_make_partition(text);
DROP FUNCTION audit_month_end(text);
DROP FUNCTION audit_month_start(text);
DROP FUNCTION audit_refuse_change();
`;

export class CreateAudit1795500030000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const part of [EVENTS, PARTITIONS, CHAIN, WEBHOOKS]) await queryRunner.query(part);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
