#!/usr/bin/env bash
# The adapters of Adyen, PayPal, Magento and Shopify against the vendors' own descriptions of their
# APIs, held by Prism (OpenAPI) and by a GraphQL server over Shopify's schema.
#
#   providers_check_test.sh PROGRAMS_DIR     the unit tests are expected beside it, in asan/bin/unit
#
# The descriptions are in $CONFORMANCE or ../shared/conformance; npm installs the judges into
# build/conformance. Exit code 77: something of this cannot be had here.
# limit: 420 s
set -euo pipefail

readonly PRISM=@stoplight/prism-cli@5.14.2
readonly READY_DEADLINE_S=60
readonly INSTALL_DEADLINE_S=240

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
programs=${1:?usage: providers_check_test.sh PROGRAMS_DIR}
tests=$programs/../../asan/bin/unit/settlement_conformance_test
descriptions=${CONFORMANCE:-$root/../shared/conformance}
work=${BUILD:-$root/build}/conformance
children=()

skip() { echo "skipped: $1"; exit 77; }

free_port()
{
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

stop() { for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done; wait; }

install()
{
    mkdir -p "$work/prism" "$work/shopify"
    cp -f "$descriptions"/shopify/* "$work/shopify/"
    [ -x "$work/prism/node_modules/.bin/prism" ] ||
        timeout "$INSTALL_DEADLINE_S" npm install --silent --no-audit --no-fund \
            --prefix "$work/prism" "$PRISM" >"$work/npm.log" 2>&1 || return 1
    [ -d "$work/shopify/node_modules/graphql" ] ||
        timeout "$INSTALL_DEADLINE_S" npm install --silent --no-audit --no-fund \
            --prefix "$work/shopify" >>"$work/npm.log" 2>&1
}

# Any answer at all will do.
await()
{
    curl -s --retry "$((READY_DEADLINE_S * 2))" --retry-delay 0 --retry-connrefused \
        --retry-max-time "$READY_DEADLINE_S" -o /dev/null "$1" || skip "$1 does not answer"
}

# Sets $2 to the address of a Prism that holds the description $1.
judge()
{
    local port
    port=$(free_port)
    "$work/prism/node_modules/.bin/prism" mock -h 127.0.0.1 -p "$port" "$descriptions/$1" \
        >"$work/$(basename "$1").log" 2>&1 &
    children+=($!)
    printf -v "$2" 'http://127.0.0.1:%s' "$port"
}

[ -x "$tests" ] || skip "there is no $tests"
[ -d "$descriptions/adyen" ] || skip "there are no descriptions in $descriptions"
command -v npm >/dev/null || skip "there is no npm"
install || skip "Prism and graphql cannot be installed"
trap stop EXIT

judge adyen/checkout-v71.strict.json ADYEN_JUDGE
judge paypal/payments-v2.strict.json PAYPAL_JUDGE
judge magento/admin-2.4.9.strict.json MAGENTO_JUDGE
port=$(free_port)
(cd "$work/shopify" && exec node mock.mjs "$port") >"$work/shopify.log" 2>&1 &
children+=($!)
SHOPIFY_JUDGE=http://127.0.0.1:$port
export ADYEN_JUDGE PAYPAL_JUDGE MAGENTO_JUDGE SHOPIFY_JUDGE
for url in "$ADYEN_JUDGE" "$PAYPAL_JUDGE" "$MAGENTO_JUDGE" "$SHOPIFY_JUDGE"; do await "$url"; done

output=$("$tests" 2>&1) && status=0 || status=1
echo "$output"
passed=$(sed -n 's/.*Passing: \([0-9]*\).*/\1/p' <<<"$output")
failed=$(sed -n 's/.*Failing: \([0-9]*\).*/\1/p' <<<"$output")
echo "${passed:-0} passed, $((${failed:-0} + (status > 0 && ${failed:-0} == 0))) failed"
exit "$status"
