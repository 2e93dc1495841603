"""Letter: what a person reads, written at delivery in the reader's language; and its shape as a MIME message.

Calendars go along as iMIP wants it (RFC 6047): an alternative `text/calendar` with its method, and the same as a file.
Headers say that a program wrote it (RFC 3834), so that no other program answers, and how to be spared (RFC 8058).
Nothing in a letter can add a header: control characters in what becomes one are taken out.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, quote
from typing import Any, Self

from email_validator import EmailNotValidError, validate_email
from flask import render_template

from ..core.config import Settings
from ..core.i18n import current_locale


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Subject, text, HTML and, where one goes along, an iCalendar document with its method and the file's name.

    `unsubscribe` is an address that ends such letters by one POST (RFC 8058); `sender_name` stands in for the
    service's name where that would tell too much.
    """

    subject: str
    text: str
    html: str
    calendar: bytes | None = None
    method: str = "REQUEST"
    unsubscribe: str | None = None
    sender_name: str | None = None
    file_name: str = "invite.ics"


# Facts in (with `to`, the address), letter out; None when there is nothing to say any more. It is called in the
# reader's language.
Writer = Callable[[dict[str, Any]], Letter | None]
Writers = Mapping[str, Writer]
GAP = re.compile(r"\n\s*\n\s*\n")  # where a part of a letter is left out
ADDRESS = re.compile(r"https?://[!-;=?-~]+")
MAILBOX = re.compile(r'[^\s\x00-\x1f\x7f"(),:;<>@\[\\\]]+@[^\s\x00-\x1f\x7f"(),;<>@\\]+')
TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF"})
NARROW = SMTP.clone(max_line_length=76)  # the library would go two beyond RFC 2045 6.7, which filters hold against us
ATOMS = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]*", re.ASCII)


class NoAddress(ValueError):
    """What should be a mail address can't be one."""


class NotYet(Exception):
    """What it would say is about to be settled: the letter waits for a moment."""


class _Header(str):
    """A header's text, and how it is written. The library's own folding breaks long names and long addresses."""

    name: str
    written: str
    __slots__ = ("name", "written")

    def __new__(cls, name: str, text: str, written: str | None = None) -> Self:
        self = super().__new__(cls, text)
        self.name, self.written = name, text if written is None else written
        return self

    def fold(self, *, policy: EmailPolicy[Any]) -> str:
        """The lines, as the library asks for them."""
        return policy.linesep.join(f"{self.name}: {self.written}".splitlines()) + policy.linesep


def write_letter(name: str, *, calendar: bytes | None = None, method: str = "REQUEST", **context: Any) -> Letter:
    """The letter from `templates/<name>.subject.txt`, `.txt` and `.html`, in the language being spoken."""
    context["locale"] = current_locale()
    subject = " ".join(render_template(f"{name}.subject.txt", **context).split())
    return Letter(
        subject=subject,
        text=GAP.sub("\n\n", render_template(f"{name}.txt", **context).strip()) + "\n",
        html=render_template(f"{name}.html", **context, subject=subject),
        calendar=calendar,
        method=method,
    )


def message_of(
    letter: Letter, *, to: str, mail_id: str, locale: str, now: dt.datetime, chosen: Settings, bulk: bool = False
) -> EmailMessage:
    """The MIME message; `bulk` for one of many. Its Message-ID is the row's, whoever sends it and however often."""
    message = EmailMessage(policy=NARROW)
    for header in _headers(letter, to, chosen):
        message[header.name] = header
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _Header("Message-ID", f"<{mail_id}@{chosen.host}>")
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply, DR, RN, NRN"  # for Exchange; "All" would stop bounces, too
    if bulk:
        message["Precedence"] = "bulk"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.calendar is not None:
        _attach(message, letter.calendar, letter)
    message["Content-Language"] = locale  # last: each step above takes such headers away
    return message


def in_ascii(address: str) -> str:
    """A mail address with its domain in ASCII (IDNA 2008); a local part that is not ASCII stays. NoAddress."""
    if not MAILBOX.fullmatch(address):
        raise NoAddress
    if address.isascii():
        return address
    try:
        read = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise NoAddress from None
    return f"{read.local_part}@{read.ascii_domain}"


def _headers(letter: Letter, to: str, chosen: Settings) -> Iterator[_Header]:
    name, sender = _one_line(letter.sender_name or chosen.mail_name), in_ascii(chosen.mail_from)
    phrase = name if ATOMS.fullmatch(name) else f'"{quote(name)}"' if _is_plain(name) else _encoded(name, "From")
    yield _Header("From", f"{name} <{sender}>", f"{phrase} <{sender}>".strip())
    yield _Header("To", in_ascii(to))
    subject = _one_line(letter.subject)
    yield _Header("Subject", subject, _encoded(subject, "Subject"))
    if letter.unsubscribe is not None:
        if not ADDRESS.fullmatch(letter.unsubscribe):
            raise ValueError("An address in a header must be ASCII, without blanks and brackets")
        yield _Header("List-Unsubscribe", f"<{letter.unsubscribe}>")
        if letter.unsubscribe.startswith("https://"):
            yield _Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _attach(message: EmailMessage, calendar: bytes, letter: Letter) -> None:
    message.add_alternative(calendar.decode(), subtype="calendar", params={"method": letter.method}, cte="base64")
    message.make_mixed()
    message.add_attachment(calendar, maintype="application", subtype="ics", filename=_one_line(letter.file_name))


def _one_line(text: str) -> str:
    """Without what could end a header's line, hides, or turns round what follows (UAX 9: embeddings and overrides)."""
    kept = (sign for sign in text if unicodedata.bidirectional(sign) not in TURNING)
    return " ".join("".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in kept).split())


def _encoded(text: str, header: str) -> str:
    """As headers take it, in lines of 76 characters at most, each word within 75 (RFC 2047 2)."""
    made = Header(text, None if _is_plain(text) else "utf-8", NARROW.max_line_length, header)
    return made.encode(linesep="\n")


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text
