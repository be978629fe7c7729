-- migrate:up

-- Who appeals for the customer does not decide the appeal, so their name travels with it.

ALTER TABLE follow_up
    ADD COLUMN actor_id text NOT NULL DEFAULT '',
    ADD COLUMN actor_role integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN follow_up.actor_id IS 'Who said it on behalf of the customer; empty if nobody is named';
