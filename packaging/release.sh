#!/usr/bin/env bash
# Lays what is published into target/dist, with its checksums.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf target/dist
mkdir -p target/dist
cp target/package/*.deb target/package/appliance.cdx.json target/dist/
(cd target/dist && sha256sum ./*.deb ./appliance.cdx.json | sed 's# \./# #' >SHA256SUMS)
cat target/dist/SHA256SUMS
