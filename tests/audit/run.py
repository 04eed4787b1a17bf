#!/usr/bin/env python3
"""`make audit`: public scanners against a release build, and their verdict in docs/security.md.

    tests/audit/run.py               every scanner; writes docs/security.md; fails on a finding
    tests/audit/run.py sslyze …      these alone; writes nothing
    AUDIT_BINARY=target/debug/appliance tests/audit/run.py …   with another build

There is one file a scanner beside this one, which says what it checks and how it decides (insiders.py has
three more for its own); target.py is what they are let loose on, report.py the table. All traffic stays on
loopback. `insiders` alone takes fifty minutes.
"""

import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import insiders
import login_timing
import schemathesis
import slowhttptest
import sslyze
import testssl
import wapiti
from report import show, write
from target import ROOT, Authority

SCANNERS = {"testssl": testssl, "sslyze": sslyze, "slowhttptest": slowhttptest, "wapiti": wapiti,
            "schemathesis": schemathesis, "login_timing": login_timing, "insiders": insiders}


class Audit:
    """What the scanners share: the program, a CA, and a directory for what they leave."""

    def __init__(self, binary, work):
        self.binary, self.work, self.environment = binary, work, {}
        self.authority = Authority(work)


def main(names):
    unknown = set(names) - set(SCANNERS)
    if unknown:
        raise SystemExit(f"no such scanner: {', '.join(unknown)}; there are {', '.join(SCANNERS)}")
    subprocess.run([ROOT / "tests/audit/install.sh"], check=True)
    binary = os.environ.get("AUDIT_BINARY")
    if not binary:
        subprocess.run(["cargo", "build", "--release", "--locked"], check=True, cwd=ROOT)
        binary = ROOT / "target/release/appliance"
    rows = []
    # Short, because a Unix socket lies in it.
    work = Path(tempfile.mkdtemp(prefix="audit-"))
    audit = Audit(Path(binary).resolve(), work)
    for name in names or SCANNERS:
        started = time.monotonic()
        found = SCANNERS[name].audit(audit)
        show(found)
        print(f"       {time.monotonic() - started:.0f} s", flush=True)
        rows += found
    failed = any(row.findings for row in rows)
    if not names:
        said = subprocess.run([audit.binary, "version"], capture_output=True, text=True, check=True).stdout
        write(ROOT / "docs/security.md", rows, said.split()[-1], datetime.date.today().isoformat())
    if failed:
        print(f"what the scanners said is in {work}", file=sys.stderr)
    else:
        shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
