#!/usr/bin/env bash
# Tests check.sh: the contract as it is passes; incompatible changes and bad style do not; compatible
# ones do. Exit: 0 fine, 1 not fine, 77 skipped (no buf).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# expect NAME EXIT-CODE OUTPUT-PATTERN FILE SED-SCRIPT: checks a copy with one change.
expect()
{
    local name=$1 code=$2 pattern=$3 file=$4 change=$5 got=0
    rm -rf "$work/proto"
    cp -R "$here" "$work/proto"
    sed -i "$change" "$work/proto/$file"
    if [[ -n $change ]] && cmp -s "$here/$file" "$work/proto/$file"; then
        echo "not ok $name: the change changes nothing" >&2
        failures=$((failures + 1))
        return
    fi
    "$here/check.sh" "$work/proto" >"$work/output" 2>&1 || got=$?
    if ((got == 77)); then
        cat "$work/output" >&2
        exit 77
    fi
    if ((got == code)) && grep -qi "$pattern" "$work/output"; then
        echo "ok $name"
        return
    fi
    echo "not ok $name: exit $got instead of $code, or no \"$pattern\" in:" >&2
    cat "$work/output" >&2
    failures=$((failures + 1))
}

types=redress/v1/types.proto

expect "unchanged" 0 fine "$types" ''
expect "other type" 1 'changed type' "$types" 's/int64 minor = 1;/string minor = 1;/'
expect "other number" 1 'previously present field' "$types" 's/int64 minor = 1;/int64 minor = 7;/'
expect "other name" 1 'changed name' "$types" 's/int64 minor = 1;/int64 cents = 1;/'
expect "field removed" 1 'previously present field' "$types" '/string currency = 2;/d'
expect "enum value removed" 1 'previously present enum value' "$types" '/CHANNEL_APP = 5;/d'
expect "field added" 0 fine "$types" 's/int64 minor = 1;/int64 minor = 1; string region = 3;/'
expect "enum value added" 0 fine "$types" 's/CHANNEL_APP = 5;/CHANNEL_APP = 5; CHANNEL_KIOSK = 6;/'
expect "style" 1 'lower_snake_case' "$types" 's/int64 minor = 1;/int64 minor = 1; string Region = 3;/'

exit $((failures > 0))
