#!/usr/bin/env bash
# Makes the passwords and keys that are missing in a folder: random ones, one file each.
#
#   secrets.sh DIR
#
# <worker>.password, redressctl.password: login roles; owner.password: the roles that migrate;
# postgres.password: the superuser of the container; stripe.key: the sandbox's API key (in production
# put the provider's there). The folder is for its owner only; the files in it may be read by
# whoever reaches them, as a container's user has another number than the owner.
set -euo pipefail

readonly NAMES=(intake policy routing settlement analytics redressctl owner postgres)

dir=${1:?usage: secrets.sh DIR}

random_word() { head -c 24 /dev/urandom | basenc --base64url | tr -d '=\n'; }

make() # NAME PREFIX
{
    if [ ! -e "$dir/$1" ]; then
        printf '%s%s' "$2" "$(random_word)" >"$dir/$1"
        chmod 444 "$dir/$1"
    fi
}

mkdir -p "$dir"
chmod 700 "$dir"
for name in "${NAMES[@]}"; do make "$name.password" ''; done
make stripe.key sk_test_
