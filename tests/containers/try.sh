#!/usr/bin/env bash
# Brings docker-compose.yml up on stand-in images, checks it, and takes it down again.
#
#   try.sh [DIR]    DIR keeps the engine and its images (default: /var/tmp/redress-containers)
set -euo pipefail

readonly UP_DEADLINE_S=300
readonly WORKERS=(intake policy routing settlement analytics)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
dir=${1:-/var/tmp/redress-containers}
project=redress-try

tool=(docker compose)
docker compose version >/dev/null 2>&1 || tool=(docker-compose)
compose() { KAFKA_PORT=$kafka_port "${tool[@]}" -p "$project" "$@"; }

# shellcheck source=deploy/local/instance.sh
source "$root/deploy/local/instance.sh"

state()
{
    docker inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{end}}' \
        "$(compose ps -q "$1" | sed -n "${2:-1}p")" 2>/dev/null
}

healthy() { [ "$(state "$@")" = healthy ]; }

clean_up()
{
    compose down -v --remove-orphans >/dev/null 2>&1 || true
    "$here/engine.sh" stop "$dir"
}

cd "$root"
"$here/engine.sh" start "$dir"
eval "$("$here/engine.sh" env "$dir")"
kafka_port=$(free_port)
trap clean_up EXIT
"$here/images.sh"
deploy/secrets.sh deploy/secrets
compose build
compose up -d
for worker in "${WORKERS[@]}"; do
    wait_until "$UP_DEADLINE_S" healthy "$worker" ||
        { compose logs --tail 20 "$worker" >&2; die "$worker is not healthy"; }
done
compose up -d --scale policy=3
for instance in 1 2 3; do
    wait_until "$UP_DEADLINE_S" healthy policy "$instance" || die "policy $instance is not healthy"
done
compose run --rm redressctl topics list
compose ps
echo "containers: everything came up"
