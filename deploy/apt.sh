# Sourced by the set-up scripts: apt without questions or noise, as root or through sudo.
# shellcheck shell=bash

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# What apt and the builds print goes to a file of this run, whose end is shown if the run fails.
# Sets `log`, and `work`, a directory that goes away with the script.
open_log()
{
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/redress-setup.XXXXXX")
    chmod 755 "$work"
    log=$work/log
    : >"$log"
    trap 'close_log $?' EXIT
}

close_log()
{
    if [ "$1" -ne 0 ]; then tail -n 30 "$log" >&2; fi
    rm -rf "$work"
    trap - EXIT
}

apt_quietly()
{
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
        apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

apt_install()
{
    apt_quietly -y --no-install-recommends install "$@"
}
