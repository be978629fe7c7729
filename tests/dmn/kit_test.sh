#!/usr/bin/env bash
# The official decision test kit, where it is there; skipped otherwise.
#
#   kit_test.sh PROGRAMS
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly KIT=../shared/dmn-tck

[ -d "$KIT" ] || { echo "skipped: the test kit is not here"; exit 77; }
"$1/redressctl" dmn test "$KIT" | tail -n 60
