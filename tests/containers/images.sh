#!/usr/bin/env bash
# Builds the stand-in images that are missing or outdated in the engine that DOCKER_HOST names.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
libs=${STACK_KAFKA_HOME:-${STACK_CACHE:-$root/build}/kafka}/libs

missing() { ! docker image inspect "$1" >/dev/null 2>&1; }

# What an image was built from is kept in this label.
readonly LABEL=redress.stand-in

source_of()
{
    (cd "$here/$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum) |
        sha256sum | cut -c1-16
}

# outdated IMAGE FOLDER
outdated()
{
    [ "$(docker image inspect -f "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null)" != \
        "$(source_of "$2")" ]
}

# shellcheck disable=SC2016
mirror()
{
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" | sed -n 1p
}

base()
{
    local tree debian security
    tree=$(mktemp -d /var/tmp/redress-base.XXXXXX)
    debian=$(mirror Debian)
    security=$(mirror Debian-Security)
    debootstrap --variant=minbase trixie "$tree" "$debian" >"$tree.log" 2>&1 ||
        { tail -n 20 "$tree.log" >&2; exit 1; }
    printf 'deb %s main\n' "$debian trixie" "$debian trixie-updates" \
        "${security:-${debian%/debian/}/debian-security/} trixie-security" \
        >"$tree/etc/apt/sources.list"
    rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/archives/*.deb "$tree"/usr/share/doc/*
    tar -C "$tree" --numeric-owner -c . | docker import -c 'CMD ["bash"]' - debian:trixie-slim
    rm -rf "$tree" "$tree.log"
}

kafka()
{
    local context
    "$root/deploy/local/kafka_jars.sh"
    context=$(mktemp -d)
    cp -r "$here/kafka/." "$context"
    cp -r "$libs" "$context/libs"
    docker build -q -t apache/kafka:4.1.1 --label "$LABEL=$(source_of kafka)" "$context"
    rm -rf "$context"
}

if missing debian:trixie-slim; then base; fi
if outdated apache/kafka:4.1.1 kafka; then kafka; fi
if outdated postgres:17 postgres; then
    docker build -q -t postgres:17 --label "$LABEL=$(source_of postgres)" "$here/postgres"
fi
