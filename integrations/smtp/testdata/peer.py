"""A mail server for the tests: aiosmtpd with STARTTLS and a password.

peer.py FOLDER CERTIFICATE KEY. It prints its port, keeps each mail in FOLDER,
and ends when its standard input does.
"""
import asyncio
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = pathlib.Path(sys.argv[1])
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[2], sys.argv[3])


class Keeper:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later@"):
            return "451 4.7.1 greylisted, \x1b[31mcome back"
        if address.startswith("gone@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):
        Keeper.count += 1
        name = folder / str(Keeper.count)
        name.with_suffix(".eml").write_bytes(envelope.original_content)
        name.with_suffix(".json").write_text(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "tls": session.ssl is not None, "hello": session.host_name,
        }))
        return "250 kept"


def login(server, session, envelope, mechanism, data):
    fine = isinstance(data, LoginPassword) and data.login == b"ada" and data.password == b"correct horse"
    return AuthResult(success=fine, handled=False)


async def main():
    loop = asyncio.get_running_loop()
    excluded = sys.argv[4:] or None
    server = await loop.create_server(
        lambda: SMTP(Keeper(), tls_context=tls, require_starttls=True, auth_required=True,
                     authenticator=login, auth_exclude_mechanism=excluded, loop=loop),
        "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
