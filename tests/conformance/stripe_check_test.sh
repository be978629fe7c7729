#!/usr/bin/env bash
# Stripe's adapter against stripe-mock, which holds Stripe's own description of its API.
#
#   stripe_check_test.sh PROGRAMS_DIR     the unit tests are expected beside it, in asan/bin/unit
#
# STRIPE_MOCK names the program; else it is looked for in PATH and in Go's folder of programs, and
# installed there if Go can. Exit code 77: it cannot be had here.
# limit: 300 s
set -euo pipefail

readonly VERSION=v0.203.0
readonly READY_DEADLINE_S=20
readonly INSTALL_DEADLINE_S=240

programs=${1:?usage: stripe_check_test.sh PROGRAMS_DIR}
tests=$programs/../../asan/bin/unit/settlement_stripe_mock_test

skip() { echo "skipped: $1"; exit 77; }

find_mock()
{
    local folder
    if [ -n "${STRIPE_MOCK:-}" ]; then echo "$STRIPE_MOCK"; return; fi
    if command -v stripe-mock; then return; fi
    command -v go >/dev/null || return 1
    folder=$(go env GOPATH)/bin
    if [ ! -x "$folder/stripe-mock" ]; then
        timeout "$INSTALL_DEADLINE_S" go install "github.com/stripe/stripe-mock@$VERSION" \
            >/dev/null 2>&1 || return 1
    fi
    echo "$folder/stripe-mock"
}

free_port()
{
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

[ -x "$tests" ] || skip "there is no $tests"
mock=$(find_mock) || skip "there is no stripe-mock, and it cannot be installed"
port=$(free_port)
# Without an address for HTTPS it would listen on every interface.
"$mock" -http-addr "127.0.0.1:$port" -https-addr "127.0.0.1:$(free_port)" >/dev/null 2>&1 &
trap 'kill %1 2>/dev/null || true; wait' EXIT
curl -fs --retry "$((READY_DEADLINE_S * 2))" --retry-delay 0 --retry-connrefused \
    --retry-max-time "$READY_DEADLINE_S" -u sk_test_123: -o /dev/null \
    "http://127.0.0.1:$port/v1/refunds" || skip "stripe-mock does not answer"

output=$(STRIPE_MOCK_URL=http://127.0.0.1:$port "$tests" 2>&1) && status=0 || status=1
echo "$output"
passed=$(sed -n 's/.*Passing: \([0-9]*\).*/\1/p' <<<"$output")
failed=$(sed -n 's/.*Failing: \([0-9]*\).*/\1/p' <<<"$output")
echo "${passed:-0} passed, $((${failed:-0} + (status > 0 && ${failed:-0} == 0))) failed"
exit "$status"
