"""The promise itself: whoever takes the server, its backups and its secrets finds no guest list.

Canaries are planted through the pages, then looked for in everything the service leaves behind: tables, database file,
write-ahead log, backup, letters after delivery, logs. Then once more with the server's own keys in hand.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from iec_events import worker
from iec_events.core import clock
from iec_events.core.archive import make_archive
from iec_events.core.crypto import BoxRefused, Vault, vault
from iec_events.core.db import db
from iec_events.core.shreds import is_covered, uncover
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.questions.models import DOOR, LONG, SHORT
from iec_events.rsvps.actions import remark_on
from iec_events.rsvps.answers import read_answers
from iec_events.rsvps.boxes import NOBODY, address_of
from iec_events.rsvps.models import Rsvp, RsvpAnswers
from tests.conftest import Installation
from tests.factories import an_event
from tests.filling import send
from tests.octets import octets_of
from tests.questions.asking import a_question

NAMES = ("Canaria Amarilla", "قناری زرد", "Kanarienvogel")
NOTES = ("the canary sings at midnight", "قناری نیمه‌شب می‌خواند")
COMPANIONS = ("Canarina", "مرغ عشق")
ANSWERS = ("a perch near the canary's exit", "never photograph the canary", "قفس نه")
REMARK = "the canary asked for water"
SAID = (*NAMES, *NOTES, *COMPANIONS, *ANSWERS, REMARK)
ADDRESSES = ("canary.delivered@example.org", "canary.pending@example.org")
OF_RSVPS = ("rsvps.roster", "rsvps.own", "rsvps.mail", "rsvps.door", "rsvps.answers", "rsvps.remark")
PURPOSES = (*OF_RSVPS, "outbox", "messages", "organizers")


@pytest.fixture
def planted(client: FlaskClient, installation: Installation, caplog: pytest.LogCaptureFixture) -> str:
    """An event with an account that can hold its key, and canaries on its list; what was logged meanwhile."""
    caplog.set_level(logging.INFO)
    accept_invitation(
        token=invite(now=clock.now()),
        name="Nasrin",
        email="nasrin@example.org",
        password="nine poems by the river",
        now=clock.now(),
    )
    event = an_event(slug="berkeley", capacity=2, asks_companions=True)
    asked = [a_question(event, LONG, keep_days=1, seen_by=DOOR), a_question(event, SHORT)]
    answers: list[dict[str, Any]] = [
        {f"q_{one.id}": text for one, text in zip(asked, said, strict=True)} for said in (ANSWERS[:2], ANSWERS[1:])
    ]
    change = {"name": NAMES[1], "note": NOTES[1], "party_size": "2", "companions": COMPANIONS[1]}
    come(client, NAMES[0], NOTES[0], ADDRESSES[0], party_size="2", companions=COMPANIONS[0], **answers[0])
    assert send(client, "/events/berkeley/my-rsvp/change", **change, **answers[1]).status_code == 303
    remark_on(slug="berkeley", rsvp_id=db.session.scalars(sa.select(Rsvp.id)).one(), text=REMARK, now=clock.now())
    come(client, NAMES[2], "", ADDRESSES[1])
    come(client, NAMES[0] + "\0", NOTES[0], "no address", expected=422, **answers[0])
    worker.run_all_once(installation.app)
    return caplog.text


def come(client: FlaskClient, name: str, note: str, email: str, *, expected: int = 303, **more: Any) -> None:
    typed = {"party_size": "1", "name": name, "note": note, "email": email, **more}
    answer = send(client, "/events/berkeley/rsvp", **typed)
    assert answer.status_code == expected


def left_behind(installation: Installation) -> Iterator[tuple[str, bytes]]:
    """Everything that stands in tables, and in the files of the data folder but for the mails that were sent."""
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)):
            yield table.name, repr([value for value in row if not isinstance(value, bytes)]).encode()
            yield from ((table.name, value) for value in row if isinstance(value, bytes))
    for file in installation.folder.rglob("*"):
        if file.is_file() and file.suffix != ".eml" and "static" not in file.parts:
            yield str(file), octets_of(file)
    if installation.engine.dialect.name == "postgresql":
        yield from in_postgres(installation)
    backup = installation.folder / "canaries.backup"
    backup.unlink(missing_ok=True)
    make_archive(backup, now=clock.now())
    yield "backup", gzip.decompress(backup.read_bytes())
    backup.unlink()


def in_postgres(installation: Installation, *, logs: bool = True) -> Iterator[tuple[str, bytes]]:
    """PostgreSQL's files as they are on the disk, its write-ahead log included."""
    db.session.rollback()
    with installation.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("CHECKPOINT")
        oid = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
    data = Path(str(installation.engine.url.query["host"])) / "data"
    for folder in [data / "base" / str(oid), *([data / "pg_wal"] if logs else [])]:
        for file in filter(Path.is_file, folder.rglob("*")):
            with suppress(FileNotFoundError):  # it removes some meanwhile
                yield str(file), file.read_bytes()


def spellings(text: str) -> list[bytes]:
    return [text.encode(), text.encode("utf-16-le"), text.encode("unicode_escape"), repr(text).strip("'").encode()]


def test_nothing_is_found_without_the_keys(planted: str, installation: Installation) -> None:
    canaries = (*SAID, *ADDRESSES)
    assert not any(canary in planted for canary in canaries)
    sought = [spelling for canary in canaries for spelling in spellings(canary)]
    for where, octets in left_behind(installation):
        assert not any(spelling in octets for spelling in sought), where


def test_postgresql_keeps_no_row_of_who_was_erased(
    client: FlaskClient, planted: str, installation: Installation
) -> None:
    """Only its log does, until it is recycled; and all of it is sealed."""
    if installation.engine.dialect.name != "postgresql":
        pytest.skip("SQLite is told of in tests/privacy/test_own_data.py")
    del planted
    come(client, NAMES[0], NOTES[0], ADDRESSES[0])
    last = db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line.desc()).limit(1)).one()
    # Two pieces of each: a page of the log may end within one of them, never within both.
    boxes_of_it = [(box[60:100], box[100:140]) for box in (last.sealed, last.own, last.mailable) if box]
    assert len(boxes_of_it) == 3
    assert all(len(piece) == 40 for pieces in boxes_of_it for piece in pieces)

    def found(*, logs: bool) -> list[int]:
        files = list(in_postgres(installation, logs=logs))
        return [sum(any(piece in octets for piece in pieces) for _where, octets in files) for pieces in boxes_of_it]

    assert min(found(logs=False)) >= 1
    send(client, "/events/berkeley/my-rsvp/delete")
    db.session.rollback()
    worker.run_all_once(installation.app)
    assert found(logs=False) == [0, 0, 0]
    assert min(found(logs=True)) >= 1


def test_with_all_the_servers_keys_only_addresses_that_are_owed_mail_are_found(planted: str) -> None:
    del planted
    rsvps = db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line)).all()
    assert [(address_of(rsvp) or {}).get("to") for rsvp in rsvps] == list(ADDRESSES)
    told = " ".join(opened_with(vault()))
    assert not any(canary in told for canary in SAID)
    for rsvp in rsvps:
        assert NOBODY.words(rsvp) is None
    assert not any(read_answers([rsvp.id for rsvp in rsvps], NOBODY).values())


def opened_with(keys: Vault) -> set[str]:
    """All that opens with these keys and the shred keys, whatever the boxes are bound to."""
    found = set()
    for bound, box in boxes():
        for purpose in PURPOSES:
            try:
                inner = uncover(bound, box) if is_covered(box) else box
                found.add(str(keys.open(purpose, bound, inner)))
            except BoxRefused:
                continue
    return found


def boxes() -> Iterator[tuple[str, bytes]]:
    """Every box in the database, with all that it could be bound to: any id of its row, and those of RSVPs."""
    rsvps = [(rsvp.id, rsvp.event_id) for rsvp in db.session.scalars(sa.select(Rsvp))]
    places = [f"{scope} {event} {one}" for one, event in rsvps for scope in PURPOSES] + [one for one, _event in rsvps]
    terms = set(db.session.scalars(sa.select(RsvpAnswers.keep_days)))
    scopes = [f"rsvps.answers.{scope}" for scope in ("rsvps.answers", "roster", "door", "own")]
    places += [f"{scope} {event} {one} {term}" for one, event in rsvps for scope in scopes for term in terms]
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)):
            bound = [value for value in row if isinstance(value, str)] + places
            yield from ((one, value) for value in row if isinstance(value, bytes) for one in bound)


def test_another_key_opens_nothing_at_all(planted: str) -> None:
    del planted
    assert opened_with(Vault([b"\x07" * 32])) == set()


def test_letters_name_nobody(planted: str, installation: Installation) -> None:
    del planted
    letters = [Path(file).read_bytes() for file in (installation.folder / "mail").glob("*.eml")]
    assert len(letters) >= 2
    for letter in letters:
        for canary in SAID:
            assert not any(spelling in letter for spelling in spellings(canary))
