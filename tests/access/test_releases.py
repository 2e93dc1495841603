"""A list leaves without a lock only with the yes of a second holder: once, within a day, and never of one's own."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from iec_events.access.actions import (
    EverybodyRests,
    NobodyToAsk,
    OwnRelease,
    ReleaseOver,
    ReleaseUnknown,
    YesNeeded,
    answer_release,
    ask_release,
    take_ended_keys,
    take_out,
)
from iec_events.access.models import ListRelease
from iec_events.access.queries import own_requests, requests_for
from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.mail.delivery import deliver_due
from iec_events.mail.models import OutboxMail
from iec_events.organizers.actions import rest, wake
from iec_events.organizers.models import AuditEntry
from iec_events.worker import LETTERS
from tests.checkin.people import an_account, browser_of, comes
from tests.factories import an_event
from tests.filling import send

DAY = dt.timedelta(days=1)
EXPORT = "/organize/events/berkeley/rsvps/export"
Two = tuple[str, str]


@pytest.fixture
def two(app: Flask) -> Two:
    """The ids of two who can read the list of a night."""
    del app
    both = an_account("Nasrin")[0], an_account("Omid")[0]
    an_event(slug="berkeley")
    comes("Sara", 2)
    return both


def asks(who: str, kind: str = "csv") -> str:
    return ask_release(slug="berkeley", kind=kind, organizer_id=who, now=real_clock.now())


def answers(who: str, release_id: str, *, yes: bool = True, slug: str = "berkeley") -> None:
    answer_release(slug=slug, release_id=release_id, organizer_id=who, yes=yes, now=real_clock.now())


def takes(who: str, kind: str = "csv") -> None:
    take_out(slug="berkeley", kind=kind, organizer_id=who, now=real_clock.now())


def noted() -> list[str]:
    db.session.rollback()
    deeds = db.session.execute(sa.select(AuditEntry.what, AuditEntry.about).order_by(AuditEntry.id)).all()
    return [what for what, about in deeds if about == "event:berkeley"]


def test_a_yes_is_good_for_one_copy_of_what_was_asked_for(two: Two) -> None:
    nasrin, omid = two
    asked = asks(nasrin)
    with pytest.raises(YesNeeded):
        takes(nasrin)
    answers(omid, asked)
    for who, kind in ((nasrin, "xlsx"), (omid, "csv")):
        with pytest.raises(YesNeeded):
            takes(who, kind)
    takes(nasrin)
    with pytest.raises(YesNeeded):
        takes(nasrin)
    assert noted() == ["release.asked", "release.granted", "release.used", "rsvps.downloaded"]


def test_who_rests_is_not_asked_and_their_yes_is_needed_all_the_same(app: Flask) -> None:
    nasrin, others = an_account("Nasrin"), [an_account("Omid")[0], an_account("Mina")[0]]
    an_event(slug="berkeley")
    comes("Sara", 2)
    rest(organizer_id=others[0], until=None, now=real_clock.now())
    page = browser_of(app, nasrin).get(EXPORT).text
    assert ("Mina" in page, "Omid" in page) == (True, False)
    rest(organizer_id=others[1], until=None, now=real_clock.now())
    with pytest.raises(EverybodyRests):
        asks(nasrin[0])
    with pytest.raises(YesNeeded):
        takes(nasrin[0])
    page = browser_of(app, nasrin).get(EXPORT).text
    assert ("all who could give it rest" in page, 'value="ask"' in page) == (True, False)
    wake(organizer_id=others[0], now=real_clock.now())
    db.session.execute(sa.delete(OutboxMail))
    asks(nasrin[0])
    assert db.session.scalars(sa.select(OutboxMail.about)).all() == [others[0]]


def test_a_no_is_a_no(two: Two) -> None:
    nasrin, omid = two
    asked = asks(nasrin)
    answers(omid, asked, yes=False)
    with pytest.raises(YesNeeded):
        takes(nasrin)
    with pytest.raises(ReleaseOver):
        answers(omid, asked)
    assert [one.yes for one in own_requests(1, nasrin, now=real_clock.now())] in ([False], [])
    assert noted() == ["release.asked", "release.refused"]


def test_nobody_answers_their_own_request(two: Two) -> None:
    asked = asks(two[0])
    with pytest.raises(OwnRelease):
        answers(two[0], asked)


def test_who_cannot_read_the_list_cannot_let_it_out(two: Two) -> None:
    asked = asks(two[0])
    parvin = an_account("Parvin")[0]
    an_event(slug="paris")
    with pytest.raises(ReleaseUnknown):
        answers(parvin, asked)
    with pytest.raises(ReleaseUnknown):
        answers(two[1], asked, slug="paris")
    with pytest.raises(ReleaseUnknown):
        answers(two[1], "nobody")
    assert requests_for(parvin, now=real_clock.now()) == []
    comes("Ali", 1, slug="paris")  # she reads that list
    with pytest.raises(ReleaseUnknown):
        answers(parvin, asked, slug="paris")


def test_asking_and_answering_twice_is_doing_it_once(two: Two) -> None:
    nasrin, omid = two
    assert asks(nasrin) == asks(nasrin)
    assert asks(nasrin, "xlsx") != asks(nasrin)
    for _ in range(2):
        answers(omid, asks(nasrin) if not noted().count("release.granted") else _first())
    assert noted() == ["release.asked", "release.asked", "release.granted"]


def _first() -> str:
    return db.session.scalars(sa.select(ListRelease.id).where(ListRelease.yes.is_(True))).one()


@pytest.mark.parametrize("answered", [False, True])
def test_after_a_day_it_is_over(two: Two, clock: time_machine.Traveller, *, answered: bool) -> None:
    nasrin, omid = two
    asked = asks(nasrin)
    if answered:
        answers(omid, asked)
    clock.shift(DAY)
    if not answered:
        with pytest.raises(ReleaseOver):
            answers(omid, asked)
    with pytest.raises(YesNeeded):
        takes(nasrin)
    clock.shift(7 * DAY)
    take_ended_keys(real_clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ListRelease)) == 0


@pytest.mark.usefixtures("app")
def test_who_is_alone_needs_nobodys_yes() -> None:
    nasrin = an_account("Nasrin")[0]
    an_event(slug="berkeley")
    comes("Sara")
    with pytest.raises(NobodyToAsk):
        asks(nasrin)
    takes(nasrin)
    assert noted() == ["rsvps.downloaded"]


def test_the_letter_names_nobody_and_is_not_sent_when_it_is_answered(two: Two, app: Flask) -> None:
    nasrin, omid = two
    folder = app.extensions["settings"].data_dir / "mail"
    first = asks(nasrin)
    deliver_due(now=real_clock.now(), writers=LETTERS)
    (letter,) = [file.read_text() for file in folder.glob("*.eml")]
    assert f"/organize/access/lists/berkeley/requests/{first}" in letter.replace("=\n", "")
    assert "omid@example.org" in letter
    for word in ("Nasrin", "Sara"):
        assert word not in letter
    second = asks(nasrin, "xlsx")
    answers(omid, second)
    deliver_due(now=real_clock.now(), writers=LETTERS)
    assert len(list(folder.glob("*.eml"))) == 1


def test_the_page_asks_and_the_button_answers(app: Flask) -> None:
    nasrin, omid = an_account("Nasrin"), an_account("Omid")
    an_event(slug="berkeley")
    comes("Sara")
    asked = asks(nasrin[0])
    address = f"/organize/access/lists/berkeley/requests/{asked}"
    browser = browser_of(app, omid)
    assert address in browser.get("/organize").text
    assert "<bdi>Nasrin</bdi> asks to take this list out without a lock, as CSV." in browser.get(address).text
    assert browser_of(app, nasrin).get(address).status_code == 409
    assert send(browser, address).status_code == 422
    assert send(browser, address, answer="maybe").status_code == 422
    assert send(browser, address, answer="yes").location == "/organize/events/berkeley/rsvps"
    assert "answered already" in browser.get(address).text
    assert address not in browser.get("/organize").text
    takes(nasrin[0])
