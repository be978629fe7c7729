#!/usr/bin/env bash
# Two seconds of broken input for each fuzzing target, under the sanitizers.      limit: 240 s
#
#   smoke_test.sh PROGRAMS        BUILD in the environment: where the sanitized programs are
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly SECONDS_EACH=2
build=${BUILD:-$1/../..}

[ -x "$build/asan/bin/fuzz/feel" ] || { echo "skipped: make FLAVOUR=asan fuzz-programs"; exit 77; }
passed=0
failed=0
for folder in tests/fuzz/corpus/*/; do
    target=$(basename "$folder")
    mapfile -t files < <(find "tests/fuzz/corpus/$target" -type f
                         if [ "$target" = model ]; then find tests/dmn/kit -name '*.dmn'; fi)
    dictionary=tests/fuzz/$target.dict
    [ -e "$dictionary" ] || dictionary=/dev/null
    if "$build/asan/bin/fuzz/$target" "$SECONDS_EACH" 1 "$dictionary" "${files[@]}"; then
        echo "ok     $target"
        passed=$((passed + 1))
    else
        echo "FAILED $target"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
