#!/usr/bin/env python3
"""Becomes the first administrator, makes an event and attends it: what an evening after the installation is.

    first_scan.py SET-UP-LINK CERTIFICATE
"""

import datetime
import json
import ssl
import sys
import time
import urllib.request


def main():
    link, certificate = sys.argv[1:]
    context = ssl.create_default_context(cafile=certificate)
    origin, token = link.split("/app/setup#")
    # The link says localhost, which is also what the certificate is for.
    began = time.monotonic()

    def call(path, body=None, bearer=None):
        request = urllib.request.Request(f"{origin}/api/v1{path}")
        if bearer:
            request.add_header("Authorization", f"Bearer {bearer}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return json.load(answer)

    password = "five small owls in a barn"
    email = "capo@example.org"
    call("/setup", {"token": token, "email": email, "password": password, "name": "Clara", "surname": "Neri"})
    bearer = call("/auth/login", {"identifier": email, "password": password})["access_token"]
    today = datetime.date.today().isoformat()
    event = call("/events", {"name": "Primo giorno", "date": today, "mode": "static"}, bearer)["event_id"]
    code = call(f"/events/{event}/code", bearer=bearer)["code"]
    scan = call("/scans", {"code": code, "nonce": "the-first-scan-of-all"}, bearer)
    assert scan["outcome"] == "recorded", scan
    print(f"{time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
