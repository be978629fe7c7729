#!/usr/bin/env bash
# Makes, or brings up to date, the databases and roles of Redress on a PostgreSQL server.
#
#   databases.sh [SECRETS_DIR]    default: /run/secrets
#
# Connects with psql as the PG* environment variables say, as a superuser. Each worker has a
# database of its name; `<worker>_owner` owns it and runs the migrations, `<worker>` is the worker
# itself, `redressctl` may look at views in each. Nobody has rights on another worker's database.
# What a role may do inside a database, the migrations say.
#
# SECRETS_DIR holds the passwords: <worker>.password, redressctl.password, and owner.password, which
# the owner roles share, as one person or job holds them all. Tables come with `redressctl migrate`.
set -euo pipefail

readonly WORKERS=(intake policy routing settlement analytics)

secrets=${1:-/run/secrets}

run_sql()
{
    psql -X -q -v ON_ERROR_STOP=1 -d postgres "$@" >/dev/null
}

# A psql script reads each password from its file, so that none shows in a process list.
role()
{
    PASSWORD_FILE=$2 run_sql -v role="$1" <<'SQL'
SELECT format('CREATE ROLE %I', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
\set password `cat "$PASSWORD_FILE"`
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
SQL
}

database()
{
    run_sql -v worker="$1" -v owner="$1_owner" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I', :'worker', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'worker') \gexec
REVOKE ALL ON DATABASE :"worker" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"worker" TO :"worker", redressctl;
SQL
}

# What PostgreSQL lets everybody do: take an advisory lock, by which a role that may only look could keep
# a worker or a migration waiting; make large objects, and write to the log of transactions.
function_rights()
{
    run_sql -d "$1" -v worker="$1" -v owner="$1_owner" <<'SQL'
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
  AND (proname ~ '^pg_.*advisory.*lock' OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea',
                                                       'pg_logical_emit_message')) \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', oid::regprocedure, :'worker', :'owner')
FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_.*advisory.*lock' \gexec
SQL
}

# The workers' plans are the same whatever the statistics say (common/database.c), so a small sample does:
# while tables grow from nothing, analyzing them with the usual one took a fifth of the server's CPU.
statistics()
{
    run_sql -v worker="$1" <<'SQL'
ALTER DATABASE :"worker" SET default_statistics_target = 10;
SQL
}

role redressctl "$secrets/redressctl.password"
for worker in "${WORKERS[@]}"; do
    role "${worker}_owner" "$secrets/owner.password"
    role "$worker" "$secrets/$worker.password"
    database "$worker"
    function_rights "$worker"
    statistics "$worker"
done
run_sql -c 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
