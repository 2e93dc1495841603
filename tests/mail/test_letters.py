"""Letters as MIME messages: their parts, what their headers say to programs, and what can never become a header."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import unquote
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from iec_events.core import clock
from iec_events.core.config import Settings
from iec_events.mail.delivery import Folder
from iec_events.mail.letters import Letter, NoAddress, message_of

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:شب فرهنگ\r\nEND:VCALENDAR\r\n".encode()
NAMES = ["IEC Events", "Frau, Leben (und) Freiheit", 'Say "no"', "زن، زندگی، آزادی – " * 6, 'Müller, „Ä" <b@c>']


def octets_of(app: Flask, to: str = "a@example.org", *, bulk: bool = False, **others: Any) -> bytes:
    """The message as it goes out."""
    chosen: Settings = app.extensions["settings"]
    letter = Letter(**{"subject": "x", "text": "x\n", "html": "<p>x</p>", "calendar": CALENDAR, **others})
    made = message_of(letter, to=to, mail_id="m", locale="fa", now=clock.now(), chosen=chosen, bulk=bulk)
    octets = made.as_bytes()
    assert all(len(line) < 999 and b"\r" not in line[:-1] for line in octets.split(b"\n"))
    assert octets.count(b"\n") == octets.count(b"\r\n")
    return octets


def written(app: Flask, to: str = "a@example.org", **others: Any) -> EmailMessage:
    """The message as a program reads it from its octets."""
    return message_from_bytes(octets_of(app, to, **others), policy=policy.default)


def as_read(header: str) -> str:
    """A header decoded; the library's newer reader loses and adds blanks between words in long ones."""
    return str(make_header(decode_header(header)))


def test_it_says_to_programs_what_it_is(bare_app: Flask) -> None:
    message = written(bare_app)
    assert {name: str(value) for name, value in message.items() if name not in {"Content-Type", "MIME-Version"}} == {
        "From": "IEC Events <events@example.org>",
        "To": "a@example.org",
        "Subject": "x",
        "Date": "Fri, 15 Jan 2027 12:00:00 +0000",
        "Message-ID": "<m@127.0.0.1>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply, DR, RN, NRN",  # all but NDR: somebody reads what comes back
        "Content-Language": "fa",
    }
    assert written(bare_app, bulk=True)["Precedence"] == "bulk"


def test_its_parts_stand_as_calendars_want_them(bare_app: Flask) -> None:
    message = written(bare_app, file_name="event.ics", method="CANCEL")
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_words, calendar, file = message.walk()
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "CANCEL"}
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True) == CALENDAR
    assert file.get_filename() == "event.ics"


def test_no_line_of_a_part_is_longer_than_its_encoding_allows(bare_app: Flask) -> None:
    """76 octets (RFC 2045 6.7 and 6.8)."""
    words = "شبی از شورش فرهنگی برای زندانیان سیاسی ایران؛ at " + "https://example.org/" + "a" * 200 + "=" * 90
    octets = octets_of(bare_app, text=f"{words}\n" * 3, html=f"<p>{words}</p>", calendar=CALENDAR * 9)
    body = octets.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in body.split(b"\r\n")) == 76


def test_one_press_unsubscribes_where_there_is_tls(bare_app: Flask) -> None:
    long = "https://events.example.org/fa/unsubscribe/" + "a" * 300
    message = written(bare_app, unsubscribe=long)
    assert f"List-Unsubscribe: <{long}>".encode() in message.as_bytes(policy=policy.HTTP)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain = written(bare_app, unsubscribe="http://127.0.0.1:8000/unsubscribe/a")
    assert plain["List-Unsubscribe"] == "<http://127.0.0.1:8000/unsubscribe/a>"
    assert "List-Unsubscribe-Post" not in plain


@pytest.mark.parametrize("name", [name.strip() for name in NAMES])
def test_any_sender_and_any_subject_come_through_whole(bare_app: Flask, name: str) -> None:
    subject = f"{name} =?utf-8?q?x?= {name}"
    octets = octets_of(bare_app, sender_name=name, subject=subject)
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?[^\s?]*\?[^\s?]*\?=", octets))  # RFC 2047 2
    message = message_from_bytes(octets)
    assert as_read(message["Subject"]) == subject
    phrase, _bracket, address = message["From"].rpartition(" <")
    assert address == "events@example.org>"
    assert unquote(as_read(phrase)) == name


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\0"])
def test_nothing_in_it_becomes_a_header(bare_app: Flask, end: str) -> None:
    evil = f"x{end}Bcc: eve@example.org"
    assert "Bcc" not in written(bare_app, subject=evil, sender_name=evil, file_name=evil)
    for address in (evil, f"https://example.org/{evil}", "https://example.org/>,<mailto:eve@example.org"):
        with pytest.raises(ValueError, match="ASCII"):
            written(bare_app, unsubscribe=address)
    for to in (f"a@example.org{end}Bcc: eve@example.org", f"a@example.org,{end}eve@example.org", f"{end}a@example.org"):
        with pytest.raises(NoAddress):
            written(bare_app, to=to)


def test_nothing_turns_a_header_round(bare_app: Flask) -> None:
    message = written(bare_app, subject="\u202egnp.\u202c یک می‌شود", sender_name="a\u202db")
    assert as_read(message["Subject"]) == "gnp. یک می‌شود"
    assert str(message["From"]).startswith("ab ")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("sara@ایران.ایران", "sara@xn--mgba3a4f16a.xn--mgba3a4f16a"),
        ("sara@straße.example", "sara@xn--strae-oqa.example"),
        ("sara+x@[127.0.0.1]", "sara+x@[127.0.0.1]"),
    ],
)
def test_names_of_machines_in_other_scripts(bare_app: Flask, typed: str, sent: str) -> None:
    assert written(bare_app, to=typed)["To"] == sent


@pytest.mark.parametrize(
    "to", ["", "sara", "@example.org", "a@b@example.org", "a b@example.org", "sara@xn--\u200b.com"]
)
def test_what_is_no_address_is_refused(bare_app: Flask, to: str) -> None:
    with pytest.raises(NoAddress):
        written(bare_app, to=to)


def test_a_folder_takes_a_name_in_any_script(bare_app: Flask, tmp_path: Path) -> None:
    chosen: Settings = bare_app.extensions["settings"]
    letter = Letter(subject="شب", text="x\n", html="<p>x</p>")
    to = "سارا@example.org"
    made = message_of(letter, to=to, mail_id="m", locale="fa", now=clock.now(), chosen=chosen)
    Folder(tmp_path).send(made, lambda: True)
    (file,) = tmp_path.glob("*.eml")
    read = message_from_bytes(file.read_bytes(), policy=policy.SMTPUTF8)
    assert (read["To"], as_read(str(read["Subject"]))) == (to, "شب")
