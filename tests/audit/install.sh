#!/usr/bin/env bash
# Installs the scanners that are missing: Debian's with the system's package manager, Python's into
# environments of their own under target/audit, since their dependencies exclude each other.
# The versions of Python's are fixed here, so that a finding is new because the appliance is.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v testssl >/dev/null || missing+=(testssl.sh)
command -v slowhttptest >/dev/null || missing+=(slowhttptest)
command -v openssl >/dev/null || missing+=(openssl)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "the audit needs ${missing[*]}: installing"
    if ! command -v apt-get >/dev/null; then
        echo "please install these yourself: ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

for package in schemathesis==4.32.5 sslyze==6.3.1 wapiti3==3.2.3; do
    home=target/audit/${package%%==*}
    [ "$(cat "$home/installed" 2>/dev/null)" = "$package" ] && continue
    echo "the audit needs $package: installing into $home"
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install -q --disable-pip-version-check "$package"
    echo "$package" >"$home/installed"
done
