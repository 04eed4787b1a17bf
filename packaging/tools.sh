#!/usr/bin/env bash
# Installs what makes and tests a package and is missing here: Debian's with the system's package manager,
# cargo-deb into target/tools, at a fixed version since it decides what the package looks like.
#
#     packaging/tools.sh build|test
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_DEB=3.8.0

missing=()

need() { # command, package, reason
    command -v "$1" >/dev/null && return
    echo "packaging needs $1 ($3): installing the package $2"
    missing+=("$2")
}

need dpkg-shlibdeps dpkg-dev "it finds out what the program depends on"
need objdump binutils "it shows which glibc the program needs"
need python3 python3 "the licences and the bill of materials are gathered by a script"
if [ "${1:-build}" = test ]; then
    need lintian lintian "it knows Debian's rules"
    need debootstrap debootstrap "the package is installed into a fresh system"
    need systemd-analyze systemd "it checks the units and weighs their sandbox"
    need promtool prometheus "it runs the tests of the alarms"
    need curl curl "the installed program is asked over TLS"
fi
if [ "${#missing[@]}" -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "please install these yourself: ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if ! target/tools/bin/cargo-deb --version 2>/dev/null | grep -qwF "$CARGO_DEB"; then
    echo "packaging needs cargo-deb $CARGO_DEB: installing into target/tools"
    cargo install --quiet --locked --root target/tools --version "$CARGO_DEB" cargo-deb
fi
