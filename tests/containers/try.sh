#!/usr/bin/env bash
# Brings docker-compose.yml up, sends a made shop through it, checks what came out and how the
# containers are confined, and takes everything down again.
#
#   try.sh [DIR]         stand-in images on a Docker engine of its own; DIR keeps both for the next
#                        time (default: /var/tmp/redress-containers)
#   try.sh --official    the engine at hand, and the images that docker-compose.yml names
#
# COMPOSE names the compose program (default: `docker compose`, else `docker-compose`). Needs root
# on the machine of the engine, as it kills a worker from outside. Ends with "N passed, N failed";
# exit code 77 if no engine can be had.
set -euo pipefail

readonly SKIPPED=77
readonly UP_DEADLINE_S=300
readonly FLOW_DEADLINE_S=300
readonly ORDERS_FIRST=300
readonly ORDERS_SECOND=900
readonly WORKERS=(intake policy routing settlement analytics)
readonly APPROVERS=(--as mia --as tom --as lea --reviewer rita --reviewer rob --controller fay)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
project=redress-try
passed=0 failed=0

# shellcheck source=deploy/local/instance.sh
source "$root/deploy/local/instance.sh"
# shellcheck source=tests/containers/checks.sh
source "$here/checks.sh"

skip() { printf 'skipped: %s\n' "$*"; exit "$SKIPPED"; }

compose()
{
    KAFKA_PORT=$kafka_port "${tool[@]}" -p "$project" \
        -f docker-compose.yml -f tests/containers/settings.yml "$@"
}

ctl() { compose run --rm -T redressctl "$@" 2>"$work/ctl.errors"; }

containers() { compose ps -q "$1"; }

# check NAME COMMAND...: counts, and shows what a check that fails has to say.
check()
{
    local name=$1
    shift
    if "$@" >"$work/check" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$name"
        tail -n 20 "$work/check" | sed 's/^/        /'
        tail -n 5 "$work/ctl.errors" 2>/dev/null | sed 's/^/        ctl: /'
    fi
}

# Without it nothing that follows makes sense.
require()
{
    check "$@"
    if [ "$failed" -gt 0 ]; then
        compose logs --tail 15
        exit 1
    fi
}

finish()
{
    local code=$?
    trap - EXIT
    compose down -v --remove-orphans >/dev/null 2>&1 || true
    if [ -n "$dir" ]; then "$here/engine.sh" stop "$dir" || true; fi
    rm -rf "$work"
    if [ "$code" -ne "$SKIPPED" ]; then
        printf '%s passed, %s failed\n' "$passed" "$failed" >&3
        if [ "$failed" -gt 0 ]; then code=1; fi
    fi
    exit "$code"
}

own_engine()
{
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    command -v dockerd >/dev/null || skip "there is no dockerd (apt-get install docker.io)"
    command -v debootstrap >/dev/null || skip "there is no debootstrap"
    "$here/engine.sh" start "$dir" || skip "no Docker engine starts here"
    eval "$("$here/engine.sh" env "$dir")"
}

choose_compose()
{
    if [ -n "${COMPOSE:-}" ]; then
        read -ra tool <<<"$COMPOSE"
    elif docker compose version >/dev/null 2>&1; then
        tool=(docker compose)
    else
        tool=(docker-compose)
    fi
    "${tool[@]}" version >/dev/null 2>&1 || skip "there is no ${tool[*]}"
    "${tool[@]}" version | sed -n 1p
}

build()
{
    if [ -n "$dir" ]; then "$here/images.sh"; fi
    deploy/secrets.sh deploy/secrets
    compose build
}

# The first orders, decided and paid.
try_pipeline()
{
    require "the image builds" build
    require "everything starts" compose up -d
    for worker in "${WORKERS[@]}" sandbox; do
        require "$worker is healthy" wait_until "$UP_DEADLINE_S" all_healthy "$worker" 1
    done
    check "topics and migrations are made" jobs_done
    check "the dashboard's metrics are served" dashboard_is_served
    check "a shop of $ORDERS_FIRST orders is published" \
        ctl generate --orders "$ORDERS_FIRST" --seed 1
    require "every request ends or waits visibly" wait_until "$FLOW_DEADLINE_S" settled
    check "each request has one outcome" each_request_has_an_outcome "$ORDERS_FIRST"
    check "what is paid is what the provider paid" provider_agrees
}

try_confinement()
{
    for service in kafka postgres sandbox "${WORKERS[@]}"; do
        check "$service: not root, no capabilities" unprivileged "$service"
    done
    for service in sandbox "${WORKERS[@]}"; do
        check "$service: its file system is read-only" read_only "$service"
        check "$service: sees its own secrets only" own_secrets "$service"
    done
    check "no secret in a container's settings or in the image" secrets_are_files
    check "no secret is under version control" secrets_are_untracked
}

# More orders, while instances come and a worker dies.
try_scale()
{
    local before publisher
    before=$(provider .refunds)
    ctl generate --orders "$ORDERS_SECOND" --seed 2 >/dev/null &
    publisher=$!
    check "two more instances of policy start" compose up -d --scale policy=3
    check "settlement is killed in the middle of traffic" kill_settlement "$before"
    check "$ORDERS_SECOND more orders are published meanwhile" wait "$publisher"
    check "three instances of policy are healthy" wait_until "$UP_DEADLINE_S" all_healthy policy 3
    check "they share the shards" wait_until "$UP_DEADLINE_S" shards_are_shared
    check "settlement is healthy again" wait_until "$UP_DEADLINE_S" all_healthy settlement 1
    check "every request ends or waits visibly" wait_until "$FLOW_DEADLINE_S" settled
    check "each request has one outcome" \
        each_request_has_an_outcome $((ORDERS_FIRST + ORDERS_SECOND))
    check "what is paid is what the provider paid, once" provider_agrees
    check "each instance worked" each_instance_worked
}

try_stop()
{
    ctl report --json >"$work/before.json"
    check "everything stops" compose stop
    check "the workers stop in an orderly way" ended_in_order
    check "everything starts again" compose up -d --scale policy=3
    for worker in intake routing settlement analytics; do
        check "$worker is healthy again" wait_until "$UP_DEADLINE_S" all_healthy "$worker" 1
    done
    check "policy is healthy again" wait_until "$UP_DEADLINE_S" all_healthy policy 3
    check "nothing was lost" wait_until "$FLOW_DEADLINE_S" same_report
    check "the provider still knows" provider_agrees
    check "everything is removed" compose down -v
    check "nothing is left" nothing_left
}

cd "$root"
dir=
case ${1:-} in
    --official) docker info >/dev/null 2>&1 || skip "no Docker engine answers" ;;
    -*) sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2 ;;
    *) dir=${1:-/var/tmp/redress-containers} ;;
esac
command -v jq >/dev/null || skip "there is no jq"
if [ -n "$dir" ]; then own_engine; fi
work=$(mktemp -d)
tool=(docker compose)
kafka_port=$(free_port)
exec 3>&1 # the counts are seen even if a check, whose output is kept, is interrupted
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
choose_compose
compose down -v --remove-orphans >/dev/null 2>&1 || true
try_pipeline
try_confinement
try_scale
try_stop
