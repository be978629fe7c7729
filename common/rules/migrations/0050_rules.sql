-- migrate:up

-- What a worker knows of refunds.rules.v1: how far it was read, the verdict on each rule set, and
-- the stops that hold. Instances share it: moving rules_progress lets one of them write.

CREATE TABLE rules_progress (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    kinds       text NOT NULL,
    next_offset bigint NOT NULL,
    last_time   bigint NOT NULL,
    last_hash   bigint NOT NULL,
    revision    bigint NOT NULL
);
INSERT INTO rules_progress VALUES (true, '', -1, -1, 0, 0);
COMMENT ON COLUMN rules_progress.kinds IS 'What was looked for; other kinds mean reading again from the beginning';
COMMENT ON COLUMN rules_progress.next_offset IS 'First offset that was not looked at; -1: the beginning of the log';
COMMENT ON COLUMN rules_progress.last_time IS 'Kafka timestamp of the record at next_offset - 1, in ms; -1: unknown';
COMMENT ON COLUMN rules_progress.last_hash IS 'First 8 bytes of SHA-256 of its key and value';
COMMENT ON COLUMN rules_progress.revision IS 'Raised by each accepted rule set';

CREATE TABLE rule_set (
    log_offset     bigint PRIMARY KEY,
    id             text NOT NULL,
    version        bigint NOT NULL,
    kind           text NOT NULL,
    merchant_id    text NOT NULL,
    judged_by      integer NOT NULL,
    published_at   timestamptz,
    valid_from     timestamptz,
    author         text NOT NULL,
    signers        text NOT NULL,
    correction     text NOT NULL,
    sha256         text NOT NULL,
    content_sha256 text NOT NULL,
    reason         text,
    revision       bigint UNIQUE,
    body           bytea,
    checked_at     timestamptz NOT NULL,
    verdict        bytea NOT NULL,
    told           boolean NOT NULL DEFAULT false,
    CHECK ((reason IS NULL) = (revision IS NOT NULL AND body IS NOT NULL))
);
CREATE UNIQUE INDEX rule_set_version ON rule_set (id, version) WHERE revision IS NOT NULL;
CREATE INDEX rule_set_untold ON rule_set (checked_at) WHERE NOT told;
ALTER TABLE rule_set ALTER COLUMN body SET STORAGE EXTERNAL;
COMMENT ON TABLE rule_set IS 'One row per rule set of the kinds of this worker, accepted (with a revision) or refused (with a reason)';
COMMENT ON COLUMN rule_set.sha256 IS 'Of the event as it came';
COMMENT ON COLUMN rule_set.content_sha256 IS 'What decisions name: of a model its own, else that of the event';
COMMENT ON COLUMN rule_set.verdict IS 'The record for refunds.control.v1; published again, byte for byte, until it is told';

CREATE TABLE rule_stop (
    id             text PRIMARY KEY,
    version        bigint NOT NULL,
    stopped        boolean NOT NULL,
    merchant_id    text NOT NULL,
    provider       integer NOT NULL,
    customer_token text NOT NULL,
    refund_id      text NOT NULL,
    reason         text NOT NULL,
    author         text NOT NULL,
    since          timestamptz NOT NULL,
    revision       bigint NOT NULL
);
CREATE INDEX rule_stop_revision ON rule_stop (revision);
COMMENT ON TABLE rule_stop IS 'The latest version of each stop; what is empty or 0 is not looked at';

CREATE VIEW view.rule_set AS
    SELECT log_offset, id, version, kind, merchant_id,
           CASE judged_by WHEN 1 THEN 'purchase' WHEN 0 THEN 'request' END AS judged_by,
           published_at, valid_from, author, signers, correction, sha256, content_sha256,
           revision IS NOT NULL AS accepted, reason, revision, checked_at, told
      FROM rule_set;
CREATE VIEW view.rule_stop AS
    SELECT id, version, stopped, merchant_id, provider, customer_token <> '' AS by_customer,
           refund_id, reason, author, since, revision
      FROM rule_stop;

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, UPDATE ON rules_progress TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON rule_set, rule_stop TO %I', worker);
END $$;
GRANT SELECT ON view.rule_set, view.rule_stop TO redressctl;
