"""testssl.sh: protocols, ciphers, known attacks, certificate and HTTP headers of the public listener.

Fails on everything that it grades LOW or above, and on what it could not test, except for what only a
public CA and the DNS can give: the certificate is of a CA made for the audit.
"""

import json
import subprocess

from report import Row
from target import NAME, Appliance, run

GRADES = {"WARN", "LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL"}
# Of these, what says something about the audit and not about the appliance.
ACCEPTED = {
    "OCSP_stapling": "a CA made for the audit has no OCSP responder, and public ones give theirs up",
    "cert_revocation": "a CA made for the audit publishes no list of what it revoked",
    "DNS_CAArecord": "the name of the audit is in no DNS",
    "engine_problem": "GOST is missing from the scanner's own OpenSSL, and is not offered here",
}


def version():
    banner = subprocess.run(["testssl", "--version"], capture_output=True, text=True).stdout
    words = banner.replace("\x1b", " ").split()
    return next((word for word in words if word[:1].isdigit() and "." in word), "of unknown version")


def audit(context):
    with Appliance(context, "testssl") as appliance:
        rows = [
            scan(context, appliance, "everything it knows, on `/`", "/", [], ACCEPTED),
            scan(context, appliance, "compression (BREACH), on the API", "/api/v1/instance", ["--breach"], ACCEPTED),
        ]
        rows[0].findings += appliance.faults()
    return rows


def scan(context, appliance, what, path, options, accepted):
    label = "testssl-" + ("breach" if options else "all")
    out = context.work / f"{label}.json"
    code = run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none",
         "--ip", "127.0.0.1", "--add-ca", context.authority.ca, "--jsonfile", out, *options,
         f"https://{NAME}:{appliance.port}{path}"],
        context.work / f"{label}.log", timeout=600)
    tests = json.loads(out.read_text()) if out.exists() else []
    row = Row("testssl.sh", version(), what, f"{len(tests)} results")
    if code is None or not tests:
        row.findings.append(f"did not finish, exit code {code}")
    for test in tests:
        if test["severity"] in GRADES:
            text = f"{test['severity']} {test['id']}: {test['finding']}"
            reason = next((why for name, why in accepted.items() if test["id"].startswith(name)), None)
            if reason:
                row.accepted.append(f"{test['severity']} {test['id']}: {reason}")
            else:
                row.findings.append(text)
    return row
