#!/usr/bin/env bash
# Looks at the units and the alarms without starting anything.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/package/say.sh

units=packaging/systemd
monitoring=packaging/monitoring
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "the units"
# What the units name need not be on this machine; what they say must make sense. Of the two types of the
# service an older systemd knows the first.
for unit in appliance.service appliance.socket appliance-http.socket; do
    sed -e 's#^ExecStart=/usr/bin/appliance#ExecStart=/bin/true#' -e '/^Documentation=/d' "$units/$unit" >"$scratch/$unit"
done
# Ends with 1 when a user of a unit is not on this machine, too; what it says is what counts.
said=$(systemd-analyze verify --man=no "$scratch"/appliance.service "$scratch"/*.socket 2>&1 || true)
said=$(grep -v 'Failed to parse service type, ignoring: notify-reload$' <<<"$said" || true)
[ -z "$said" ] || fails "systemd-analyze verify: $said"
holds "systemd-analyze verify has nothing to say"
said=$(systemd-analyze security --offline=true --threshold=15 --no-pager "$units/appliance.service" 2>&1) ||
    fails "the sandbox has holes: $said"
holds "$(grep -o 'Overall exposure level.*[0-9.]\+ [A-Z]\+' <<<"$said"), at most 1.5"

echo "the alarms"
cp "$monitoring"/* "$scratch/"
touch "$scratch/appliance.key"
cd "$scratch"
must "promtool check config" promtool check config prometheus.yml
must "promtool check rules" promtool check rules appliance.rules.yml
must "promtool test rules" promtool test rules appliance.rules.test.yml
cd - >/dev/null
python3 - <<'END' || fails "the board or an alarm asks for what there is not"
import json, pathlib, re
there = set(re.findall(r'"([a-z_]+)"', "".join(p.read_text() for p in pathlib.Path("src/telemetry").rglob("*.rs"))))
board = json.loads(pathlib.Path("packaging/monitoring/grafana.json").read_text())
asked = [t["expr"] for panel in board["panels"] for t in panel.get("targets", [])]
asked += re.findall(r"expr: (.*(?:\n {10}.*)*)", pathlib.Path("packaging/monitoring/appliance.rules.yml").read_text())
named = {re.sub("_(bucket|sum|count)$", "", name) for text in asked for name in re.findall(r"\b([a-z_]+){", text)}
assert len(asked) > 30 and not (named - there - {"up"}), named - there
END
holds "board and alarms ask for metrics that there are"
