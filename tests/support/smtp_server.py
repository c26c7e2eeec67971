"""A real SMTP server for tests, on a free port of 127.0.0.1.

Prints its port on the first line of standard output, then one line for each
event: "sign-in ok", "sign-in no", "recipient", "data", and "mail <number>" once
that mail lies in the folder, as <number>.eml (as received) and <number>.json
(its envelope, and its subject and body decoded). Ends when its standard input
is closed, so that it does not outlive the test that started it.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import ssl
import sys
import warnings

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    print("aiosmtpd is missing: pip install aiosmtpd", flush=True)
    sys.exit(1)

# Broken connections and sign-ins without TLS are what the tests are about.
logging.disable()
warnings.simplefilter("ignore")


def tell(event):
    print(event, flush=True)


class Mailbox:
    """Takes mail, or not, as the options say."""

    def __init__(self, options):
        self.options = options
        self.busy = options.busy_once
        self.mails = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        tell("recipient")
        if self.busy:
            self.busy = False
            return "451 4.3.2 come back later"
        if address == self.options.refuse:
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        tell("data")
        if self.options.at_data == "hang":
            await asyncio.Event().wait()
        if self.options.at_data == "close":
            server.transport.abort()
            return "250 never heard"
        self.mails += 1
        self.keep(session, envelope)
        tell(f"mail {self.mails}")
        return "250 OK"

    def keep(self, session, envelope):
        content = envelope.content
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(parsed["Subject"]),
            "sender": str(parsed["From"]),
            "message_id": str(parsed["Message-ID"]),
            "body": parsed.get_content(),
            "signed_in": bool(session.authenticated),
            "encrypted": session.ssl is not None or self.options.tls == "implicit",
        }
        path = os.path.join(self.options.folder, str(self.mails))
        with open(path + ".eml", "wb") as file:
            file.write(content)
        with open(path + ".json", "w", encoding="utf-8") as file:
            json.dump(told, file)

    def sign_in(self, server, session, envelope, mechanism, given):
        wanted = (self.options.user.encode(), self.options.password.encode())
        success = (given.login, given.password) == wanted
        tell("sign-in ok" if success else "sign-in no")
        return AuthResult(success=success, handled=False)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="where mail is put")
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--cert", help="PEM, with --tls")
    parser.add_argument("--key", help="PEM, with --tls")
    parser.add_argument("--user", help="who must sign in, with --password")
    parser.add_argument("--password")
    parser.add_argument("--refuse", help="the recipient that gets a 550")
    parser.add_argument("--busy-once", action="store_true", help="451 to the first recipient")
    parser.add_argument("--at-data", choices=["accept", "hang", "close"], default="accept")
    parser.add_argument("--mute", action="store_true", help="accept connections, never say a word")
    return parser.parse_args()


async def listen(options):
    loop = asyncio.get_running_loop()
    if options.mute:
        return await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    context = None
    if options.tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)
    mailbox = Mailbox(options)

    def protocol():
        return SMTP(
            mailbox,
            enable_SMTPUTF8=True,
            hostname="localhost",
            tls_context=context if options.tls == "starttls" else None,
            require_starttls=options.tls == "starttls",
            auth_required=options.user is not None,
            auth_require_tls=options.tls == "starttls",
            authenticator=mailbox.sign_in if options.user else None,
        )

    over = context if options.tls == "implicit" else None
    return await loop.create_server(protocol, "127.0.0.1", 0, ssl=over)


async def main():
    server = await listen(read_options())
    tell(server.sockets[0].getsockname()[1])
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    # Conversations that hang are part of the test: do not wait for them.
    os._exit(0)


asyncio.run(main())
