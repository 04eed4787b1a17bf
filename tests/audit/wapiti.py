"""wapiti: injections, traversal, cross-site scripting, redirects, headers, cookies, over web app and API.

The web app is crawled as nobody. The API is taken from its document, with a value for each parameter
and field that is accepted, so that an attack on one of them is not refused for another; it is asked as
an administrator.
Fails on every vulnerability and every anomaly (an answer 5xx, a timeout) that it reports. Left out are
the modules that ask servers elsewhere (log4shell, ssrf, takeover, wapp, cms), that look for products
which this is none of (wp_enum, nikto, network_device, spring4shell), and ssl, which the two TLS
scanners do better.
"""

import datetime
import json
import subprocess

from report import Row
from target import NAME, PASSWORD, ROOT, Appliance, run

BIN = ROOT / "target/audit/wapiti3/bin"
MODULES = ("backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,ldap,methods,permanentxss,"
           "redirect,shellshock,sql,timesql,upload,xss,xxe")
PAGES = ["/app/login", "/app/register", "/app/events", "/app/system", "/S/000001R749JR13SHR9F0FPAAPSQ16", "/docs"]


def version():
    listed = subprocess.run([BIN / "pip", "show", "wapiti3"], capture_output=True, text=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if line.startswith("Version:"))


def audit(context):
    with Appliance(context, "wapiti", ["rate_limit.enabled=false", "auth.access_token_minutes=60"]) as appliance:
        starts = [word for page in PAGES for word in ("-s", appliance.url + page)]
        rows = [scan(context, appliance, "web", "the web app", starts)]
        token = appliance.token("admin")
        document = context.work / "wapiti-openapi.json"
        document.write_text(json.dumps(with_values(appliance, token)))
        api = ["--swagger", document, "-H", f"Authorization: Bearer {token}"]
        rows.append(scan(context, appliance, "api", "the API, as an administrator", api))
        rows[-1].findings += appliance.faults()
    return rows


def with_values(appliance, token):
    """The document with what is accepted everywhere.

    Without logging out, which would end the scan, and without the log: each question is in the answer to
    the next, and modules that hold two answers against each other take that for a finding.
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    event = {"name": "Audit", "date": now.date().isoformat(), "mode": "static"}
    made = json.loads(appliance.ask("/api/v1/events", event, token))
    code = json.loads(appliance.ask(f"/api/v1/events/{made['event_id']}/code", token=token))
    values = {
        "limit": 10, "actor": "user:1", "action": "login.success", "target": "user:1", "level": "info",
        "from": f"{now - datetime.timedelta(hours=1):%FT%TZ}", "to": f"{now:%FT%TZ}", "step": 60,
        "metric": "connections", "text": "a", "status": "present", "social": "instagram", "content": "a",
        "timestamp": f"{now:%FT%TZ}", "event_id": made["event_id"], "id": 2, "role": "staff",
        "email": "wapiti@example.org", "password": PASSWORD, "surname": "Audit", "name": "Audit",
        "identifier": f"user@{NAME}", "date": event["date"], "code": code["code"], "nonce": "wapiti-nonce",
        "use_cookie": False, "Idempotency-Key": "wapiti",
    }
    document = json.loads(appliance.ask("/openapi.json"))
    for path in ("/auth/logout", "/dashboard/logs"):
        del document["paths"][f"/api/v1{path}"]
    for operation in (one for path in document["paths"].values() for one in path.values()):
        # A cursor can only come from a page.
        kept = [one for one in operation.get("parameters", []) if one["name"] in values]
        for parameter in kept:
            kind = parameter["schema"].get("type", "string")
            parameter["schema"] = {"type": kind, "default": values[parameter["name"]]}
        if "parameters" in operation:
            operation["parameters"] = kept
    for name, schema in document["components"]["schemas"].items():
        if schema.get("additionalProperties") is not False:
            continue
        wanted = [*schema.get("required", []), *(["code"] if name == "NewScan" else [])]
        schema["properties"] = {
            field: {"type": schema["properties"][field].get("type", "string"), "default": values.get(field, "a")}
            for field in wanted}
    return document


def scan(context, appliance, label, what, options):
    out = context.work / f"wapiti-{label}.json"
    before = appliance.answered()
    code = run(
        [BIN / "wapiti", "-u", appliance.url + "/", "--scope", "folder", "-m", MODULES, "-f", "json", "-o", out,
         "--flush-session", "--store-session", context.work / f"wapiti-{label}", "--no-bugreport",
         "--max-scan-time", 60, "--max-attack-time", 20, "--tasks", 8, "-t", 10, "-v", 1, *options],
        context.work / f"wapiti-{label}.txt", timeout=600, cwd=context.work)
    row = Row("wapiti", version(), what, "")
    if code != 0 or not out.exists():
        row.findings.append(f"did not finish, exit code {code}")
        return row
    report = json.loads(out.read_text())
    asked, good = (after - before for after, before in zip(appliance.answered(), before))
    row.done = f"{report['infos']['crawled_pages_nbr']} addresses, {asked} requests, {good} answered 2xx"
    if good < asked / 10:
        row.findings.append(f"asked for next to nothing that is there: {row.done}")
    for kind in ("vulnerabilities", "anomalies"):
        for title, entries in report[kind].items():
            row.findings += [f"{title}: {entry['method']} {entry['path']}: {entry['info']}" for entry in entries]
    return row
