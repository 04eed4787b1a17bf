#!/usr/bin/env bash
# Builds the package of the last commit once more, in a clone at another place, and compares it with the one
# that `make deb` made, byte by byte. What differs is listed.
#
#     tests/package/twice.sh [OPTION OF cargo build]…
set -euo pipefail
cd "$(dirname "$0")/../.."

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
git clone --quiet --no-hardlinks . "$elsewhere/clone"
mkdir -p "$elsewhere/clone/target"
cp -r target/tools "$elsewhere/clone/target/"
"$elsewhere/clone/packaging/build.sh" "$@"
cp target/package/*.deb "$elsewhere/first.deb"
cp "$elsewhere"/clone/target/package/*.deb "$elsewhere/second.deb"
if cmp -s "$elsewhere/first.deb" "$elsewhere/second.deb"; then
    echo "the same: $(sha256sum <"$elsewhere/first.deb")"
    exit
fi
echo "they differ, in:" >&2
for which in first second; do
    dpkg-deb -R "$elsewhere/$which.deb" "$elsewhere/$which"
done
(cd "$elsewhere" && diff -rq first second >&2) || true
exit 1
