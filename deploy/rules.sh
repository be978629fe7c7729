#!/usr/bin/env bash
# Publishes the rules that come with Redress: the first rules as the policy of every merchant, the
# authority model and the roster of sample people. What was published before is left alone.
#
#   rules.sh SECRETS COMMAND...
#
# SECRETS is a folder with rules-1.key, rules-2.key and console.key (secrets.sh), COMMAND is how
# redressctl is run, such as `redressctl`, or `deploy/local/stack.sh ctl DIR`. The policy holds from
# 1970 on, so that a shop's history can be judged by it. Nothing is waited for: workers read the rules
# before they say that they are ready. With SAMPLE_POLICY=no the policy is left out.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=$1
shift
ctl=("$@")

# once KEY ARGUMENTS...: redressctl, unless there is such a rule set.
once()
{
    local key=$1
    shift
    if [ -n "$("${ctl[@]}" events refunds.rules.v1 --key "$key" --limit 1)" ]; then return 0; fi
    "${ctl[@]}" "$@" --wait 0
}

if [ "${SAMPLE_POLICY:-yes}" = yes ]; then
    once first-rules/1 policy publish "$here/policies/first-rules.dmn" --id first-rules --version 1 \
        --valid-from 1970-01-01T00:00:00Z --correction "comes with Redress" \
        --key "$secrets/rules-1.key"
fi
once authority/1 rules publish "$here/rules/authority.json" --model "$here/policies/authority.dmn" \
    --key "$secrets/rules-1.key"
once sample-roster/1 rules publish "$here/rules/sample-roster.json" \
    --application "console=$secrets/console.key" \
    --key "$secrets/rules-1.key" --key "$secrets/rules-2.key"
