#!/usr/bin/env bash
# Makes the passwords and keys that are missing in a folder: random ones, one file each.
#
#   secrets.sh DIR
#
# <worker>.password, redressctl.password: login roles; owner.password: the roles that migrate;
# postgres.password: the superuser of the container; approval.keys: with which routing signs what
# may be paid and settlement checks it; stage.keys: with which all workers seal what they say to each
# other; stripe.key: the sandbox's API key (in production put the
# provider's there); rules-1.key, rules-2.key: two secret keys that sign rule sets, rules.keys their
# public keys for the workers; console.key: that of the console (and of redressctl), which vouches for
# the people of the roster; goods.keys: public keys of
# who may say what became of goods, here the console (in production those of the warehouse). In production rules-1.key and rules-2.key are kept by two people, and not
# here. The folder is for its owner only; the files in it may be read by
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

# public_of FILE: the public key of an Ed25519 key, as id:<64 hex>. A private key in PKCS #8 is these
# bytes and its seed (RFC 8410).
public_of()
{
    local id seed
    IFS=: read -r id seed <"$dir/$1"
    printf '%s:' "$id"
    printf '302e020100300506032b657004220420%s' "$seed" | tr a-f A-F | basenc -d --base16 |
        openssl pkey -inform DER -pubout -outform DER | tail -c 32 | basenc --base16 -w 0 | tr A-F a-f
}

mkdir -p "$dir"
chmod 700 "$dir"
for name in "${NAMES[@]}"; do keep "$name.password" "$(random_word)"; done
keep approval.keys "k1:$(random_hex)"
keep stage.keys "s1:$(random_hex)"
for name in rules-1 rules-2 console; do keep "$name.key" "$name:$(random_hex)"; done
keep goods.keys "$(public_of console.key)"
keep rules.keys "$(public_of rules-1.key),$(public_of rules-2.key)"
keep stripe.key "sk_test_$(random_word | tr -d _-)"
