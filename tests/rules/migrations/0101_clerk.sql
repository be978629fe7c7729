-- migrate:up

-- What each request was decided by (clerk.c).
CREATE TABLE note (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    request_id  text PRIMARY KEY,
    revision    bigint NOT NULL,
    model_id    text,
    version     bigint NOT NULL,
    limits      bigint NOT NULL,
    stopped     boolean NOT NULL
);
CREATE VIEW view.note AS SELECT * FROM note;
GRANT SELECT, INSERT ON note TO policy;
GRANT SELECT ON view.note TO redressctl;
