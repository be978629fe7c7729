-- What each peer keeps: the same as the worker loop (common/worker/migrations) with one input and no
-- deadlines, in one row per shard.

CREATE TABLE shard (
    shard         integer PRIMARY KEY,
    epoch         bigint NOT NULL,
    batch_seq     bigint NOT NULL,
    published_seq bigint NOT NULL,
    next_offset   bigint NOT NULL
) WITH (fillfactor = 50);

-- The last four batches of a shard; those above published_seq are published again by the next owner.
CREATE TABLE output (
    shard     integer NOT NULL,
    slot      smallint NOT NULL,
    batch_seq bigint NOT NULL,
    records   bytea NOT NULL,
    PRIMARY KEY (shard, slot)
) WITH (fillfactor = 50);
ALTER TABLE output ALTER COLUMN records SET STORAGE EXTERNAL;

CREATE TABLE tally (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    requests    bigint NOT NULL,
    version     bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_id)
);

-- Aborts the transaction of a batch whose shards are not all as their owner believes them to be.
CREATE FUNCTION require(moved bigint, wanted bigint) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF moved <> wanted THEN
        RAISE EXCEPTION 'owned % of % shards', moved, wanted;
    END IF;
    RETURN true;
END $$;

INSERT INTO shard SELECT n, 0, 0, 0, 0 FROM generate_series(0, 5) AS n;
GRANT SELECT, INSERT, UPDATE ON shard, output, tally TO peer;
