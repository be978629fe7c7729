#!/usr/bin/env bash
# Checks the contract: buf lint (STANDARD), and buf breaking (FILE) against the committed baseline.
#
#   proto/check.sh [DIRECTORY]      DIRECTORY: another copy of proto/ (default: the one beside this)
#   proto/check.sh --baseline       writes proto/baseline.binpb anew: only after a release
#
# buf comes from $BUF, from PATH, or from npm into build/tools. Exit: 0 fine, 1 not fine,
# 77 skipped, as buf cannot be had here.
set -euo pipefail

readonly BUF_PACKAGE=@bufbuild/buf@1.75.0
readonly SKIPPED=77

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${BUILD:-$here/../build}/tools

install_buf()
{
    command -v npm >/dev/null || return 1
    npm install --prefix "$tools" --no-save --no-audit --no-fund --loglevel=error \
        "$BUF_PACKAGE" >&2
}

find_buf()
{
    local local_buf=$tools/node_modules/.bin/buf
    if [[ -n ${BUF:-} ]]; then
        echo "$BUF"
    elif command -v buf; then
        return
    elif [[ -x $local_buf ]] || install_buf; then
        echo "$local_buf"
    fi
}

buf=$(find_buf || true)
if [[ -z $buf ]] || ! "$buf" --version >/dev/null 2>&1; then
    echo "proto/check.sh: skipped: buf is not installed and could not be fetched with npm" >&2
    exit "$SKIPPED"
fi

if [[ ${1:-} == --baseline ]]; then
    "$buf" build "$here" --exclude-source-info -o "$here/baseline.binpb"
    echo "proto/check.sh: baseline written"
    exit
fi

directory=${1:-$here}
status=0
"$buf" lint "$directory" || status=1
"$buf" breaking "$directory" --against "$here/baseline.binpb" || status=1
if ((status == 0)); then
    echo "proto/check.sh: lint and breaking: fine"
fi
exit "$status"
