#!/usr/bin/env bash
# Makes the passwords and keys that are missing in a folder: random ones, one file each.
#
#   secrets.sh DIR
#
# <worker>.password, redressctl.password: login roles; owner.password: the roles that migrate;
# postgres.password: the superuser of the container; approval.keys: with which routing signs what
# may be paid and settlement checks it; stripe.key: the sandbox's API key (in production put the
# provider's there). The folder is for its owner only; the files in it may be read by
# whoever reaches them, as a container's user has another number than the owner.
set -euo pipefail

readonly NAMES=(intake policy routing settlement analytics redressctl owner postgres)

dir=${1:?usage: secrets.sh DIR}

random_word() { head -c 24 /dev/urandom | basenc --base64url; }
random_hex() { head -c 32 /dev/urandom | basenc --base16 -w 0 | tr A-F a-f; }

# keep NAME CONTENT: unless there is such a file already.
keep()
{
    if [ ! -e "$dir/$1" ]; then
        printf '%s\n' "$2" >"$dir/$1"
        chmod 444 "$dir/$1"
    fi
}

mkdir -p "$dir"
chmod 700 "$dir"
for name in "${NAMES[@]}"; do keep "$name.password" "$(random_word)"; done
keep approval.keys "k1:$(random_hex)"
keep stripe.key "sk_test_$(random_word | tr -d _-)"
