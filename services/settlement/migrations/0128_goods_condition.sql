-- migrate:up

-- Why units of a line were not accepted: the worst condition that somebody saw them in.

ALTER TABLE goods_line ADD COLUMN refused_condition integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN goods_line.refused_condition IS 'Number in redress.v1.GoodsCondition; 0: not said';

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT UPDATE (refused_condition) ON goods_line TO %I', worker);
END $$;
