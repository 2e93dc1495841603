"""The page on which a list leaves the service: under a lock, or without one by the rules."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from html import unescape

import pyrage
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.access.actions import answer_release
from iec_events.access.queries import requests_for
from iec_events.core import clock as real_clock
from iec_events.core.db import atomic, db
from iec_events.events.models import Event
from iec_events.questions.actions import take_back
from iec_events.questions.models import NUMBER, SHORT, YES_NO, Answers
from iec_events.questions.queries import questions_of
from iec_events.reports import locks
from iec_events.rsvps.actions import Party, cancel_rsvp, place_rsvp, remark_on
from iec_events.rsvps.answers import keep_answers
from iec_events.rsvps.models import Rsvp
from tests.checkin.people import an_account, browser_of, comes
from tests.factories import an_event
from tests.filling import send
from tests.questions.asking import a_question

EXPORT = "/organize/events/berkeley/rsvps/export"
CSV, ALL = {"kind": "csv"}, {"part": "all"}
COLUMNS = ["Status", "Line", "Name or alias", "Companions", "Children", "How many", "E-mail", "Note", "Remark"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks at their least; tests/reports/test_locks.py makes real ones."""
    monkeypatch.setattr(locks, "WORK", 4)


@pytest.fixture
def account(app: Flask) -> tuple[str, str]:
    """The owner of a night with two parties and one that cancelled."""
    del app
    nasrin = an_account("Nasrin")
    an_event(slug="berkeley", capacity=4)
    party = Party(
        name='=HYPERLINK("http://evil.example";"x")', email="sara@example.org", party_size=3, note="two\nlines; =1+1",
        locale="en", companions=("سارا", "", "Ali"), children=1,
    )  # fmt: skip
    evil = place_rsvp(slug="berkeley", party=party, token="evil", now=real_clock.now())
    remark_on(slug="berkeley", rsvp_id=evil.rsvp_id, text="@SUM(A1)", now=real_clock.now())
    comes("Waiting", 2, note="+49 30 901820")
    cancel_rsvp(slug="berkeley", rsvp_id=comes("Gone"), now=real_clock.now())
    return nasrin


@pytest.fixture
def nasrin(app: Flask, account: tuple[str, str]) -> FlaskClient:
    """Her browser."""
    return browser_of(app, account)


def takes(client: FlaskClient, form: str, address: str = EXPORT, **chosen: str) -> bytes:
    """Download in one of the two forms."""
    answer = send(client, address, do=form, **{f"{form}-{name}": value for name, value in chosen.items()})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "no-store"
    return bytes(answer.data)


def rows(octets: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(octets.decode("utf-8-sig"))))


def words_on(page: str) -> str:
    found = re.search(r'class="pass-words"[^>]*>([^<]+)', page)
    assert found
    return unescape(found[1])


def test_the_sheet_holds_all_that_is_known_and_no_formula(nasrin: FlaskClient) -> None:
    header, evil, waiting, gone = rows(takes(nasrin, "plain", **CSV, **ALL))
    assert header[:9] == COLUMNS
    assert header[-2:] == ["Address confirmed", "Placed on"]
    assert evil[:3] == ["Confirmed", "1", '\'=HYPERLINK("http://evil.example";"x")']
    assert evil[3:9] == ["سارا Ali", "1", "3", "sara@example.org", "two lines; '=1+1", "'@SUM(A1)"]
    assert evil[-2:] == ["no", "2027-01-15"]
    assert (waiting[0], waiting[2], waiting[7], waiting[-2]) == ("Waitlist", "Waiting", "+49 30 901820", "")
    assert gone[:3] == ["Cancelled", "3", "Gone"]


def test_each_question_has_a_column_also_one_that_is_asked_no_more(nasrin: FlaskClient) -> None:
    event = db.session.scalars(sa.select(Event)).one()
    asked = [a_question(event, kind, label) for kind, label in ((NUMBER, "Age?"), (SHORT, "=1?"), (YES_NO, "Photo?"))]
    nobody_said = a_question(event, SHORT, "Never answered")
    with atomic():
        first = db.session.scalars(sa.select(Rsvp).where(Rsvp.line == 1)).one()
        said: Answers = {asked[0].id: 30, asked[1].id: "=2", asked[2].id: True}
        keep_answers(first, said, questions_of(event.id), None, real_clock.now())
    for question in (asked[1], nobody_said):
        take_back(slug=event.slug, question_id=question.id, now=real_clock.now())
    header, *everybody = rows(takes(nasrin, "plain", **CSV, **ALL))
    assert header[8:11] == ["Age?", "Photo?", "'=1?"]
    answers = dict(zip(header, everybody[0], strict=True))
    assert (answers["Age?"], answers["Photo?"], answers["'=1?"]) == ("30", "Yes", "'=2")
    assert "Never answered" not in header
    assert [len(row) for row in everybody] == [len(header)] * 3


@pytest.mark.parametrize(("part", "lines"), [("all", ["1", "2", "3"]), ("confirmed", ["1"]), ("waiting", ["2"])])
def test_a_part_of_the_list(nasrin: FlaskClient, part: str, lines: list[str]) -> None:
    assert [row[1] for row in rows(takes(nasrin, "plain", kind="csv", part=part))[1:]] == lines


def test_a_persian_table_runs_from_right_to_left_under_persian_heads(nasrin: FlaskClient) -> None:
    octets = takes(nasrin, "plain", address=f"/fa{EXPORT}", kind="xlsx", part="all")
    with zipfile.ZipFile(io.BytesIO(octets)) as book:
        assert 'rightToLeft="1"' in book.read("xl/worksheets/sheet1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "ایمیل" in texts or "رایانامه" in texts
    assert "Status" not in texts
    assert "=HYPERLINK" in texts


def test_a_persian_table_has_the_day_for_spreadsheets_and_the_one_that_people_know(nasrin: FlaskClient) -> None:
    header, *everybody = rows(takes(nasrin, "plain", address=f"/fa{EXPORT}", **CSV, **ALL))
    assert [row[-2:] for row in everybody] == [["2027-01-15", "۲۵ دی ۱۴۰۵"]] * 3
    assert {len(row) for row in everybody} == {len(header)}


def test_the_words_on_the_page_open_the_file_and_stand_nowhere_else(nasrin: FlaskClient) -> None:
    words = words_on(nasrin.get(EXPORT).text)
    assert words != words_on(nasrin.get(EXPORT).text)
    box = takes(nasrin, "locked", **CSV, **ALL, lock="words", words=words)
    assert box.startswith(b"age-encryption.org/v1\n")
    assert rows(pyrage.passphrase.decrypt(box, words))[3][2] == "Gone"


def test_a_passphrase_or_a_key_of_ones_own(nasrin: FlaskClient) -> None:
    box = takes(nasrin, "locked", **CSV, **ALL, lock="passphrase", passphrase="هفت زمستان و یک بهار")
    assert len(rows(pyrage.passphrase.decrypt(box, "هفت زمستان و یک بهار"))) == 4
    owner = pyrage.x25519.Identity.generate()
    box = takes(nasrin, "locked", kind="xlsx", part="all", lock="key", public_key=str(owner.to_public()))
    assert zipfile.is_zipfile(io.BytesIO(pyrage.decrypt(box, [owner])))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lock": "passphrase", "passphrase": "too short"}, "at least 12 characters"),
        ({"lock": "passphrase", "passphrase": "iran1401azadi"}, "it is guessed first"),
        ({"lock": "key", "public_key": "age1sara"}, "no public key of age"),
        ({"lock": "key", "public_key": "AGE-SECRET-KEY-1QQQ"}, "secret half of a key"),
        ({"lock": "words", "public_key": "age-secret-key-1qqq"}, "secret half of a key"),
        ({"lock": "none"}, "Not a valid choice"),
        ({"kind": "pdf"}, "Not a valid choice"),
    ],
)
def test_wrong_choices_are_told_and_what_was_typed_stays(
    nasrin: FlaskClient, wrong: dict[str, str], sentence: str
) -> None:
    words = words_on(nasrin.get(EXPORT).text)
    chosen = {"part": "waiting", "kind": "csv", "words": words, **wrong}
    answer = send(nasrin, EXPORT, do="locked", **{f"locked-{name}": value for name, value in chosen.items()})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert words_on(answer.text) == words
    assert re.search(r'<input checked[^>]*name="locked-part"[^>]*value="waiting"', answer.text)
    assert "secret-key-1" not in answer.text.casefold()


def test_too_few_words_are_never_a_lock(nasrin: FlaskClient) -> None:
    box = takes(nasrin, "locked", **CSV, **ALL, lock="words", words="a")
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(box, "a")


def test_with_a_second_reader_a_plain_copy_needs_their_yes(
    app: Flask, nasrin: FlaskClient, account: tuple[str, str]
) -> None:
    del account
    omid = an_account("Omid")
    an_event(slug="paris")
    comes("Sara", slug="paris")
    address = EXPORT.replace("berkeley", "paris")
    page = nasrin.get(address).text
    assert "You can ask: <bdi>Omid</bdi>" in " ".join(page.split())
    chosen = {"plain-kind": "csv", "plain-part": "all"}
    refused = send(nasrin, address, do="plain", **chosen)
    assert (refused.status_code, "You need a colleague’s yes" in refused.text) == (409, True)
    assert send(nasrin, address, do="ask", **chosen).status_code == 303
    assert "nobody has answered yet" in nasrin.get(address).text
    (asked,) = requests_for(omid[0], now=real_clock.now())
    assert "asks for your yes" in browser_of(app, omid).get(address).text
    answer_release(slug="paris", release_id=asked.id, organizer_id=omid[0], yes=True, now=real_clock.now())
    assert "you have their yes" in nasrin.get(address).text
    assert rows(takes(nasrin, "plain", address=address, **CSV, **ALL))[1][2] == "Sara"
    assert send(nasrin, address, do="plain", **chosen).status_code == 409
    assert takes(nasrin, "locked", address=address, **CSV, **ALL, lock="words")


def test_who_is_alone_takes_it_after_a_fresh_sign_in(nasrin: FlaskClient, clock: time_machine.Traveller) -> None:
    assert "your own fresh sign-in is enough" in nasrin.get(EXPORT).text
    clock.shift(dt.timedelta(minutes=10, seconds=1))
    assert nasrin.get(EXPORT).location == f"/organize/confirm?next={EXPORT}"


def test_opening_or_sending_nothing_takes_nothing_out(nasrin: FlaskClient) -> None:
    for do in ("", "everything"):
        answer = send(nasrin, EXPORT, do=do)
        assert (answer.status_code, "Sara" in answer.text) == (422, False)


def test_who_holds_no_key_takes_out_no_name(app: Flask, account: tuple[str, str]) -> None:
    del account
    browser = browser_of(app, an_account("Omid"))
    words = words_on(browser.get(EXPORT).text)
    box = takes(browser, "locked", **CSV, **ALL, lock="words", words=words)
    assert {row[2] for row in rows(pyrage.passphrase.decrypt(box, words))[1:]} == {"sealed"}
