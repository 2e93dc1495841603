"""`iec-events mail`: does mail work, and if not, why not."""

from __future__ import annotations

import smtplib
import ssl
import unicodedata
from pathlib import Path

import click

from ..core import clock
from ..core.config import Settings, settings
from ..core.tokens import new_id
from .actions import note_well
from .delivery import Folder
from .letters import Letter, NoAddress, in_ascii, message_of
from .smtp import Smtp, Troubled, Uncertain, Undeliverable

TLS_AT_ONCE, SUBMISSION = 465, 587
ASKED = {
    "connect": "Connected to {host}, port {port}.",
    "hello": "It greets us.",
    "starttls": "The line is encrypted now (STARTTLS).",
    "login": "It let us in as {user}.",
    "mail": "Sender {sender}:",
    "rcpt": "Recipient {to}:",
    "data": "It wants the letter:",
    "end": "It has the letter:",
}
LONGEST = 300
TEXT = """This letter was sent by `iec-events mail test`: mail works.

Does it lie among unwanted mail? Then look at SPF, DKIM and DMARC in docs/mail.md.
"""


@click.group("mail")
def mail() -> None:
    """See whether mail works."""


@mail.command("test")
@click.argument("address")
def mail_test(address: str) -> None:
    """Send a letter to ADDRESS, and say step by step what the mail server answers."""
    chosen = settings()
    try:
        sender, to = in_ascii(chosen.mail_from), in_ascii(address)
    except NoAddress:
        raise click.ClickException(
            "ADDRESS and IEC_MAIL_FROM must be mail addresses, such as me@example.org."
        ) from None
    letter = Letter(subject="Mail works", text=TEXT, html=f"<p>{TEXT.replace(chr(10) * 2, '</p><p>')}</p>")
    message = message_of(letter, to=address, mail_id=new_id(), locale="en", now=clock.now(), chosen=chosen)
    if chosen.mail_url.startswith("file:"):
        folder = Path(chosen.mail_url.removeprefix("file:"))
        Folder(folder).send(message, lambda: True)
        raise click.ClickException(f"Mail reaches nobody: it is written into {folder}. Set IEC_MAIL_URL.")
    server = Smtp(chosen.mail_url, sender=sender, hear=lambda *heard: _tell(server, sender, to, *heard))
    where = "with TLS from the start" if server.implicit else "with STARTTLS" if server.starttls else "without TLS"
    click.echo(
        f"To {server.host}, port {server.port}, {where}, {f'as {server.user}' if server.user else 'not signing in'}."
    )
    try:
        server.send(message, lambda: True)
    except (Troubled, Undeliverable, Uncertain) as failed:
        raise click.ClickException(f"{_failure(failed)}\n{hint(failed, server, chosen)}".strip()) from None
    finally:
        server.close()
    note_well()
    click.echo("The mail server took the letter. Does it arrive? Look among unwanted mail, too; see docs/mail.md.")


def _tell(server: Smtp, sender: str, to: str, step: str, code: int, words: bytes) -> None:
    asked = ASKED[step].format(host=server.host, port=server.port, user=server.user, sender=sender, to=to)
    answer = f" {code} {_plain(words)}".rstrip() if step in {"mail", "rcpt", "data", "end"} else ""
    click.echo(f"  {asked}{answer}")


def _plain(words: bytes) -> str:
    """What a server says, without what could move the cursor of a terminal."""
    text = " ".join(words.decode(errors="replace").split())[:LONGEST]
    return "".join(sign for sign in text if unicodedata.category(sign)[0] != "C")


def _failure(failed: Troubled | Undeliverable | Uncertain) -> str:
    cause = failed.__cause__
    if isinstance(cause, smtplib.SMTPResponseException):
        words = cause.smtp_error if isinstance(cause.smtp_error, bytes) else str(cause.smtp_error).encode()
        return f"{failed}: {_plain(words)}"
    return f"{failed}: {cause}" if isinstance(cause, OSError) else str(failed)


def hint(failed: Exception, server: Smtp, chosen: Settings) -> str:
    """What to look at, by what went wrong."""
    cause, error = failed.__cause__, str(failed)
    tls_later = server.port == TLS_AT_ONCE and not server.implicit
    if tls_later and not error.startswith(("recipient", "sender", "letter")):
        return "Port 465 speaks TLS from the start: begin IEC_MAIL_URL with smtps://."
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "Its certificate is not for this name, or nobody known signed it: use the name that your provider tells."
    if isinstance(cause, ssl.SSLError):
        return f"This port does not begin with TLS: try smtp:// with port {SUBMISSION}, or smtps:// with {TLS_AT_ONCE}."
    if isinstance(cause, smtplib.SMTPNotSupportedError):
        return _not_offered(server)
    return next((text for begin, text in _hints(server, chosen).items() if error.startswith(begin)), "")


def _not_offered(server: Smtp) -> str:
    if server.starttls:
        return (
            f"It offers no TLS on port {server.port}: try port {SUBMISSION}, or smtps:// with {TLS_AT_ONCE}. "
            "Only on this very machine, ?tls=none behind the address is all right."
        )
    return "It lets nobody sign in on an open line: take ?tls=none away from IEC_MAIL_URL."


def _hints(server: Smtp, chosen: Settings) -> dict[str, str]:
    ports = f"{SUBMISSION} (smtp://) or {TLS_AT_ONCE} (smtps://)"
    sign_in = "Does it want a user name and a password? smtp://user:password@host, with @ in either written as %40."
    return {
        "ConnectionRefusedError": f"Nobody listens on port {server.port} there: most providers want {ports}.",
        "TimeoutError": f"A firewall may be in the way; many networks close port 25. Most providers want {ports}.",
        "gaierror": f"No machine is called {server.host}: look at IEC_MAIL_URL.",
        "SMTPAuthenticationError": (
            "User name or password are wrong. In IEC_MAIL_URL, write @ as %40, : as %3A, / as %2F, % as %25. "
            "Providers with a second factor want a password made for programs."
        ),
        "SMTPConnectError": f"It turns this machine away: send through your provider's server instead. {sign_in}",
        "sender refused 530": sign_in,
        "sender refused": f"May this account send as {chosen.mail_from}? Set IEC_MAIL_FROM to one that is yours.",
        "recipient refused": f"Is the address right? Or does it send for nobody whom it does not know? {sign_in}",
        "letter refused": "It read the letter and did not like it: look at SPF, DKIM and DMARC in docs/mail.md.",
        "SMTPUTF8": "This server cannot write to addresses whose part before the @ is not in Latin letters.",
    }


COMMANDS: list[click.Command] = [mail]
