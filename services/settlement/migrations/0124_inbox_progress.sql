-- migrate:up

-- What has been read of the webhooks is progress like any other: `redressctl status` counts what is not.

CREATE OR REPLACE VIEW view.progress AS
    SELECT shard, topic, next_offset FROM progress
    UNION ALL
    SELECT partition, 'refunds.provider-inbox.v1', next_offset FROM inbox_progress;
