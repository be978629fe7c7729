-- migrate:up

-- What a fresh approval pays again must have come to nothing: the provider is asked once more first.

ALTER TABLE payout ADD COLUMN confirmed_at timestamptz;
COMMENT ON COLUMN payout.confirmed_at IS 'When the look-up was asked for that last found that it came to nothing';

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT UPDATE (confirmed_at) ON payout TO %I', worker);
END $$;
