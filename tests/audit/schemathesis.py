"""schemathesis: whether the API answers as its OpenAPI document says, whatever it is asked.

Cases are generated for every operation, valid and invalid ones, and followed from one operation to the
next, as nobody, as a user and as an administrator. All checks of schemathesis are on: no answer 5xx,
every status, content type, header and body as described, invalid data refused, methods that are not
described answered 405 with Allow, nothing secured answered without a token. schemathesis.toml says
what holds beyond. Fails on every failure and error that it reports.

Two operations are asked apart, a few times, in sessions of their own: logging out ends the session
that the others go on with, and a backup takes its time. Once more everything is asked with rate limits
on, where being told to wait is right and an answer 5xx is not.
"""

import datetime
import json
import subprocess

from report import Row
from target import ROOT, Appliance, run

HOME = ROOT / "tests/audit"
BIN = ROOT / "target/audit/schemathesis/bin"
APART = ("logout", "createBackup")
# Nobody listens there, and nobody who is made up has an account that a letter could be for.
MAIL = ["mail.host=localhost", "mail.from=audit@example.org", "mail.encryption=off", "mail.port=9"]
ROOMY = [*MAIL, "rate_limit.enabled=false", "auth.access_token_minutes=60",
         # What is asked here is the API, not how long a password takes to hash.
         "auth.argon2_memory_kib=64", "auth.argon2_passes=1"]


def version():
    listed = subprocess.run([BIN / "pip", "show", "schemathesis"], capture_output=True, text=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if line.startswith("Version:"))


def audit(context):
    rows = []
    with Appliance(context, "schemathesis", ROOMY) as appliance:
        furnish(context, appliance)
        for who in ("nobody", "user", "admin"):
            token = None if who == "nobody" else appliance.token(who)
            every = [word for name in APART for word in ("--exclude-operation-id", name)]
            rows.append(ask(context, appliance, who, f"every operation, as {who}", token, 40, every))
        for name in APART:
            few = ["--include-operation-id", name, "--phases", "coverage,fuzzing"]
            rows.append(ask(context, appliance, name, f"`{name}`, as admin", appliance.token("admin"), 5, few))
        rows[-1].findings += appliance.faults()
    with Appliance(context, "schemathesis-limited", MAIL) as appliance:
        furnish(context, appliance)
        only = ["--checks", "not_a_server_error", "--phases", "coverage,fuzzing"]
        only += [word for name in APART for word in ("--exclude-operation-id", name)]
        rows.append(ask(context, appliance, "limited", "no answer 5xx with rate limits on, as nobody", None, 10, only))
        rows.append(ask(context, appliance, "limited-user", "the same, as user", appliance.token("user"), 10, only))
        rows[-1].findings += appliance.faults()
    return rows


def furnish(context, appliance):
    """An event and a backup to ask for, whose names schemathesis.toml reads from the environment."""
    token = appliance.token("admin")
    event = {"name": "Audit", "date": datetime.date.today().isoformat(), "mode": "static"}
    made = json.loads(appliance.ask("/api/v1/events", event, token))
    backup = json.loads(appliance.ask("/api/v1/backups", {}, token))
    context.environment = {"AUDIT_HOOKS": str(HOME / "schemathesis_hooks.py"),
                           "AUDIT_EVENT": made["event_id"], "AUDIT_BACKUP": backup["name"]}


def ask(context, appliance, label, what, token, examples, options):
    report = context.work / f"schemathesis-{label}.json"
    credentials = ["-H", f"Authorization: Bearer {token}"] if token else []
    code = run(
        [BIN / "schemathesis", "--config-file", HOME / "schemathesis.toml", "run", appliance.url + "/openapi.json",
         "--tls-verify", context.authority.ca, "--workers", 2, "--max-examples", examples, "--no-color",
         "--report", "json", "--report-json-path", report, *credentials, *options],
        context.work / f"schemathesis-{label}.txt", timeout=900, cwd=context.work,
        environment=context.environment)
    row = Row("schemathesis", version(), what, "")
    if not report.exists():
        row.findings.append(f"did not finish, exit code {code}")
        return row
    verdict = json.loads(report.read_text())
    operations, cases = verdict["operations"], verdict["test_cases"]
    row.done = f"{cases['generated']} cases, {operations['tested']} operations"
    for failure in verdict["failures"]:
        places = ", ".join(failure["operations"])
        row.findings.append(f"{failure['title']} ({failure['count']} times): {places}")
    row.findings += [f"{error['title']} ({error['count']} times)" for error in verdict["errors"]]
    if not row.findings and (code != 0 or not verdict["complete"] or operations["tested"] < operations["selected"]):
        row.findings.append(f"did not ask everything, exit code {code}, {operations}")
    return row
