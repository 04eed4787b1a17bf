#!/usr/bin/env bash
# Installs the programs that the tests run and that are missing here, with the system's package
# manager, saying what and why. Does nothing when all are there.
set -euo pipefail

missing=()

need() { # command, package, reason
    command -v "$1" >/dev/null && return
    echo "the tests need $1 ($3): installing the package $2"
    missing+=("$2")
}

need cc gcc "the linker, and the C part of the TLS library"
need chromium chromium "the browser test uses a real browser"
need chromedriver chromium-driver "and drives it through this"
need strace strace "the tests of a full disk and of a power cut make system calls fail with it"
need pebble pebble "the tests of ACME ask a real directory, and this is the one that is made for tests"
need aiosmtpd python3-aiosmtpd "the tests of mail send to a real mail server, and this is one"
need mount mount "the tests of a full disk fill a small one"
need setpriv util-linux "the tests of permissions run the program without root's privileges"

[ "${#missing[@]}" -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo "please install these yourself: ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
