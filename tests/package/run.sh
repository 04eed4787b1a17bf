#!/usr/bin/env bash
# Tries the package that `make deb` made, as a distribution and as an administrator would.
#
#     tests/package/run.sh [SUITE MIRROR]
#
# `papers.sh` looks at the package, `watching.sh` at units and alarms, `life.sh` installs, upgrades, removes and
# purges it on a fresh Debian 12, or on another suite of another mirror (jammy, for Ubuntu 22.04). Root is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
    echo "this makes a system and starts it, which only root can" >&2
    exit 1
fi
packaging/tools.sh test
package=$(echo target/package/*.deb)
if [ ! -f "$package" ]; then
    echo "there is no package yet: make deb" >&2
    exit 1
fi

tests/package/papers.sh "$package"
tests/package/watching.sh
tests/package/life.sh "$package" "$@"
echo "the package is good"
