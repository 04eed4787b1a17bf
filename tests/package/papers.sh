#!/usr/bin/env bash
# Looks at a package: Debian's rules, what it needs, how large it is, and what lies in it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/package/say.sh

package=$1
content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT
dpkg-deb -R "$package" "$content"
program=$content/usr/bin/appliance

echo "the package"
said=$(lintian --fail-on error,warning --suppress-tags-from-file tests/package/lintian-suppressed "$package" 2>&1) ||
    fails "lintian: $said"
holds "lintian finds nothing${said:+ but: $said}"

needed=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
[ "$(printf '%s\nGLIBC_2.34\n' "$needed" | sort -V | tail -n 1)" = GLIBC_2.34 ] || fails "it needs $needed"
holds "no glibc newer than 2.34 is needed: $needed"
must "what it depends on was computed" grep -q '^Depends:.*libc6 (>= 2' "$content/DEBIAN/control"

size() { # file
    stat -c %s "$1"
}
small() { # file, MiB, words
    local bytes
    bytes=$(size "$1")
    if [ "$bytes" -lt $(($2 << 20)) ]; then
        holds "$3 has $((bytes >> 10)) KiB, under $2 MiB"
    else
        misses "$3 has $((bytes >> 10)) KiB, and is to have under $2 MiB"
    fi
}
small "$package" 12 "the package"
small "$program" 32 "the program"
[ -z "$(nm "$program" 2>/dev/null)" ] || fails "the program is not stripped"
holds "the program is stripped"
said=$(strings "$program" | grep -F -e "$PWD/" -e "${CARGO_HOME:-$HOME/.cargo}/" || true)
[ -z "$said" ] || fails "the program names directories of the machine that made it: $said"
holds "the program names no directory of the machine that made it"

while read -r path; do
    [ -s "$content/$path" ] || fails "it lacks $path"
done <<'END'
etc/appliance/appliance.toml
usr/lib/systemd/system/appliance.service
usr/lib/systemd/system/appliance.socket
usr/lib/systemd/system/appliance-http.socket
usr/lib/sysusers.d/appliance.conf
usr/lib/tmpfiles.d/appliance.conf
usr/share/man/man1/appliance.1.gz
usr/share/man/man1/appliance-backup-create.1.gz
usr/share/bash-completion/completions/appliance
usr/share/zsh/vendor-completions/_appliance
usr/share/fish/vendor_completions.d/appliance.fish
usr/share/doc/appliance/copyright
usr/share/doc/appliance/changelog.gz
usr/share/doc/appliance/changelog.Debian.gz
usr/share/doc/appliance/appliance.cdx.json
usr/share/doc/appliance/monitoring/grafana.json
END
holds "nothing is missing in it"
must "the configuration is a conffile" grep -qx /etc/appliance/appliance.toml "$content/DEBIAN/conffiles"
must "bash reads the completions" bash -n "$content/usr/share/bash-completion/completions/appliance"
must "the configuration is valid" "$program" --config "$content/etc/appliance/appliance.toml" config check

crates=$(python3 - "$content/usr/share/doc/appliance" <<'END'
import json, pathlib, sys
doc = pathlib.Path(sys.argv[1])
bill, text = json.loads((doc / "appliance.cdx.json").read_text()), (doc / "copyright").read_text()
for part in bill["components"]:
    assert part.get("licenses"), f"no licence: {part['purl']}"
    assert part.get("hashes"), f"no checksum: {part['purl']}"
    assert f"\n{part['name']} {part['version']}: " in text, f"not in copyright: {part['purl']}"
print(len(bill["components"]))
END
) || fails "the bill of materials and the licences do not agree"
holds "bill of materials and licences agree on $crates crates"
