#!/bin/bash
# As the official image does it, for POSTGRES_PASSWORD[_FILE], POSTGRES_INITDB_ARGS and
# /docker-entrypoint-initdb.d/*.sh.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=${POSTGRES_PASSWORD:-$(cat "$POSTGRES_PASSWORD_FILE")}
    # shellcheck disable=SC2086
    initdb --username=postgres --pwfile=<(printf '%s\n' "$password") ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        if [ -e "$script" ]; then PGPASSWORD=$password bash "$script"; fi
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*'
