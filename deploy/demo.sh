#!/usr/bin/env bash
# Shows the whole process: a fresh local stack, a shop's orders and refund requests through the five
# workers, sample approvers who decide, a report; then everything is stopped.
#
#   deploy/demo.sh DIR                      a made shop of ORDERS orders (default: 5000), SEED (1)
#   deploy/demo.sh DIR FILE.csv[.xz]        an "Online Retail" file; every case is approved
#
# DIR gets report.json, status.json, input.json and stack/ (logs, what the provider did). Programs
# are taken from STACK_BIN (default: build/release/bin). Exit code 0 only if every request ended, or
# waits visibly for somebody.
set -euo pipefail

readonly PARK_DEADLINE=10s
readonly APPROVERS=(--as mia --as tom --as lea --reviewer rita --reviewer rob --controller fay)
readonly PROGRESS_EVERY_S=5
readonly DEMO_DEADLINE_S=600 # from the last request published to the end

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { printf 'demo: %s\n' "$*" >&2; exit 1; }
say() { printf '\n== %s\n' "$*"; }

[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2; }
dir=$(realpath -m "$1")
file=${2:-}
[ -z "$file" ] || [ -r "$file" ] || die "cannot read $file"
stack=$dir/stack

stack() { "$here/local/stack.sh" "$1" "$stack" "${@:2}"; }
ctl() { stack ctl "$@"; }

seconds() { date +%s.%N; }
since() { echo "$1 $(seconds)" | awk '{printf "%.1f", $2 - $1}'; }

stop_all()
{
    trap - EXIT
    stack down >/dev/null 2>&1 || printf 'demo: stopping failed; see %s\n' "$stack" >&2
}

publish()
{
    if [ -n "$file" ]; then
        ctl import online-retail "$file" --json >"$dir/input.json"
    else
        ctl generate --orders "${ORDERS:-5000}" --seed "${SEED:-1}" --json >"$dir/input.json"
    fi
}

# Of the last status: how many of something wait in a worker.
waiting()
{
    jq --arg what "$1" '[.workers[].waiting[]? | select(.what == $what).count] | add // 0' \
        "$dir/status.json"
}

look()
{
    ctl status --json >"$dir/status.json"
    behind=$(jq '[.workers[] | (.lag // 1) + (.unpublished // 1)] | add' "$dir/status.json")
    blocked=$(jq -r '.workers[] | .worker as $worker | .blocked[]? |
        "\($worker), shard \(.shard): \(.reason)"' "$dir/status.json")
    parked=$(waiting parked)
    cases=$(waiting 'cases to decide')
    under_way=$(waiting 'payouts under way')
    if [ -n "$blocked" ]; then die "a shard waits for an operator: $blocked"; fi
}

show_progress()
{
    if [ $((SECONDS - shown)) -lt "$PROGRESS_EVERY_S" ]; then return; fi
    shown=$SECONDS
    printf '%8s s  %s events behind, %s parked, %s cases to decide, %s payouts under way\n' \
        "$(since "$started")" "$behind" "$parked" "$cases" "$under_way"
}

# Twice in a row, as what one worker said may not have reached the next when that one was looked at.
# `flowed` is when all had passed that waits for neither people nor a deadline; people begin then.
wait_until_finished()
{
    local deadline=$((SECONDS + DEMO_DEADLINE_S)) quiet=0
    shown=$SECONDS flowed=
    while [ "$quiet" -lt 2 ]; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            ctl status >&2
            die "not finished after $DEMO_DEADLINE_S s"
        fi
        look
        show_progress
        if [ -z "$flowed" ]; then
            if [ $((behind + under_way)) -eq 0 ]; then flowed=$(since "$started"); fi
        elif [ "$cases" -gt 0 ]; then
            ctl decide --all approve "${APPROVERS[@]}" >/dev/null
        fi
        if [ $((behind + parked + cases + under_way)) -eq 0 ]; then
            quiet=$((quiet + 1))
        else
            quiet=0
        fi
    done
}

show_throughput()
{
    jq -r --arg flowed "$flowed" --arg all "$(since "$started")" '
        ($flowed | tonumber) as $flowed |
        (.order_events // .orders * 3) as $orders | (.request_events // .requests) as $requests |
        "\($orders) events of orders and \($requests) requests were through in \($flowed) s, " +
        "\(($orders + $requests) / $flowed | floor) events/s from the first event read to the " +
        "last automatic payout;\nwith people and deadlines \($all) s in all"' "$dir/input.json"
}

# One that a person approved tells most.
show_a_life()
{
    local refund
    refund=$(ctl cases --status APPROVED --limit 1 --json | jq -r '.[0].refund_id // empty')
    if [ -n "$refund" ]; then
        say "The life of one refund (redressctl refund $refund)"
        ctl refund "$refund"
    fi
}

trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
begun=$(seconds)

say "Starting Kafka, PostgreSQL, the provider sandbox and five workers"
mkdir -p "$dir"
if [ -e "$stack" ]; then stack destroy; fi
rm -f "$dir"/*.json
stack up "intake:REDRESS_PARK_DEADLINE=$PARK_DEADLINE" settlement:REDRESS_STRIPE_RATE=0
printf 'ready after %s s\n' "$(since "$begun")"

if [ -n "$file" ]; then say "Importing $file"; else say "Making a shop"; fi
started=$(seconds)
publish
jq -c 'del(.cases, .took_us)' "$dir/input.json"

say "Waiting until every request is finished, or waits visibly; sample approvers decide"
wait_until_finished
show_throughput

say "Report (redressctl report)"
ctl report --json >"$dir/report.json"
ctl report
show_a_life

say "Workers (redressctl status)"
ctl status

say "Stopping"
stop_all
printf 'done after %s s; the report is in %s\n' "$(since "$begun")" "$dir/report.json"
