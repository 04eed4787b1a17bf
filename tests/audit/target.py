"""What the scanners are let loose on: a real appliance on loopback, with a certificate of a CA of its own.

The public URL is a name that no browser would take for this machine's own, so that everything is on
that is on in the open (HSTS among it); the scanners reach it by address, and nothing leaves loopback.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "audit.appliance.example"
PASSWORD = "corretto cavallo batteria graffetta"


class Authority:
    """A CA and the certificate that it gave the appliance, as short-lived as a public one's."""

    def __init__(self, directory):
        self.ca, self.chain, self.key = (directory / name for name in ("ca.pem", "chain.pem", "key.pem"))
        ca_key, request, extensions = (directory / name for name in ("ca.key", "leaf.csr", "leaf.ext"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", self.ca, "-days", "30",
                "-subj", "/CN=Audit CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", f"/CN={NAME}")
        extensions.write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
            f"subjectAltName=DNS:{NAME},DNS:localhost,IP:127.0.0.1\n")
        leaf = directory / "leaf.pem"
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial",
                "-days", "90", "-sha256", "-extfile", extensions, "-out", leaf)
        self.chain.write_text(leaf.read_text())


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Appliance:
    """A running one, with an administrator and a user. What it logged is kept beside its data."""

    def __init__(self, audit, label, settings=()):
        self.binary, self.authority = audit.binary, audit.authority
        self.data = audit.work / label
        self.log = audit.work / f"{label}.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.settings = [f"--set={setting}" for setting in (
            f"server.listen=127.0.0.1:{self.port}", f"server.public_url=https://{NAME}:{self.port}",
            "tls.mode=files", f"tls.certificates=['{self.authority.chain}']",
            f"tls.keys=['{self.authority.key}']",
            # Whoever reads the log needs to find what went wrong, and the scanners ask a lot.
            "log.format=json", *settings)]
        self.created = 0
        self.trust = ssl.create_default_context(cafile=str(self.authority.ca))

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command("serve"), stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the appliance did not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        for role in ("admin", "staff", "user"):
            self.create(role, role)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def command(self, *words):
        return [str(self.binary), f"--data-dir={self.data}", *self.settings, *words]

    def ask(self, path, body=None, token=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        with urllib.request.urlopen(request, context=self.trust, timeout=10) as answer:
            return answer.read()

    def post(self, posts, kind, token):
        """Hands in posts; whether they were taken."""
        headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(self.url + "/api/v1/social/logs", posts, headers)
        try:
            with urllib.request.urlopen(request, context=self.trust, timeout=60):
                return True
        except urllib.error.HTTPError:
            return False

    def is_ready(self):
        try:
            return bool(self.ask("/readyz"))
        except OSError:
            return False

    def create(self, name, role):
        create = ["user", "create", "--email", f"{name}@{NAME}", "--name", "Audit",
                  "--surname", role.title(), "--role", role, "--password-stdin"]
        subprocess.run(self.command(*create), input=PASSWORD.encode(), check=True, capture_output=True)

    def token(self, role):
        """An access token of somebody new: a scanner may have done anything to those that were there."""
        self.created += 1
        name = f"{role}-{self.created}"
        self.create(name, role)
        credentials = {"identifier": f"{name}@{NAME}", "password": PASSWORD}
        return json.loads(self.ask("/api/v1/auth/login", credentials))["access_token"]

    def answered(self):
        """How many requests it has answered, in all and with a 2xx, by its own log."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if '"message":"request"' in line]
        return len(lines), sum('"status":2' in line for line in lines)

    def faults(self):
        """What the appliance itself says went wrong: errors in its log, and that it stopped or hangs."""
        faults = [] if self.process.poll() is None else [f"stopped with {self.process.returncode}"]
        if not faults and not self.is_ready():
            faults.append("is not ready afterwards")
        for line in self.log.read_text(errors="replace").splitlines():
            if '"level":"ERROR"' in line or "panicked" in line:
                faults.append(f"logged: {line[:300]}")
        return faults


def run(words, log, timeout, environment=None, **more):
    """Runs a scanner with everything it says in a file; its exit code, or None when it took too long."""
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "ignore", **(environment or {})}
    with log.open("wb") as output:
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env=environment, start_new_session=True, **more)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
