"""Letter: what a person reads, written at delivery in the reader's language; and its shape as a MIME message.

Calendars go along as iMIP wants it (RFC 6047): an alternative `text/calendar` with its method, and the same as a file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from flask import render_template

from ..core.config import Settings
from ..core.i18n import current_locale


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Subject, text, HTML and, where one goes along, an iCalendar document with its method."""

    subject: str
    text: str
    html: str
    calendar: bytes | None = None
    method: str = "REQUEST"


# Facts in (with `to`, the address), letter out; None when there is nothing to say any more. It is called in the
# reader's language.
Writer = Callable[[dict[str, Any]], Letter | None]
Writers = Mapping[str, Writer]
GAP = re.compile(r"\n\s*\n\s*\n")  # where a part of a letter is left out


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
    letter: Letter, *, to: str, mail_id: str, locale: str, now: dt.datetime, chosen: Settings
) -> EmailMessage:
    """The MIME message. Its Message-ID is the row's, so that a letter sent twice after a crash can be told as one."""
    message = EmailMessage(policy=SMTP)
    user, _at, domain = chosen.mail_from.rpartition("@")
    message["From"] = Address(chosen.mail_name, user, domain)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail_id}@{chosen.host}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = locale
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.calendar is not None:
        _attach(message, letter.calendar, letter.method)
    return message


def _attach(message: EmailMessage, calendar: bytes, method: str) -> None:
    message.add_alternative(calendar.decode(), subtype="calendar", params={"method": method}, cte="base64")
    message.make_mixed()
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
