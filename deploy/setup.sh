#!/usr/bin/env bash
# Installs what is missing to build, test and run Redress on Debian 12, Debian 13 or Ubuntu 24.04.
#
#   deploy/setup.sh           as root, or as a user who may use sudo; again and again at no cost
#   deploy/setup.sh --list    only prints what is missing
#   deploy/setup.sh --fuzz    only clang with libFuzzer, which `make fuzz` is better with
#
# Tools and libraries come from the distribution (librdkafka: see librdkafka.sh), Kafka's jars from
# Maven's default repository (see local/kafka_jars.sh). No service of the machine is started or
# changed: PostgreSQL is installed without its default cluster.
set -euo pipefail

# What is looked for, and the package that brings it:
#   program NAME | library PKG-CONFIG-NAME | file GLOB | java LEAST-VERSION
readonly NEEDS='
program gcc                 gcc
file /usr/include/stdlib.h  libc6-dev
program make                make
program pkg-config          pkg-config
program clang-format        clang-format
program protoc              protobuf-compiler
program protoc-c            protobuf-c-compiler
file /usr/include/google/protobuf/timestamp.proto  libprotobuf-dev
library libprotobuf-c       libprotobuf-c-dev
library libpq               libpq-dev
library jansson             libjansson-dev
library libcurl             libcurl4-openssl-dev
library libmicrohttpd       libmicrohttpd-dev
library libsodium           libsodium-dev
library libcrypto           libssl-dev
library liblzma             liblzma-dev
library expat               libexpat1-dev
library libpcre2-8          libpcre2-dev
library criterion           libcriterion-dev
file /usr/include/csv.h     libcsv-dev
file /usr/include/uthash.h  uthash-dev
file /usr/include/bid_conf.h  libintelrdfpmath-dev
file /usr/lib/postgresql/*/bin/initdb  postgresql
program psql                postgresql-client
java 17                     default-jre-headless
program mvn                 maven
program curl                curl
program openssl             openssl
file /usr/share/zoneinfo/Europe/London  tzdata
program jq                  jq
program python3             python3
program setsid              util-linux
program xz                  xz-utils
program spin                spin
'

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=deploy/apt.sh
source "$here/apt.sh"

java_major()
{
    java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'
}

present()
{
    case $1 in
        program) command -v "$2" >/dev/null ;;
        library) pkg-config --exists "$2" 2>/dev/null ;;
        file) compgen -G "$2" >/dev/null ;;
        java) command -v java >/dev/null && [ "$(java_major)" -ge "$2" ] ;;
    esac
}

missing_packages()
{
    local kind what package
    while read -r kind what package; do
        if [ -n "$kind" ] && ! present "$kind" "$what"; then echo "$package"; fi
    done <<<"$NEEDS"
}

may_install()
{
    command -v apt-get >/dev/null || die "this needs apt; install yourself: $*"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "missing: $*. Run this as root, or as a user who may use sudo"
    fi
}

# Installing PostgreSQL must neither create nor start a cluster on this machine.
keep_clusters_away()
{
    local conf=/etc/postgresql-common/createcluster.conf
    if dpkg-query -W postgresql-common >/dev/null 2>&1 || [ -e "$conf" ]; then return; fi
    as_root mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
}

install_missing()
{
    open_log
    say "updating the package lists"
    apt_quietly update
    if [ $# -gt 0 ]; then
        say "installing $*"
        keep_clusters_away
        apt_install "$@"
    fi
    close_log 0
}

# The package of libFuzzer's runtime has clang's version in its name.
install_fuzzer()
{
    present program clang || { may_install clang && install_missing clang; }
    if ! present file '/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer-*.a'; then
        local runtime
        runtime=libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev
        may_install "$runtime"
        install_missing "$runtime"
    fi
}

mapfile -t missing < <(missing_packages)
case ${1:-} in
    --list)
        printf '%s\n' ${missing[@]+"${missing[@]}"}
        "$here/librdkafka.sh" --check || echo librdkafka-dev
        exit 0
        ;;
    --fuzz)
        install_fuzzer
        exit 0
        ;;
    '') ;;
    *) die "usage: $0 [--list | --fuzz]" ;;
esac

if [ ${#missing[@]} -gt 0 ] || ! "$here/librdkafka.sh" --check; then
    may_install "${missing[@]}" librdkafka-dev
    install_missing "${missing[@]}"
    "$here/librdkafka.sh"
fi
"$here/local/kafka_jars.sh"
