#!/usr/bin/env bash
# Runs the fuzzing targets one after the other.
#
#   fuzz.sh BUILD SECONDS SEED TARGET...
#
# With libFuzzer (BUILD/fuzz/bin/fuzz) inputs that reach something new are kept in
# BUILD/fuzz/corpus/TARGET, and what breaks a target in BUILD/fuzz/found; else the driver of
# mutate.c changes the corpus at random.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly BUILD=$1 SECONDS_EACH=$2 SEED=$3
shift 3

seeds()
{
    find "tests/fuzz/corpus/$1" -type f
    if [ "$1" = model ]; then find tests/dmn/kit -name '*.dmn'; fi
}

dictionary()
{
    if [ -e "tests/fuzz/$1.dict" ]; then echo "tests/fuzz/$1.dict"; else echo /dev/null; fi
}

guided()
{
    local target=$1 kept=$BUILD/fuzz/corpus/$1 words=()
    if [ -e "tests/fuzz/$target.dict" ]; then words=("-dict=tests/fuzz/$target.dict"); fi
    mkdir -p "$kept" "$BUILD/fuzz/found"
    seeds "$target" | while read -r file; do
        cp "$file" "$kept/seed-$(sha256sum "$file" | cut -c1-16)"
    done
    "$BUILD/fuzz/bin/fuzz/$target" -max_total_time="$SECONDS_EACH" -seed="$SEED" -max_len=8192 \
        -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
        ${words[@]+"${words[@]}"} -artifact_prefix="$BUILD/fuzz/found/$target-" "$kept"
}

for target in "$@"; do
    echo "$target: $SECONDS_EACH s"
    if [ -x "$BUILD/fuzz/bin/fuzz/$target" ]; then
        guided "$target"
    else
        mapfile -t files < <(seeds "$target")
        "$BUILD/asan/bin/fuzz/$target" "$SECONDS_EACH" "$SEED" "$(dictionary "$target")" "${files[@]}"
    fi
done
