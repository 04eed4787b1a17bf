"""The table of an audit: on the terminal, and between two marks in docs/security.md."""

import re
from dataclasses import dataclass, field

BEGIN, END = "<!-- audit:begin -->", "<!-- audit:end -->"


@dataclass
class Row:
    """One scanner's one check."""

    tool: str
    version: str
    what: str
    done: str
    findings: list = field(default_factory=list)
    # What the scanner reports and the audit lets pass, each with why.
    accepted: list = field(default_factory=list)

    @property
    def result(self):
        return f"**{len(self.findings)} findings**" if self.findings else "no finding"


def show(rows):
    for row in rows:
        mark = "FAILED" if row.findings else "ok    "
        print(f"{mark} {row.tool} {row.version}: {row.what} ({row.done}): {row.result.strip('*')}")
        for finding in row.findings:
            print(f"         {finding}")
        for accepted in row.accepted:
            print(f"         let pass: {accepted}")


def write(path, rows, version, date):
    lines = [f"Version {version}, {date}, by `make audit`:", "",
             "| scanner | what it was asked | how much | result |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.tool} {row.version} | {row.what} | {row.done} | {row.result} |" for row in rows]
    for title, name in (("Findings", "findings"), ("Let pass, and why", "accepted")):
        entries = [f"- {row.tool}: {entry}" for row in rows for entry in getattr(row, name)]
        if entries:
            lines += ["", f"{title}:", "", *dict.fromkeys(entries)]
    page = path.read_text()
    between = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not between.search(page):
        raise SystemExit(f"{path.name} has no {BEGIN} … {END}")
    block = "\n".join([BEGIN, "", *lines, "", END])
    path.write_text(between.sub(lambda _: block, page))
