#!/usr/bin/env bash
# PostgreSQL for local work: a private cluster, never the machine's own.
#
#   postgres.sh start DIR     makes the cluster if needed, starts it, waits until it serves
#   postgres.sh stop DIR      stops it; its data stays
#   postgres.sh restart DIR   same port, same data
#   postgres.sh kill DIR      SIGKILL, for tests
#   postgres.sh status DIR    exit code 0: it runs
#   postgres.sh data DIR      prints the data directory (for tests that copy or restore it)
#   postgres.sh socket DIR    prints the socket's directory, which is libpq's host
#   postgres.sh url DIR DB    prints the superuser's connection string
#   postgres.sh psql DIR DB ARGUMENTS    psql as the superuser
#   postgres.sh destroy DIR   stops it and removes DIR
#
# In DIR: port, superuser.password, and home, the name of the folder with data/, socket/ and log.
# That is DIR/cluster; a folder in /var/tmp where DIR's name is too long for a socket, or where root
# runs this, as PostgreSQL then runs as user postgres, who cannot enter every place.
# STACK_POSTGRES_BIN names the folder of initdb and pg_ctl (default: the newest installed).
set -euo pipefail

readonly START_DEADLINE_S=120
readonly STOP_DEADLINE_S=60
readonly SUPERUSER=postgres
readonly SOCKET_DIR_MAX=80 # bytes; a socket's whole name has at most 107

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/local/instance.sh
source "$here/instance.sh"

usage() { sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2; }

find_binaries()
{
    local newest
    newest=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -t / -k 5 -n | tail -n 1) || true
    bin=${STACK_POSTGRES_BIN:-${newest%/initdb}}
    [ -x "$bin/initdb" ] || die "no PostgreSQL server programs found; run deploy/setup.sh"
}

# PostgreSQL refuses to run as root.
as_owner()
{
    if [ "$(id -u)" -ne 0 ]; then
        (cd / && "$@")
    else
        (cd / && setpriv --reuid postgres --regid postgres --clear-groups -- "$@")
    fi
}

make_home()
{
    if [ "$(id -u)" -eq 0 ]; then
        home=$(mktemp -d /var/tmp/redress-postgres.XXXXXX)
        chown postgres:postgres "$home"
    elif [ "${#dir}" -gt "$SOCKET_DIR_MAX" ]; then
        home=$(mktemp -d /var/tmp/redress-postgres.XXXXXX)
    else
        home=$dir/cluster
        mkdir -p "$home"
    fi
    chmod 711 "$home"
    printf '%s\n' "$home" >"$dir/home"
}

write_configuration()
{
    sed -e "s|@PORT@|$(cat "$dir/port")|g" -e "s|@SOCKET@|$home/socket|g" \
        "$here/postgresql.conf" | as_owner tee "$home/data/postgresql.conf" >/dev/null
    printf '%s\n' 'local all all scram-sha-256' 'host all all 127.0.0.1/32 scram-sha-256' |
        as_owner tee "$home/data/pg_hba.conf" >/dev/null
}

create()
{
    [ -n "$home" ] || make_home
    (umask 077 && head -c 24 /dev/urandom | basenc --base64url >"$dir/superuser.password")
    free_port >"$dir/port"
    as_owner mkdir -p "$home/socket"
    as_owner install -m 600 /dev/null "$home/password"
    as_owner tee "$home/password" >/dev/null <"$dir/superuser.password"
    as_owner "$bin/initdb" --pgdata="$home/data" --username="$SUPERUSER" --auth=scram-sha-256 \
        --pwfile="$home/password" --encoding=UTF8 --locale=C --no-sync --data-checksums \
        >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
    as_owner rm "$home/password"
    write_configuration
}

is_running()
{
    [ -n "$home" ] && as_owner "$bin/pg_ctl" --pgdata="$home/data" status >/dev/null 2>&1
}

# After a kill, the processes of the former life may take a moment to notice.
start_once()
{
    as_owner "$bin/pg_ctl" --pgdata="$home/data" --log="$home/log" --silent --wait \
        --timeout="$START_DEADLINE_S" start >/dev/null 2>&1 </dev/null
}

start()
{
    if [ -z "$home" ] || [ ! -e "$home/data/pg_hba.conf" ]; then create; fi
    if is_running; then return; fi
    if ! wait_until 10 start_once; then
        as_owner tail -n 20 "$home/log" >&2 || true
        die "the cluster did not start; its log is $home/log"
    fi
}

stop()
{
    is_running || return 0
    as_owner "$bin/pg_ctl" --pgdata="$home/data" --silent --wait --timeout="$STOP_DEADLINE_S" \
        --mode=fast stop ||
        as_owner "$bin/pg_ctl" --pgdata="$home/data" --silent --wait --mode=immediate stop
}

kill_now()
{
    local pid
    pid=$(as_owner sed -n 1p "$home/data/postmaster.pid")
    kill -KILL "$pid"
    wait_until 5 test ! -e "/proc/$pid"
}

destroy()
{
    stop
    case $home in
        "$dir/cluster" | /var/tmp/redress-postgres.*) rm -rf "$home" ;;
    esac
    rm -rf "$dir"
}

url()
{
    echo "postgresql://$SUPERUSER:$(cat "$dir/superuser.password")@127.0.0.1:$(cat "$dir/port")/$1"
}

run_psql()
{
    local database=$1
    shift
    PGPASSWORD=$(cat "$dir/superuser.password") psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 \
        -p "$(cat "$dir/port")" -U "$SUPERUSER" -d "$database" "$@"
}

[ $# -ge 2 ] || usage
command=$1
dir=$(realpath -m "$2")
shift 2
home=$(cat "$dir/home" 2>/dev/null) || home=
find_binaries
case $command in
    start) mkdir -p "$dir"; start ;;
    stop) stop ;;
    restart) stop; start ;;
    kill) kill_now ;;
    status) is_running ;;
    data) echo "$home/data" ;;
    socket) echo "$home/socket" ;;
    url) url "${1:-postgres}" ;;
    psql) [ $# -ge 1 ] || usage; run_psql "$@" ;;
    destroy) destroy ;;
    *) usage ;;
esac
