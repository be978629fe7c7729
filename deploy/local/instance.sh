# Sourced by the scripts of the local stack: processes that live in a directory of their own.
# shellcheck shell=bash

# Ports below the range from which the kernel takes ports for outgoing connections, so that a
# service that is restarted finds its port free again.
readonly PORT_FIRST=12000
readonly PORT_COUNT=20000

die() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; exit 1; }

# Prints a port of 127.0.0.1 on which nothing listens.
free_port()
{
    local port attempt
    for attempt in {1..50}; do
        port=$((PORT_FIRST + (RANDOM * 32768 + RANDOM + attempt) % PORT_COUNT))
        if ! listening "$port"; then echo "$port"; return; fi
    done
    die "no free port between $PORT_FIRST and $((PORT_FIRST + PORT_COUNT))"
}

listening()
{
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_until SECONDS COMMAND...: runs the command until it succeeds; fails after the deadline.
wait_until()
{
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
        sleep 0.05
    done
}

# running PIDFILE MARK: the process of the file lives and has MARK in its command line, so that a
# number which another process has taken over since is not mistaken for ours.
running()
{
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] &&
        tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2"
}

stopped()
{
    ! running "$@"
}

# start_detached PIDFILE LOG COMMAND...: in a session and process group of its own, which keeps
# none of the caller's descriptors: nobody who waits for the caller's output waits for it.
start_detached()
{
    local pidfile=$1 output=$2
    shift 2
    (
        for descriptor in /proc/self/fd/*; do
            descriptor=${descriptor##*/}
            if [ "$descriptor" -gt 2 ]; then eval "exec $descriptor>&-" 2>/dev/null || true; fi
        done
        # shellcheck disable=SC2016
        exec setsid --fork bash -c 'echo $$ >"$1"; shift; exec "$@"' start "$pidfile" "$@"
    ) </dev/null >>"$output" 2>&1
    wait_until 5 test -s "$pidfile" || die "could not start $1"
}

# stop_process PIDFILE MARK SECONDS: asks it to end, and ends its process group after the deadline.
stop_process()
{
    local pidfile=$1 mark=$2 deadline_s=$3 pid
    if running "$pidfile" "$mark"; then
        pid=$(cat "$pidfile")
        kill -TERM "$pid" 2>/dev/null || true
        if ! wait_until "$deadline_s" stopped "$pidfile" "$mark"; then
            printf '%s: process %s did not end in %s s, killing it\n' \
                "$(basename "$0" .sh)" "$pid" "$deadline_s" >&2
            kill -KILL -- "-$pid" 2>/dev/null || true
            wait_until 5 stopped "$pidfile" "$mark" || die "process $pid cannot be ended"
        fi
    fi
    rm -f "$pidfile"
}
