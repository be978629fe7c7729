-- migrate:up

CREATE TABLE tally (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    requests    bigint NOT NULL,
    rings       bigint NOT NULL,
    version     bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_id)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON tally TO %I',
                   regexp_replace(current_user, '_owner$', ''));
END $$;
