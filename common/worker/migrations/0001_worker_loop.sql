-- migrate:up

-- What the worker loop keeps: who owns a shard, how far it has read, what it has saved and not yet
-- published, and what is due when. The login role of the worker has the name of the owner role
-- without "_owner"; redressctl reads the views.

CREATE TABLE cluster (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    kafka_id   text NOT NULL,
    shards     integer NOT NULL CHECK (shards > 0),
    topics     text NOT NULL
);
COMMENT ON TABLE cluster IS 'The Kafka cluster, shard count and input topics that the offsets below belong to';

CREATE TABLE shard (
    shard         integer PRIMARY KEY,
    epoch         bigint NOT NULL,
    batch_seq     bigint NOT NULL,
    published_seq bigint NOT NULL,
    next_key      bigint NOT NULL,
    clock_at      timestamptz NOT NULL,
    owner         text,
    owner_backend integer,
    owner_since   timestamptz,
    blocked       text
) WITH (fillfactor = 50);
COMMENT ON COLUMN shard.epoch IS 'Raised by each claim; every save compares it';
COMMENT ON COLUMN shard.batch_seq IS 'Last batch saved';
COMMENT ON COLUMN shard.published_seq IS 'Every batch up to this one is acknowledged by Kafka';
COMMENT ON COLUMN shard.blocked IS 'Why the shard waits for an operator; NULL if it does not';

CREATE TABLE progress (
    shard       integer NOT NULL REFERENCES shard,
    topic       text NOT NULL,
    next_offset bigint NOT NULL,
    last_time   bigint NOT NULL,
    last_hash   bigint NOT NULL,
    PRIMARY KEY (shard, topic)
) WITH (fillfactor = 50);
COMMENT ON COLUMN progress.last_time IS 'Kafka timestamp of the record at next_offset - 1, in ms';
COMMENT ON COLUMN progress.last_hash IS 'First 8 bytes of SHA-256 of its key and value';

-- A ring: batch_seq mod 4 gives the slot. A slot above published_seq is published again by the
-- next owner, byte for byte.
CREATE TABLE output (
    shard     integer NOT NULL REFERENCES shard,
    slot      smallint NOT NULL,
    batch_seq bigint NOT NULL,
    records   bytea NOT NULL,
    PRIMARY KEY (shard, slot)
) WITH (fillfactor = 50);
ALTER TABLE output ALTER COLUMN records SET STORAGE EXTERNAL;

CREATE TABLE deadline (
    shard       integer NOT NULL,
    due_at      timestamptz NOT NULL,
    kind        integer NOT NULL,
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    subject     text NOT NULL,
    PRIMARY KEY (merchant_id, order_id, subject, kind)
);
CREATE INDEX deadline_due ON deadline (shard, due_at);

-- Aborts the transaction when a save does not find every progress row as it believes it to be.
CREATE FUNCTION redress_require(moved bigint, wanted bigint) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF moved <> wanted THEN
        RAISE EXCEPTION 'owned % of % shards', moved, wanted USING ERRCODE = 'RD001';
    END IF;
    RETURN true;
END $$;

CREATE SCHEMA view;
CREATE VIEW view.shard AS
    SELECT shard, epoch, batch_seq, published_seq, clock_at, owner, owner_since, blocked FROM shard;
CREATE VIEW view.progress AS
    SELECT shard, topic, next_offset FROM progress;
CREATE VIEW view.deadline AS
    SELECT shard, kind, merchant_id, order_id, subject, due_at FROM deadline;

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON cluster TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON shard, progress, output TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON deadline TO %I', worker);
    EXECUTE format('GRANT SELECT ON schema_migrations TO %I', worker);
END $$;
GRANT USAGE ON SCHEMA view TO redressctl;
GRANT SELECT ON ALL TABLES IN SCHEMA view TO redressctl;
