"""A mail server for tests: aiosmtpd, which writes each message that it takes as a line of JSON.

Its one argument is JSON: port, mode ("starttls", "tls" or "clear"), certificate and key, user and password
of whom it lets in ("" for anybody), and how many messages it turns down for now before it takes one.
"""

import email
import email.policy
import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

wanted = json.loads(sys.argv[1])


class Inbox:
    """Takes messages."""

    def __init__(self):
        self.turned_down = 0

    async def handle_DATA(self, server, session, envelope):
        if self.turned_down < wanted["later"]:
            self.turned_down += 1
            return "451 4.7.1 come back later"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        taken = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or wanted["mode"] == "tls",
            "user": session.auth_data,
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": message.get_content(),
        }
        print(json.dumps(taken), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    """Lets one user in."""
    user, password = data.login.decode(), data.password.decode()
    let_in = (user, password) == (wanted["user"], wanted["password"])
    return AuthResult(success=let_in, handled=let_in, auth_data=user)


settings = {}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if wanted["mode"] != "clear":
    context.load_cert_chain(wanted["certificate"], wanted["key"])
if wanted["mode"] == "starttls":
    settings.update(tls_context=context, require_starttls=True)
if wanted["mode"] == "tls":
    settings.update(ssl_context=context)
if wanted["user"]:
    settings.update(authenticator=authenticate, auth_required=True)
    if wanted["mode"] != "starttls":
        settings.update(auth_require_tls=False)
Controller(Inbox(), hostname="127.0.0.1", port=wanted["port"], **settings).start()
print("ready", flush=True)
threading.Event().wait()
