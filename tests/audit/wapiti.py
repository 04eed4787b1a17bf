"""wapiti: injections, traversal, cross-site scripting, redirects, headers, cookies, over web app and API.

The web app is crawled as nobody; the API is taken from its document and asked as an administrator.
Fails on every vulnerability and every anomaly (an answer 5xx, a timeout) that it reports. Left out are
the modules that ask servers elsewhere (log4shell, ssrf, takeover, wapp, cms), that look for products
which this is none of (wp_enum, nikto, network_device, spring4shell), and ssl, which the two TLS
scanners do better.
"""

import json
import subprocess

from report import Row
from target import NAME, ROOT, Appliance, run

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
        document.write_text(json.dumps(without_logout(json.loads(appliance.ask("/openapi.json")))))
        api = ["--swagger", document, "-H", f"Authorization: Bearer {token}"]
        rows.append(scan(context, appliance, "api", "the API, as an administrator", api))
        rows[-1].findings += appliance.faults()
    return rows


def without_logout(document):
    """Logging out would end the session that the scan goes on with."""
    del document["paths"]["/api/v1/auth/logout"]
    return document


def scan(context, appliance, label, what, options):
    out = context.work / f"wapiti-{label}.json"
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
    row.done = f"{report['infos']['crawled_pages_nbr']} addresses, {len(MODULES.split(','))} modules"
    for kind in ("vulnerabilities", "anomalies"):
        for title, entries in report[kind].items():
            row.findings += [f"{title}: {entry['method']} {entry['path']}: {entry['info']}" for entry in entries]
    return row
