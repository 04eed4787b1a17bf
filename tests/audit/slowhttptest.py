"""slowhttptest: whether others are still served while a thousand connections dawdle.

It opens connections whose headers (-H) or bodies (-B) drip, or which read the answer by the byte (-X),
and once a second asks for the page itself. Fails when one of these was not answered in time.
"""

import csv
import subprocess

from report import Row
from target import Appliance, run

# No more a second than the tool itself, which has one thread, opens without losing sight of the service.
CONNECTIONS, RATE, SECONDS = 1000, 50, 45
# Attack and probe come from one address, which the appliance would hold to its share.
SETTINGS = [f"limits.connections_per_address={4 * CONNECTIONS}"]
ATTACKS = [
    ("-H", "slow headers", "/", ["-t", "GET", "-x", "24", "-i", "2"]),
    ("-B", "slow bodies", "/api/v1/auth/login", ["-f", "application/json", "-s", "8192", "-x", "10", "-i", "2"]),
    ("-X", "slow reading", "/docs/swagger-ui.js", ["-w", "256", "-y", "512", "-n", "2", "-z", "16", "-k", "3"]),
]


def version():
    said = subprocess.run(["slowhttptest", "-h"], capture_output=True, text=True)
    words = (said.stdout + said.stderr).split()
    return words[words.index("version") + 1]


def audit(context):
    return [attack(context, *one) for one in ATTACKS]


def attack(context, flag, what, path, options):
    label = f"slowhttptest{flag}"
    prefix = context.work / label
    with Appliance(context, label, SETTINGS) as appliance:
        run(["slowhttptest", flag, "-c", CONNECTIONS, "-r", RATE, "-l", SECONDS, "-p", 5, "-g", "-o", prefix,
             *options, "-u", appliance.url + path],
            context.work / f"{label}.txt", timeout=SECONDS + 60)
        findings = appliance.faults()
    table = prefix.with_suffix(".csv")
    seconds = list(csv.DictReader(table.open())) if table.exists() else []
    opened = max((int(second["Connected"]) for second in seconds), default=0)
    if len(seconds) < 5 or opened < CONNECTIONS / 4:
        findings.append(f"was no attack: {len(seconds)} seconds, {opened} connections at once")
    unavailable = [second["Seconds"] for second in seconds if int(second["Service Available"]) == 0]
    if unavailable:
        findings.append(f"not available in the seconds {', '.join(unavailable)}")
    done = f"{CONNECTIONS} connections, {opened} at once, {len(seconds)} s"
    return Row("slowhttptest", version(), f"{flag}: {what}", done, findings)
