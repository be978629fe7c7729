-- migrate:up

CREATE TABLE tally (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    requests    bigint NOT NULL,
    rings       bigint NOT NULL,
    version     bigint NOT NULL,
    granted     bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_id)
);

CREATE TABLE purse (
    purse integer PRIMARY KEY,
    used  bigint NOT NULL,
    most  bigint NOT NULL
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON tally, purse TO %I',
                   regexp_replace(current_user, '_owner$', ''));
END $$;
