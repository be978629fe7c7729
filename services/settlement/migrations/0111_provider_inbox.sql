-- migrate:up

-- What providers say of payments, before it is known of which order they are.

CREATE INDEX payment_reference ON payment (provider_reference COLLATE "C")
    WHERE provider_reference <> '';

CREATE TABLE inbox_progress (
    partition   integer PRIMARY KEY,
    next_offset bigint NOT NULL
);
COMMENT ON TABLE inbox_progress IS 'How far refunds.provider-inbox.v1 was read';

CREATE TABLE provider_notice (
    event_id        text PRIMARY KEY,
    provider        integer NOT NULL,
    reference       text NOT NULL,
    other_reference text NOT NULL,
    beginning       boolean NOT NULL,
    verified        boolean NOT NULL,
    event           bytea NOT NULL,
    received_at     timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    check_at        timestamptz NOT NULL,
    expired         boolean NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE provider_notice IS 'Said of payments whose capture was not reported yet';
COMMENT ON COLUMN provider_notice.beginning IS 'The references are only the beginnings of one';
COMMENT ON COLUMN provider_notice.event IS 'redress.v1.ProviderEvent without its order';
COMMENT ON COLUMN provider_notice.expired IS 'It waited too long: a dead letter was written';
CREATE INDEX provider_notice_check ON provider_notice (check_at);

CREATE VIEW view.provider_notice AS
    SELECT event_id, view.provider_name(provider) AS provider, reference, other_reference,
           verified, received_at, expires_at AS waits_until,
           CASE WHEN expired THEN 'EXPIRED' ELSE 'WAITING' END AS status
    FROM provider_notice;

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON inbox_progress TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON provider_notice TO %I', worker);
END $$;
GRANT SELECT ON view.provider_notice TO redressctl;
