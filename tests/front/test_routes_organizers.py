"""The dashboard: the numbers organizers see first, and whether the service is well."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.db import atomic, db, note_worker
from iec_events.core.tokens import new_id
from iec_events.mail.actions import post
from iec_events.mail.models import OutboxMail
from iec_events.organizers.audit import note
from iec_events.organizers.keys import made_key, new_phrase, pair_of_phrase
from iec_events.organizers.models import Organizer, RecoveryKey
from iec_events.organizers.roles import ORGANIZER
from iec_events.rsvps.models import CANCELLED, CONFIRMED, WAITLISTED, Rsvp
from iec_events.solidarity.actions import leave_message
from tests.factories import PASSWORD, a_campaign, an_app, an_event, an_organizer, an_organizer_session

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _awake(app: object) -> None:
    del app
    note_worker(clock.now())


def parties(event_id: int, *sizes: tuple[str, int]) -> None:
    """RSVPs of these states and sizes; nobody opens their boxes here."""
    with atomic():
        for line, (status, size) in enumerate(sizes, 1):
            db.session.add(
                Rsvp(
                    id=new_id(),
                    event_id=event_id,
                    status=status,
                    holds_seats=status == "confirmed",
                    line=line,
                    party_size=size,
                    sealed=b"closed",
                    placed_on=clock.now().date(),
                )
            )


def told(page: str) -> str:
    """What stands on a page, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())


def tiles(page: str) -> dict[str, str]:
    """The numbers at a glance, by their names."""
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", name).strip(): number.strip() for name, number in pairs}


def test_shows_seats_waitlist_and_messages_of_each_night(organizer: FlaskClient) -> None:
    event = an_event("Berkeley night", slug="berkeley", capacity=10)
    parties(event.id, (CONFIRMED, 4), (CONFIRMED, 2), (WAITLISTED, 5), (CANCELLED, 3))
    leave_message(
        event_slug="berkeley", text="Azadi", signature="", language="en", read_aloud=False, seed="s", now=clock.now()
    )
    page = organizer.get("/organize").text
    assert "6 of 10" in told(page)
    assert tiles(page) == {
        "Coming nights": "1",
        "Seats taken": "6",
        "On the waitlist": "5",
        "Messages to read": "1",
        "Mails on their way": "0",
        "Mails stuck": "0",
    }


def test_says_how_many_places_are_held(organizer: FlaskClient) -> None:
    event = an_event(capacity=3, seats_taken=3)
    parties(event.id, (CONFIRMED, 1))
    assert "1 of 3 2 places held for a while" in told(organizer.get("/organize").text)


def test_drafts_past_nights_and_campaigns_have_their_place(organizer: FlaskClient) -> None:
    an_event("To come")
    an_event("Unfinished", status="draft", published_at=None)
    an_event("Called off", status="cancelled")
    an_event("Over", starts_at=clock.now() - 5 * HOUR)
    a_campaign("A Night of Cultural Revolt")
    text = told(organizer.get("/organize").text)
    assert re.search(r"Coming nights.*To come.*Called off.*Cancelled.*Drafts.*Unfinished.*Past nights.*Over", text)
    assert re.search(r"Campaigns A Night of Cultural Revolt", text)


def test_the_hours_of_a_night_stay_on_one_line(organizer: FlaskClient) -> None:
    event = an_event(slug="berkeley", starts_at=dt.datetime(2027, 2, 14, 2, tzinfo=dt.UTC))
    hours = re.compile(r'2027,\s+<span class="unbroken">6–9\spm</span></time>')
    for page in ("/organize", "/organize/events", f"/events/{event.slug}/messages/new"):
        assert hours.search(organizer.get(page).text), page


def test_says_what_to_do_when_there_is_nothing_yet(organizer: FlaskClient) -> None:
    assert "Nothing is planned yet" in organizer.get("/organize").text


@pytest.mark.parametrize(("prefix", "number"), [("", "0"), ("/es", "0"), ("/fa", "۰")])
def test_speaks_the_language_of_its_address(organizer: FlaskClient, prefix: str, number: str) -> None:
    an_event()
    page = organizer.get(f"{prefix}/organize")
    assert page.status_code == 200
    assert f"<dd>{number}</dd>" in page.text.replace("\n", "").replace("  ", "")


def test_says_that_the_worker_is_silent(organizer: FlaskClient) -> None:
    assert "The worker is not running." not in organizer.get("/organize").text
    note_worker(clock.now() - HOUR)
    assert "The worker is not running." in organizer.get("/organize").text


def test_tells_of_mail_that_does_not_get_through_and_not_to_whom(organizer: FlaskClient) -> None:
    with atomic():
        mail_id = post(
            kind="placed", about="x", to="canary@example.org", locale="en", facts={"name": "Canary"}, now=clock.now()
        )
    assert tiles(organizer.get("/organize").text)["Mails on their way"] == "1"
    with atomic():
        letter = db.session.get(OutboxMail, mail_id)
        assert letter is not None
        letter.tries, letter.last_error = 5, "SMTPAuthenticationError 535"
    page = organizer.get("/organize").text
    assert "1 mail does not get through." in told(page)
    assert "SMTPAuthenticationError 535" in page
    assert "canary" not in page.lower()


def test_tells_owners_what_is_weak_about_people_and_keys_and_nobody_else(
    organizer: FlaskClient, client: FlaskClient
) -> None:
    page = organizer.get("/organize").text
    assert "You are the only owner" in told(page)
    assert '<a href="/organize/team">Make somebody else an owner</a>' in page
    an_organizer("Omid", "omid@example.org")
    for one in db.session.scalars(sa.select(Organizer)).all():
        an_app(one)
        with atomic():
            db.session.add(made_key(one.id, PASSWORD)[0])
    page = organizer.get("/organize").text
    assert "You are the only owner" not in told(page)
    assert "There is no recovery key" in told(page)
    assert '<a href="/organize/access/recovery">Make the recovery key</a>' in page
    with atomic():
        public = pair_of_phrase(new_phrase()).public
        db.session.add(RecoveryKey(id=1, public=public, made_at=clock.now(), checked_at=clock.now()))
    assert "What needs your care" not in organizer.get("/organize").text
    parvin = an_organizer("Parvin", "parvin@example.org", role=ORGANIZER)
    assert "1 account has no second factor yet." in told(organizer.get("/organize").text)
    with client.session_transaction() as session:
        session["organizer"] = an_organizer_session(parvin)
    assert "What needs your care" not in client.get("/organize").text


def test_costs_the_same_for_one_night_and_for_many(
    organizer: FlaskClient, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    def cost() -> int:
        with queries() as asked:
            assert organizer.get("/organize").status_code == 200
        return len([one for one in asked if one.startswith("SELECT") and "generation" not in one])

    campaign = a_campaign()
    an_event(campaign_id=campaign.id)
    first = cost()
    for _night in range(10):
        an_event(campaign_id=campaign.id)
        an_event(campaign_id=campaign.id, starts_at=clock.now() - 5 * HOUR)
    assert cost() <= first


def test_a_night_called_off_asks_for_no_messages(client: FlaskClient) -> None:
    an_event(slug="off", status="cancelled")
    an_event(slug="on")
    assert "/events/off/messages/new" not in client.get("/events/off").text
    assert "/events/on/messages/new" in client.get("/events/on").text


def test_the_trail_leads_to_no_page_that_is_gone(
    organizer: FlaskClient, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    an_event(slug="berkeley")
    a_campaign(slug="revolt")
    kinds = ("event:berkeley", "letter:berkeley 40", "campaign:revolt", "event:gone", "letter:gone", "series:gone")
    for about in kinds:
        note("event.deleted", about, now=clock.now())
    organizer.get("/organize/audit")
    with queries() as asked:
        page = organizer.get("/organize/audit").text
    for slug in ("berkeley", "berkeley/letters"):
        assert f'href="/organize/events/{slug}"' in page
    assert 'href="/organize/campaigns/revolt"' in page
    assert "<bdi>gone</bdi>" in page
    assert not re.search(r'href="[^"]*gone', page)
    for number in range(20):
        note("event.deleted", f"event:gone-{number}", now=clock.now())
    with queries() as more:
        organizer.get("/organize/audit")
    assert len(more) == len(asked)
