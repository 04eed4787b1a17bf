#!/usr/bin/env bash
# Makes the Debian package, target/package/appliance_VERSION_ARCHITECTURE.deb, the same from the same commit.
#
#     packaging/build.sh [OPTION OF cargo rustc]…
#
# What makes it the same: Cargo.lock, the time of the commit in place of that of the build, names of
# directories that do not depend on where they are, files in fixed order and owned by root. What must be the
# same, too: the version of rustc (Cargo.toml asks for a least one only), gcc, and binutils.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian 12 has 2.36, Ubuntu 22.04 2.35. A program needs no newer one than that it is linked with offers, and
# newer ones give functions new names, so a package for all of them is made on the oldest.
NEWEST_GLIBC=2.34

packaging/tools.sh build

out=target/package
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
# Apart from other release builds, which are made with other flags.
CARGO_TARGET_DIR=target/deb
cargo_home=${CARGO_HOME:-$HOME/.cargo}
places=("$PWD=/appliance" "$cargo_home=/cargo" "$(rustc --print sysroot)=/rust")
RUSTFLAGS=$(printf -- '--remap-path-prefix=%s ' "${places[@]}")
CFLAGS=$(printf -- '-ffile-prefix-map=%s ' "${places[@]}")
# A thirtieth of the program would be AES and RSA for AVX-512, once again beside what is for AVX2 and faster
# than any network. This is how aws-lc is told to leave it out.
CFLAGS+='-DMY_ASSEMBLER_IS_TOO_OLD_FOR_512AVX=1 '
# No panic unwinds through what is written in C.
CFLAGS+='-fno-asynchronous-unwind-tables -fno-unwind-tables'
export SOURCE_DATE_EPOCH CARGO_TARGET_DIR RUSTFLAGS CFLAGS LC_ALL=C TZ=UTC
umask 022

# What a generic function becomes for one type is often what it becomes for another. The linker that rustc brings
# for this architecture keeps one of those that are alike.
linking=()
if [ "$(uname -m)" = x86_64 ]; then
    linking=(-C link-arg=-Wl,--icf=all)
fi

cargo rustc --release --locked --bin appliance "$@" -- "${linking[@]}"
program=$CARGO_TARGET_DIR/release/appliance
# Options of a build may have kept symbols, and cargo-deb goes by the profile, which does not.
strip "$program"

needed=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
if [ "$(printf '%s\n' "$needed" "GLIBC_$NEWEST_GLIBC" | sort -V | tail -n 1)" != "GLIBC_$NEWEST_GLIBC" ]; then
    echo "the program needs $needed, newer than $NEWEST_GLIBC; build on an older system. It is for:" >&2
    objdump -T "$program" | grep -F "($needed)" >&2
    exit 1
fi

rm -rf "$out"
mkdir -p "$out"
packaging/papers.py "$out"
"$program" man --output "$out/man1"
gzip -9n "$out"/man1/*
gzip -9nc CHANGELOG.md >"$out/changelog.gz"
"$program" completions bash >"$out/appliance.bash"
"$program" completions zsh >"$out/_appliance"
"$program" completions fish >"$out/appliance.fish"

target/tools/bin/cargo-deb --no-build --quiet --output "$out/"
echo "made $(echo "$out"/*.deb), which needs $needed"
