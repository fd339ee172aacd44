"""An SMTP server by aiosmtpd that insists on STARTTLS and a password, and prints
each mail as a line of JSON."""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Printer:
    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                "user": session.auth_data, "text": envelope.content.decode("utf-8", "replace")}
        print(json.dumps(mail), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    ok = mechanism in ("LOGIN", "PLAIN") and data.login.decode() == "haven" and data.password.decode() == os.environ["SMTP_PASSWORD"]
    return AuthResult(success=ok, auth_data=data.login.decode() if ok else None, handled=ok)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Printer(), tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate),
        host="127.0.0.1", port=0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
