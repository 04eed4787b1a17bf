#!/usr/bin/env python3
"""Writes the papers that go with a package, from what cargo knows of the build.

    packaging/papers.py DIRECTORY

    copyright          the licence of every crate that is compiled into the program, with its text
    appliance.cdx.json what it is made of, as CycloneDX (cyclonedx.org), for scanners
    changelog.Debian   one entry a release; what changed stands in CHANGELOG.md

The same commit gives the same bytes: the time is that of the commit (SOURCE_DATE_EPOCH), everything is
sorted, and nothing tells of the machine.
"""

import datetime
import email.utils
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
LICENCE_NAMES = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense|authors)\b", re.I)
COMMON = {
    "Apache-2.0": r"Apache License\s+Version 2\.0, January 2004.{9000,10600}?"
                  r"(END OF TERMS AND CONDITIONS.{0,1800})?",
    "GPL-2": r"GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991.*",
}
# Kept in static/ at a fixed version; static/vendor/README.md tells from where.
VENDORED = ROOT / "static" / "vendor"
MAINTAINER = "The appliance authors <appliance@example.org>"


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    version = subprocess.check_output(["rustc", "-vV"], text=True)
    host = re.search(r"^host: (.*)$", version, re.M).group(1)
    metadata = json.loads(subprocess.check_output(
        ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", host], cwd=ROOT))
    # Metadata unites the features of builds and tests; the tree has those of the program alone.
    tree = subprocess.check_output(
        ["cargo", "tree", "--locked", "--edges=normal", "--prefix=none", "--format={p}", "--target", host],
        cwd=ROOT, text=True)
    linked = {tuple(line.split()[:2]) for line in tree.splitlines()}
    packages, edges = compiled_in(metadata, lambda it: (it["name"], f"v{it['version']}") in linked)
    own = next(package for package in packages if package["id"] == metadata["resolve"]["root"])
    crates = [package for package in packages if package is not own]
    write(directory / "copyright", copyright_file(crates))
    write(directory / "appliance.cdx.json", bill(own, crates, edges, epoch))
    write(directory / "changelog.Debian", changelog(own["version"], epoch))
    print(f"{len(crates)} crates in the papers")


def write(path, text):
    path.write_text(text, encoding="utf-8")


def compiled_in(metadata, is_linked):
    """The packages that are linked, and who of them uses whom. What only builds or tests is not there;
    procedural macros are: some of what they write is in the program."""
    by_id = {package["id"]: package for package in metadata["packages"]}
    edges, todo = {}, [metadata["resolve"]["root"]]
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    while todo:
        current = todo.pop()
        if current in edges:
            continue
        linked = [dep["pkg"] for dep in nodes[current]["deps"]
                  if any(kind["kind"] is None for kind in dep["dep_kinds"]) and is_linked(by_id[dep["pkg"]])]
        edges[current] = sorted(linked)
        todo += linked
    packages = sorted((by_id[id] for id in edges), key=lambda it: (it["name"], it["version"]))
    return packages, edges


def licence_texts(directory, depth=3):
    """Every file that looks like a licence, of the crate and of the C sources that it brings."""
    found = []
    for path in sorted(directory.rglob("*")):
        below = path.relative_to(directory)
        if len(below.parts) > depth or not path.is_file() or "test" in str(below).lower():
            continue
        if LICENCE_NAMES.match(path.name) and path.suffix.lower() in ("", ".md", ".txt", ".mit", ".rst"):
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            # Whose full words every Debian has, and nothing of its own beside them.
            common = next((name for name, pattern in COMMON.items() if re.fullmatch(pattern, text, re.S)), None)
            text = f"On Debian in /usr/share/common-licenses/{common}" if common else text
            found.append("\n".join(line.rstrip() for line in text.splitlines()))
    return found


def copyright_file(crates):
    own = (ROOT / "LICENSE").read_text(encoding="utf-8").strip()
    texts, rows = {}, []

    def numbers(directory):
        def number(text):
            # The same words in other lines are the same text.
            key = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            return texts.setdefault(key, (len(texts) + 1, text))[0]
        return sorted({number(text) for text in licence_texts(directory)})

    for crate in crates:
        licence = expression(crate) or "see the text"
        by = ", ".join(re.sub(r"\s*<[^>]*>", "", author) for author in crate["authors"])
        which = numbers(pathlib.Path(crate["manifest_path"]).parent)
        rows.append(entry(f"{crate['name']} {crate['version']}", licence, by, which))
    for vendored in sorted(path for path in VENDORED.iterdir() if path.is_dir()):
        rows.append(entry(f"{vendored.name} (web app)", "see the text", "", numbers(vendored)))
    parts = [
        # cargo-deb takes a file that begins like this as it is.
        "Copyright: 2026 The appliance authors\nLicense: MIT", indented(own),
        "Compiled into it are the crates below, from Rust's registry, the standard library of Rust (MIT OR\n"
        "Apache-2.0, The Rust Project Developers) and, for the web app, what is marked so. Where a choice of\n"
        "licences is offered, MIT is taken when it is among them. The numbers are those of the texts that\n"
        "follow. A crate without a number brings no text of its own; its licence is named, and its words stand\n"
        "below or in /usr/share/common-licenses.",
        "\n".join(rows),
    ]
    parts += [f"--- text {number} ---\n\n{text}" for number, text in sorted(texts.values())]
    return "\n\n".join(parts) + "\n"


def expression(crate):
    """The licence as SPDX writes it; old crates separate a choice by a slash."""
    return " ".join((crate["license"] or "").replace("/", " OR ").split())


def entry(name, licence, authors, which):
    texts = f"  [{', '.join(map(str, which))}]" if which else ""
    return f"{name}: {licence}{texts}" + (f"\n    {authors}" if authors else "")


def indented(text):
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def bill(own, crates, edges, epoch):
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    checksums = {(it["name"], it["version"]): it.get("checksum") for it in lock["package"]}
    reference = {crate["id"]: purl(crate) for crate in [own, *crates]}
    components = [component(crate, "library", checksums) for crate in crates]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(epoch, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(own, "application", checksums),
        },
        "components": components,
        "dependencies": sorted(
            ({"ref": reference[id], "dependsOn": sorted(reference[dep] for dep in deps)}
             for id, deps in edges.items()),
            key=lambda it: it["ref"]),
    }
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def purl(crate):
    return f"pkg:cargo/{crate['name']}@{crate['version'].replace('+', '%2B')}"


def component(crate, kind, checksums):
    found = {
        "type": kind,
        "bom-ref": purl(crate),
        "name": crate["name"],
        "version": crate["version"],
        "purl": purl(crate),
    }
    if crate["description"]:
        found["description"] = " ".join(crate["description"].split())
    if crate["license"]:
        found["licenses"] = [{"expression": expression(crate)}]
    checksum = checksums.get((crate["name"], crate["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if crate["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": crate["repository"]}]
    return found


def changelog(version, epoch):
    date = email.utils.format_datetime(datetime.datetime.fromtimestamp(epoch, datetime.UTC))
    return (f"appliance ({version}-1) stable; urgency=medium\n\n"
            f"  * Version {version}; what changed stands in changelog.gz.\n\n"
            f" -- {MAINTAINER}  {date}\n")


if __name__ == "__main__":
    main()
