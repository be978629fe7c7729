-- migrate:up

-- A payment of Stripe's has two names, that of its intent and that of its charge, and may be captured
-- under one and refunded under the other. Learned from what the provider vouches for.

CREATE TABLE payment_name (
    provider integer NOT NULL,
    account  text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    other    text COLLATE "C" NOT NULL,
    PRIMARY KEY (name, other, account, provider)
);
COMMENT ON TABLE payment_name IS 'Names at the provider of one and the same payment, each pair both ways';
COMMENT ON COLUMN payment_name.account IS 'At the provider, that says so, of its own payments';

-- Whose word it is that waits for a payment: an account vouches for its own payments only.
ALTER TABLE provider_notice ADD COLUMN account text NOT NULL DEFAULT '';
COMMENT ON COLUMN provider_notice.account IS 'At the provider, that says it; empty: not said';

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON payment_name TO %I', worker);
END $$;
