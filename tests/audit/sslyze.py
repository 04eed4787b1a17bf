"""sslyze: whether the public listener keeps to Mozilla's intermediate configuration.

Fails unless sslyze itself says that it does (its exit code and its words).
"""

import subprocess

from report import Row
from target import NAME, ROOT, Appliance, run

BIN = ROOT / "target/audit/sslyze/bin"


def version():
    listed = subprocess.run([BIN / "pip", "show", "sslyze"], capture_output=True, text=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if line.startswith("Version:"))


def audit(context):
    log = context.work / "sslyze.txt"
    with Appliance(context, "sslyze") as appliance:
        code = run(
            [BIN / "python", "-m", "sslyze", "--mozilla_config=intermediate",
             "--certinfo_ca_file", context.authority.ca, "--sni", NAME, f"127.0.0.1:{appliance.port}"],
            log, timeout=300, cwd=context.work)
        findings = appliance.faults()
    lines = log.read_text().splitlines()
    verdict = [line.strip() for line in lines if f"127.0.0.1:{appliance.port}: " in line]
    if code != 0 or not any("OK - Compliant" in line for line in verdict):
        findings += [line for line in lines if line.lstrip().startswith("*")] + verdict
        findings.append(f"not compliant, exit code {code}")
    return [Row("sslyze", version(), "Mozilla's *intermediate* configuration", "one verdict", findings)]
