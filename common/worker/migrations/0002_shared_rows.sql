-- migrate:up

-- Aborts the transaction when a conditional change of rows that several shards share did not find
-- all of them as it needs them: the batch is then loaded and decided again.
CREATE FUNCTION redress_require_room(taken bigint, wanted bigint) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF taken <> wanted THEN
        RAISE EXCEPTION 'room for % of % shared rows', taken, wanted USING ERRCODE = 'RD002';
    END IF;
    RETURN true;
END $$;
