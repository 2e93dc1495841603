"""Getting letters out: over SMTP, or as .eml files into a folder for trying things out.

Nothing here runs inside a transaction. A letter is claimed, sent, and noted as delivered; when the process dies in
between, its lease runs out and it is sent again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from ..core import clock
from ..core.config import ConfigError, settings
from ..core.i18n import speaking
from .actions import Claimed, claim, note_delivered, note_failed
from .letters import Writers, message_of

log = logging.getLogger(__name__)
BATCH = 5  # with the timeout below, a whole batch fits into one lease
TIMEOUT_S = 20
FOR_EVER = range(500, 600)
LINK = re.compile(r"https?://[^\s<>\"]+")


class Transport(Protocol):
    """Takes a message over, or raises."""

    def send(self, message: EmailMessage) -> None:
        """Hand the message on; OSError or SMTPException when it was not taken."""


class Undeliverable(Exception):
    """The receiving side refused; `for_ever` when trying again is pointless. Holds no server's words."""

    def __init__(self, error: str, *, for_ever: bool) -> None:
        super().__init__(error)
        self.error = error
        self.for_ever = for_ever


class Folder:
    """Writes each message as a file and says which links are in it."""

    def __init__(self, path: Path, say: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._say = say

    def send(self, message: EmailMessage) -> None:
        """Write the file whole, then give it its name."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{clock.now():%Y%m%dT%H%M%S%f}-{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
        handle = os.open(self.path / f".{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(message.as_bytes())
        (self.path / f".{name}").rename(self.path / name)
        if self._say:
            self._say(f"mail: {message['Subject']} ({self.path.name}/{name})")
            plain = message.get_body(("plain",))
            for link in LINK.findall(plain.get_content() if plain else ""):
                self._say(f"      {link}")


class Smtp:
    """An SMTP server, spoken to over one connection for a batch."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = parse_qs(parts.query).get("tls", ["starttls" if parts.username else "none"])[0]
        self._implicit = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit else 587 if parts.username else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._server: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Send one message; a broken connection is opened anew next time."""
        try:
            self._server = self._server or self._connect()
            self._server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            self._reset()
            raise Undeliverable(f"recipient refused {code}", for_ever=code in FOR_EVER) from None
        except smtplib.SMTPResponseException as refused:
            self.close()
            data = isinstance(refused, smtplib.SMTPDataError)
            error = f"{type(refused).__name__} {refused.smtp_code}"
            raise Undeliverable(error, for_ever=data and refused.smtp_code in FOR_EVER) from None
        except (OSError, smtplib.SMTPException) as broken:
            self.close()
            raise Undeliverable(type(broken).__name__, for_ever=False) from None

    def close(self) -> None:
        """End the connection, politely if it still listens."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()

    def _reset(self) -> None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if self._server is not None:
                self._server.rset()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._implicit:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
            if self._tls == "starttls":
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)
        return server


@contextlib.contextmanager
def transport(url: str, say: Callable[[str], None] | None = None) -> Iterator[Transport]:
    """The way out for `file:FOLDER`, `smtp://...` or `smtps://...`; ConfigError for anything else."""
    if url.startswith("file:"):
        yield Folder(Path(url.removeprefix("file:")), say)
        return
    if not url.startswith(("smtp://", "smtps://")):
        raise ConfigError("IEC_MAIL_URL must begin with smtp://, smtps:// or file:")
    server = Smtp(url)
    try:
        yield server
    finally:
        server.close()


def deliver_due(*, now: dt.datetime, writers: Writers, say: Callable[[str], None] | None = None) -> int:
    """Deliver what is due, in batches, until nothing is; how many went out."""
    sent = 0
    while letters := claim(now=now, how_many=BATCH):
        with transport(settings().mail_url, say) as way:
            sent += sum(_deliver(letter, way, writers, now) for letter in letters)
    return sent


def _deliver(claimed: Claimed, way: Transport, writers: Writers, now: dt.datetime) -> bool:
    try:
        with speaking(claimed.locale):
            letter = writers[claimed.kind](claimed.facts | {"to": claimed.to})
        if letter is not None:
            message = message_of(
                letter, to=claimed.to, mail_id=claimed.id, locale=claimed.locale, now=now, chosen=settings()
            )
            way.send(message)
    except Undeliverable as refused:
        log.warning("A letter (%s) was not taken: %s", claimed.kind, refused.error)
        note_failed(letter=claimed, error=refused.error, for_ever=refused.for_ever, now=now)
        return False
    except Exception as fault:  # noqa: BLE001 - one bad letter must not keep the others
        log.error("A letter (%s) could not be written: %s", claimed.kind, type(fault).__name__)  # noqa: TRY400 - a traceback may hold a name
        note_failed(letter=claimed, error=type(fault).__name__, for_ever=False, now=now)
        return False
    note_delivered(mail_id=claimed.id, now=now)
    return letter is not None
