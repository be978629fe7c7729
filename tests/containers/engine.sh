#!/usr/bin/env bash
# A Docker engine whose data, socket and pid file are in a directory of their own.
#
#   engine.sh start DIR    engine.sh stop DIR    engine.sh env DIR (for `eval`)
set -euo pipefail

# shellcheck source=deploy/local/instance.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/local/instance.sh"

answers() { DOCKER_HOST="unix://$dir/docker.sock" docker info >/dev/null 2>&1; }

start()
{
    mkdir -p "$dir"
    if running "$dir/dockerd.pid" "$dir/dockerd.pid"; then return; fi
    rm -f "$dir/dockerd.pid"
    start_detached "$dir/started.pid" "$dir/log" dockerd --host "unix://$dir/docker.sock" \
        --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/dockerd.pid"
    wait_until 30 answers || { tail -n 20 "$dir/log" >&2; die "the engine did not start"; }
}

[ $# -eq 2 ] || { echo "usage: $0 start|stop|env DIR" >&2; exit 2; }
dir=$(realpath -m "$2")
case $1 in
    start) start ;;
    stop) stop_process "$dir/dockerd.pid" "$dir/dockerd.pid" 60; rm -f "$dir/started.pid" ;;
    env) echo "export DOCKER_HOST='unix://$dir/docker.sock'" ;;
    *) echo "usage: $0 start|stop|env DIR" >&2; exit 2 ;;
esac
