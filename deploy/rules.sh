#!/usr/bin/env bash
# Publishes the sample rules: the authority model and the roster of sample people. Once: nothing
# happens where a roster was published before.
#
#   rules.sh SECRETS COMMAND...
#
# SECRETS is a folder with rules-1.key, rules-2.key and console.key (secrets.sh), COMMAND is how
# redressctl is run, such as `redressctl`, or `deploy/local/stack.sh ctl DIR`.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=$1
shift

if [ -n "$("$@" events refunds.rules.v1 --key sample-roster/1 --limit 1)" ]; then exit 0; fi
"$@" rules publish "$here/rules/authority.json" --model "$here/policies/authority.dmn" \
    --key "$secrets/rules-1.key"
"$@" rules publish "$here/rules/sample-roster.json" --application "console=$secrets/console.key" \
    --key "$secrets/rules-1.key" --key "$secrets/rules-2.key"
