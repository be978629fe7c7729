#!/usr/bin/env bash
# Builds and installs the librdkafka of Debian 13 on a Debian that ships an older one.
#
#   deploy/librdkafka.sh          installs a librdkafka of at least 2.3.0, unless there is one
#   deploy/librdkafka.sh --check  exit code 0: there is one
#
# The distribution's own package is taken where it is new enough (package lists up to date: setup.sh
# sees to that).
# Debian 12 has 2.0.2: its prefetch stops for a second whenever its queue is full, and its
# idempotent producer has defects that were mended later. The source package comes from the Debian
# mirror that this machine is set up to use, through a sources file and package lists of our own,
# so that the machine's own apt configuration does not change. The packages are kept in
# build/librdkafka (STACK_CACHE overrides build/).
set -euo pipefail

readonly MINIMUM=2.3.0
readonly SUITE=trixie
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
readonly PACKAGES=(librdkafka1 librdkafka++1 librdkafka-dev)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STACK_CACHE:-$here/../build}/librdkafka
# shellcheck source=deploy/apt.sh
source "$here/apt.sh"

recent_enough()
{
    pkg-config --atleast-version="$MINIMUM" rdkafka 2>/dev/null
}

cached_packages()
{
    local package
    for package in "${PACKAGES[@]}"; do
        compgen -G "$cache/${package}_*_$(dpkg --print-architecture).deb" | head -n 1 || return 1
    done
}

# The mirror of the running release, as apt itself understands its configuration.
debian_mirror()
{
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p
}

# Runs apt-get on the private sources file. The lists are checked against Debian's keyring as usual.
private_apt()
{
    local options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
    if [ "$(id -u)" -eq 0 ]; then options+=(-o APT::Sandbox::User=root); fi
    apt-get -qq "${options[@]}" "$@" >>"$log" 2>&1
}

fetch_source()
{
    local mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "no Debian mirror found; install librdkafka-dev >= $MINIMUM yourself"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    printf 'deb-src [signed-by=%s] %s %s main\n' "$KEYRING" "$mirror" "$SUITE" >"$work/sources.list"
    private_apt update
    (cd "$work" && private_apt --download-only source librdkafka)
}

install_build_dependencies()
{
    apt_install build-essential dpkg-dev fakeroot
    apt_quietly -y --no-install-recommends -P nocheck,nodoc build-dep "$(echo "$work"/*.dsc)"
}

build_packages()
{
    (
        cd "$work"
        dpkg-source --no-check -x librdkafka_*.dsc source
        cd source
        DEB_BUILD_OPTIONS="nocheck nodoc noautodbgsym parallel=$(nproc)" \
            DEB_BUILD_PROFILES='nocheck nodoc' dpkg-buildpackage -b -us -uc
    ) >>"$log" 2>&1
    mkdir -p "$cache"
    cp "$work"/librdkafka*.deb "$cache/"
}

build()
{
    say "building librdkafka from Debian $SUITE's source (about a minute)"
    fetch_source
    install_build_dependencies
    build_packages
}

distribution_is_recent()
{
    local candidate
    candidate=$(apt-cache policy librdkafka-dev | sed -n 's/^ *Candidate: //p')
    dpkg --compare-versions "${candidate:-0}" ge "$MINIMUM"
}

install_packages()
{
    local files=(librdkafka-dev)
    if ! distribution_is_recent; then
        cached_packages >/dev/null || build
        mapfile -t files < <(cached_packages)
    fi
    say "installing ${files[*]##*/}"
    apt_install "${files[@]}"
}

case ${1:-} in
    --check) recent_enough ;;
    '')
        if recent_enough; then exit 0; fi
        open_log
        install_packages
        recent_enough || die "librdkafka is still older than $MINIMUM"
        ;;
    *) die "usage: $0 [--check]" ;;
esac
