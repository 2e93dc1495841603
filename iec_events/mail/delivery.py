"""Getting letters out: over SMTP, or as .eml files into a folder for trying things out.

Nothing here runs inside a transaction. A letter is claimed, written, handed over, and noted as delivered; each is a
commit of its own. What happens when the process dies between two of them: docs/decisions/0010.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from functools import partial
from pathlib import Path
from typing import Protocol

from ..core import clock
from ..core.config import ConfigError, settings
from ..core.i18n import speaking
from .actions import (
    Claimed,
    claim,
    hand_over,
    keep,
    note_delivered,
    note_failed,
    note_lapsed,
    note_trouble,
    note_uncertain,
    put_off,
    release,
)
from .letters import NoAddress, NotYet, Writers, in_ascii, message_of
from .smtp import HandOver, Smtp, TakenAway, Troubled, Uncertain, Undeliverable

log = logging.getLogger(__name__)
BATCH = 5  # so many letters of a broadcast may go before one that is urgent
HUNG_UP = "SMTPServerDisconnected 421"
FRESH = dt.timedelta(seconds=5)  # so long after its claim, a letter's lease need not be renewed
LINK = re.compile(r"https?://[^\s<>\"]+")
Stop = Callable[[], bool]


class Transport(Protocol):
    """Takes a message over, or raises."""

    def send(self, message: EmailMessage, hand_over: HandOver) -> None:
        """Hand the message on, if `hand_over` says yes when it is asked at the last moment.

        Raises Undeliverable, Troubled, Uncertain, TakenAway, or OSError before anything was handed on.
        """


class Folder:
    """Writes each message as a file and says which links are in it."""

    def __init__(self, path: Path, say: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._say = say

    def send(self, message: EmailMessage, hand_over: HandOver) -> None:
        """Write the file whole, then give it its name."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{clock.now():%Y%m%dT%H%M%S%f}-{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
        unnamed = self.path / f".{name}"
        handle = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(message.as_bytes(policy=SMTPUTF8 if _is_wide(message) else SMTP))
        if not hand_over():
            unnamed.unlink()
            raise TakenAway
        unnamed.rename(self.path / name)
        if self._say:
            self._say(f"mail: {message['Subject']} ({self.path.name}/{name})")
            plain = message.get_body(("plain",))
            for link in LINK.findall(plain.get_content() if plain else ""):
                self._say(f"      {link}")


def _is_wide(message: EmailMessage) -> bool:
    """Whether an address has more than ASCII before its @: all else in a header is ASCII already."""
    return not all(str(message[name]).rpartition("<")[2].isascii() for name in ("From", "To"))


@contextlib.contextmanager
def transport(url: str, say: Callable[[str], None] | None = None, *, sender: str = "") -> Iterator[Transport]:
    """The way out for `file:FOLDER`, `smtp://...` or `smtps://...`; ConfigError for anything else."""
    if url.startswith("file:"):
        yield Folder(Path(url.removeprefix("file:")), say)
        return
    if not url.startswith(("smtp://", "smtps://")):
        raise ConfigError("IEC_MAIL_URL must begin with smtp://, smtps:// or file:")
    try:
        server = Smtp(url, sender=in_ascii(sender))
    except NoAddress:
        raise ConfigError("IEC_MAIL_FROM must be a mail address, such as events@example.org.") from None
    try:
        yield server
    finally:
        server.close()


def deliver_due(
    *, now: dt.datetime, writers: Writers, say: Callable[[str], None] | None = None, stop: Stop = lambda: False
) -> int:
    """Deliver what is due, in batches over one connection, until nothing is or `stop` says so; how many went out."""
    begun = time.monotonic()

    def moment() -> dt.datetime:
        return now + dt.timedelta(seconds=time.monotonic() - begun)

    sent = 0
    note_lapsed(now)
    with transport(settings().mail_url, say, sender=settings().mail_from) as way:
        run = _Run(way, writers, moment, stop)
        while not stop() and (letters := claim(now=moment(), how_many=BATCH, per_minute=settings().mail_per_minute)):
            sent += run.deliver(letters)
    return sent


class _Run:
    """What delivering a batch needs to know: the way out, who writes, what time it is, when to stop."""

    def __init__(self, way: Transport, writers: Writers, moment: Callable[[], dt.datetime], stop: Stop) -> None:
        self._way = way
        self._writers = writers
        self._moment = moment
        self._stop = stop
        self._hung_up = False  # on the letter before

    def deliver(self, letters: Sequence[Claimed]) -> int:
        """Deliver these one by one, as long as the server takes any; how many went out."""
        sent, claimed_at = 0, self._moment()
        for index, letter in enumerate(letters):
            if self._stop():
                release(letters=letters[index:])
                break
            if self._moment() - claimed_at > FRESH and not keep(letter=letter, now=self._moment()):
                continue
            try:
                sent += self._deliver(letter)
            except Troubled as trouble:
                log.warning("The mail server takes nothing: %s", trouble)
                note_trouble(letters=letters[index:], error=str(trouble), now=self._moment())
                break
            except Uncertain as lost:
                log.warning("Whether a letter (%s) was taken is not known: %s", letter.kind, lost)
                note_uncertain(letter=letter, error=str(lost), now=self._moment())
                release(letters=letters[index + 1 :])
                break
        return sent

    def _deliver(self, claimed: Claimed) -> bool:
        try:
            message = self._written(claimed)
            if message is not None:
                self._way.send(message, lambda: hand_over(letter=claimed, now=self._moment()))
        except (Troubled, Uncertain):
            raise
        except TakenAway:
            return False
        except NotYet:
            put_off(letter=claimed, now=self._moment())
            return False
        except Undeliverable as refused:
            again, self._hung_up = self._hung_up and refused.hung_up, refused.hung_up
            log.warning("A letter (%s) was not taken: %s", claimed.kind, refused.error)
            note_failed(letter=claimed, error=refused.error, for_ever=refused.for_ever, now=self._moment())
            if again:
                raise Troubled(HUNG_UP) from None
            return False
        except Exception as fault:  # noqa: BLE001 - one bad letter must not keep the others
            log.error("A letter (%s) could not be written: %s", claimed.kind, type(fault).__name__)  # noqa: TRY400 - a traceback may hold a name
            no_address = isinstance(fault, NoAddress)
            note_failed(letter=claimed, error=type(fault).__name__, for_ever=no_address, now=self._moment())
            return False
        self._hung_up = self._hung_up and message is None
        note_delivered(mail_id=claimed.id, now=self._moment())
        return message is not None

    def _written(self, claimed: Claimed) -> EmailMessage | None:
        """The message as it is true now; None when there is nothing to say any more."""
        with speaking(claimed.locale):
            letter = self._writers[claimed.kind](claimed.facts | {"to": claimed.to})
        if letter is None:
            return None
        shape = partial(message_of, to=claimed.to, mail_id=claimed.id, locale=claimed.locale, chosen=settings())
        return shape(letter, now=self._moment(), bulk=claimed.part_of is not None)
