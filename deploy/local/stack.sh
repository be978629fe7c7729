#!/usr/bin/env bash
# The whole pipeline on this machine: Kafka, PostgreSQL, provider sandbox and the five workers.
#
#   stack.sh up DIR [PROGRAM:NAME=VALUE]...   starts what is not running, waits until all is ready
#   stack.sh components DIR [...]             the same without the workers
#   stack.sh start DIR NAME...      starts workers; NAME is a worker, or WORKER.2 for one more of it
#   stack.sh stop DIR NAME...       stops them in an orderly way
#   stack.sh ready DIR NAME...      waits until they are ready
#   stack.sh pid DIR NAME           prints the process of a worker or of `sandbox`
#   stack.sh health DIR NAME        prints its address of /metrics, /livez and /readyz
#   stack.sh env DIR [PROGRAM]      prints a program's environment (default: redressctl) for `eval`
#   stack.sh ctl DIR ARGUMENTS...   redressctl with that environment
#   stack.sh status DIR             says what runs
#   stack.sh down DIR               stops everything; the data stays for the next `up`
#   stack.sh destroy DIR            stops everything and removes DIR
#
# PROGRAM:NAME=VALUE adds a setting: intake:REDRESS_PARK_DEADLINE=10s; `workers:` is all five.
# In DIR: kafka/, postgres/, secrets/ (passwords and keys), env/ (one file for each program), run/
# (NAME.pid, NAME.port, NAME.log), sandbox.effects.jsonl (what the provider did). A worker that
# fails is started again, so tests may kill it.
# STACK_BIN is the folder of the programs (default: build/release/bin), STACK_PARTITIONS the number of
# partitions of the topics keyed by order, when they are made (default: 6).
set -euo pipefail

readonly WORKERS=(intake policy routing settlement analytics)
readonly READY_DEADLINE_S=60
readonly STOP_DEADLINE_S=15

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/local/instance.sh
source "$here/instance.sh"
bin=$(realpath -m "${STACK_BIN:-$here/../../build/release/bin}")

usage() { sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2; }

program_of() { echo "${1%%.*}"; }

require_programs()
{
    local name
    for name in redressctl sandbox "${WORKERS[@]}"; do
        [ -x "$bin/$name" ] || die "there is no $bin/$name; run make first"
    done
}

start_components()
{
    "$here/kafka.sh" start "$dir/kafka" &
    "$here/postgres.sh" start "$dir/postgres"
    wait $! || die "Kafka did not start"
    PGHOST=$("$here/postgres.sh" socket "$dir/postgres") PGPORT=$(cat "$dir/postgres/port") \
        PGUSER=postgres PGPASSWORD=$(cat "$dir/postgres/superuser.password") \
        "$here/../postgres/databases.sh" "$dir/secrets"
}

common_environment()
{
    printf '%s\n' \
        "REDRESS_KAFKA_BROKERS=$("$here/kafka.sh" address "$dir/kafka")" \
        "REDRESS_DATABASE_HOST=$("$here/postgres.sh" socket "$dir/postgres")" \
        "REDRESS_DATABASE_PORT=$(cat "$dir/postgres/port")" \
        "REDRESS_DATABASE_PASSWORD_FILE=$dir/secrets/$1.password"
}

# settings PROGRAM [PROGRAM:NAME=VALUE]...: those that are meant for it.
settings()
{
    local program=$1 given
    shift
    for given in "$@"; do
        case $given in
            "$program":*=*) echo "${given#*:}" ;;
            workers:*=*) if [[ " ${WORKERS[*]} " = *" $program "* ]]; then echo "${given#*:}"; fi ;;
            *:*=*) ;;
            *) die "not PROGRAM:NAME=VALUE: $given" ;;
        esac
    done
}

# Beside what all workers have.
own_environment()
{
    local keys="REDRESS_APPROVAL_KEYS_FILE=$dir/secrets/approval.keys"
    local rules="REDRESS_RULES_KEYS_FILE=$dir/secrets/rules.keys"
    [ "$1" = redressctl ] || echo "REDRESS_STAGE_KEYS_FILE=$dir/secrets/stage.keys"
    local goods="REDRESS_GOODS_KEYS_FILE=$dir/secrets/goods.keys"
    case $1 in
        intake) echo "$goods" ;;
        policy) echo "$rules" ;;
        routing) printf '%s\n' "$keys" "$rules" ;;
        settlement)
            printf '%s\n' "$keys" "$rules" "$goods" \
                "REDRESS_STRIPE_URL=http://127.0.0.1:$(cat "$dir/sandbox.port")" \
                "REDRESS_STRIPE_KEY_FILE=$dir/secrets/stripe.key"
            ;;
        redressctl)
            printf '%s\n' "REDRESS_OWNER_PASSWORD_FILE=$dir/secrets/owner.password" \
                "REDRESS_CONSOLE_KEY_FILE=$dir/secrets/console.key"
            ;;
    esac
}

sandbox_environment()
{
    printf '%s\n' "SANDBOX_ADDRESS=127.0.0.1:$(cat "$dir/sandbox.port")" \
        "SANDBOX_KEY_FILE=$dir/secrets/stripe.key" "SANDBOX_LOG=$dir/sandbox.effects.jsonl"
}

write_environments()
{
    local name
    mkdir -p "$dir/env" "$dir/run"
    [ -e "$dir/sandbox.port" ] || free_port >"$dir/sandbox.port"
    { sandbox_environment; settings sandbox "$@"; } >"$dir/env/sandbox"
    for name in "${WORKERS[@]}" redressctl; do
        { common_environment "$name"; own_environment "$name"; settings "$name" "$@"; } \
            >"$dir/env/$name"
    done
}

ctl()
{
    local -a environment
    mapfile -t environment <"$dir/env/redressctl"
    env "${environment[@]}" "$bin/redressctl" "$@"
}

# Several instances of a worker share its settings but for the health port.
start_program()
{
    local name=$1 program run=$dir/run
    program=$(program_of "$name")
    [ -e "$dir/env/$program" ] || die "unknown program $program"
    if running "$run/$name.supervisor.pid" "$run $name "; then return; fi
    rm -f "$run/$name.supervisor.pid" "$run/$name.port"
    cp "$dir/env/$program" "$run/$name.env"
    if [ "$program" != sandbox ]; then
        echo "REDRESS_HEALTH_PORT_FILE=$run/$name.port" >>"$run/$name.env"
    fi
    start_detached "$run/$name.supervisor.pid" "$run/$name.log" \
        "$here/supervise.sh" "$run" "$name" "$run/$name.env" "$bin/$program"
}

stop_program()
{
    stop_process "$dir/run/$1.supervisor.pid" "$dir/run $1 " "$STOP_DEADLINE_S"
}

health() { echo "127.0.0.1:$(cat "$dir/run/$1.port")"; }

is_ready()
{
    if stopped "$dir/run/$1.supervisor.pid" "$dir/run $1 "; then return 0; fi
    [ -s "$dir/run/$1.port" ] && curl -fs -o /dev/null --max-time 2 "http://$(health "$1")/readyz"
}

wait_ready()
{
    local name
    for name in "$@"; do
        if ! wait_until "$READY_DEADLINE_S" is_ready "$name" ||
            stopped "$dir/run/$name.supervisor.pid" "$dir/run $name "; then
            tail -n 20 "$dir/run/$name.log" >&2
            die "$name is not ready; its log is $dir/run/$name.log"
        fi
    done
}

sandbox_listens() { listening "$(cat "$dir/sandbox.port")"; }

components()
{
    require_programs
    "$here/../secrets.sh" "$dir/secrets"
    start_components
    write_environments "$@"
    ctl topics create --partitions "${STACK_PARTITIONS:-6}" >"$dir/run/topics.log" 2>&1 ||
        { cat "$dir/run/topics.log" >&2; die "redressctl topics create failed"; }
    ctl migrate >"$dir/run/migrate.log" 2>&1 ||
        { cat "$dir/run/migrate.log" >&2; die "redressctl migrate failed"; }
    "$here/../rules.sh" "$dir/secrets" "$here/stack.sh" ctl "$dir" >"$dir/run/rules.log" 2>&1 ||
        { cat "$dir/run/rules.log" >&2; die "publishing the rules failed"; }
    start_program sandbox
    wait_until "$READY_DEADLINE_S" sandbox_listens ||
        { tail -n 20 "$dir/run/sandbox.log" >&2; die "the sandbox does not listen"; }
}

up()
{
    local name
    components "$@"
    for name in "${WORKERS[@]}"; do start_program "$name"; done
    wait_ready "${WORKERS[@]}"
}

# Every supervised program, the sandbox last.
supervised()
{
    local file name
    for file in "$dir"/run/*.supervisor.pid; do
        name=$(basename "$file" .supervisor.pid)
        if [ -e "$file" ] && [ "$name" != sandbox ]; then echo "$name"; fi
    done
    if [ -e "$dir/run/sandbox.supervisor.pid" ]; then echo sandbox; fi
}

# A program whose supervisor was killed goes with it, as they share a process group.
down()
{
    local name
    for name in $(supervised); do stop_program "$name" & done
    wait
    "$here/kafka.sh" stop "$dir/kafka" &
    "$here/postgres.sh" stop "$dir/postgres"
    wait
}

destroy()
{
    down
    "$here/postgres.sh" destroy "$dir/postgres"
    rm -rf "$dir"
}

status()
{
    local name
    "$here/kafka.sh" status "$dir/kafka" && echo "kafka $("$here/kafka.sh" address "$dir/kafka")"
    "$here/postgres.sh" status "$dir/postgres" &&
        echo "postgres 127.0.0.1:$(cat "$dir/postgres/port")"
    for name in $(supervised); do
        echo "$name pid $(cat "$dir/run/$name.pid" 2>/dev/null || echo none)"
    done
}

print_environment()
{
    sed -e "s/'/'\\\\''/g" -e "s/=\(.*\)/='\1'/" -e 's/^/export /' "$dir/env/$1"
}

[ $# -ge 2 ] || usage
command=$1
dir=$(realpath -m "$2")
shift 2
case $command in
    up) up "$@" ;;
    components) components "$@" ;;
    start) for name in "$@"; do start_program "$name"; done ;;
    stop) for name in "$@"; do stop_program "$name"; done ;;
    ready) wait_ready "$@" ;;
    pid) cat "$dir/run/${1:?}.pid" ;;
    health) health "${1:?}" ;;
    env) print_environment "${1:-redressctl}" ;;
    ctl) ctl "$@" ;;
    status) status ;;
    down) down ;;
    destroy) destroy ;;
    *) usage ;;
esac
