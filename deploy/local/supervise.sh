#!/usr/bin/env bash
# Keeps one program running: starts it again when it ends with an error.
#
#   supervise.sh RUN_DIR NAME ENVIRONMENT_FILE PROGRAM ARGUMENTS...
#
# The program gets the environment of the file (NAME=value lines) and PATH, nothing of the caller's.
# RUN_DIR/NAME.pid is the program, RUN_DIR/NAME.supervisor.pid this script (written by its starter),
# RUN_DIR/NAME.log what both say. Exit code 0 or 2 (bad configuration) ends it: starting again would
# not help. SIGTERM is passed on. A program that fails soon again and again is started later and later;
# $STACK_RESTART_MOST_MS (5000) is the most that it waits.
set -euo pipefail

readonly PAUSE_FIRST_MS=100
readonly PAUSE_MOST_MS=${STACK_RESTART_MOST_MS:-5000}
readonly GOOD_RUN_S=10 # after a run this long, a failure counts as the first

run=$1
name=$2
environment=$3
shift 3
child=
stopping=

say() { printf '%s supervise %s: %s\n' "$(date -u +%FT%TZ)" "$name" "$*" >&2; }

start_child()
{
    local -a settings
    mapfile -t settings < <(grep -v -e '^#' -e '^$' "$environment")
    env -i PATH="$PATH" "${settings[@]}" "$@" &
    child=$!
    echo "$child" >"$run/$name.pid"
}

# `wait` also returns when a signal arrives; then the child is still there.
wait_for_child()
{
    local status=0
    while :; do
        wait "$child" && status=0 || status=$?
        kill -0 "$child" 2>/dev/null || return "$status"
    done
}

# Whoever sends SIGTERM also sets the deadline: the program is in this script's process group.
# shellcheck disable=SC2317
stop_child()
{
    stopping=yes
    if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null || true; fi
}
trap stop_child TERM INT

pause_ms=$PAUSE_FIRST_MS
while [ -z "$stopping" ]; do
    started=$SECONDS
    start_child "$@"
    status=0
    wait_for_child || status=$?
    rm -f "$run/$name.pid"
    if [ -n "$stopping" ] || [ "$status" -eq 0 ] || [ "$status" -eq 2 ]; then break; fi
    if [ $((SECONDS - started)) -ge "$GOOD_RUN_S" ]; then pause_ms=$PAUSE_FIRST_MS; fi
    say "ended with code $status, starting again in $pause_ms ms"
    sleep "$(printf '%d.%03d' $((pause_ms / 1000)) $((pause_ms % 1000)))" &
    child=$!
    wait "$child" || true
    pause_ms=$((pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : pause_ms * 2))
done
say "ended with code $status"
exit "$status"
