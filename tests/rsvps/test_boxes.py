"""Who can read what a party said of itself: holders of the event's key, the attendee, and nobody else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.crypto import BoxRefused, vault
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token, token_hash
from iec_events.events.models import Event, EventKey, KeyCopy
from iec_events.organizers.actions import accept_invitation, invite, sign_in
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.keys import private_of_session, unlocked
from iec_events.organizers.models import OrganizerKey, OrganizerSession
from iec_events.organizers.queries import organizer_by_email
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party, change_rsvp, place_rsvp, withdraw_rsvp
from iec_events.rsvps.boxes import NOBODY, Reader, index_of, own_words, reader_of
from iec_events.rsvps.models import Rsvp, RsvpLink
from iec_events.rsvps.queries import link_by_token, own_rsvp
from tests.factories import an_event, fully_signed_in, roster
from tests.filling import send

pytestmark = pytest.mark.usefixtures("app")
SECRET = "nine poems by the river"


def an_account(email: str = "nasrin@example.org") -> tuple[str, str]:
    """A real account, with its key; its id, and the token of its session."""
    token = accept_invitation(
        token=invite(now=clock.now()), name="Nasrin", email=email, password=SECRET, now=clock.now()
    )
    account = organizer_by_email(email)
    assert account is not None
    return account.id, token


def reads(account: tuple[str, str], event: Event) -> Reader:
    return reader_of(account[0], private_of_session(account[1]), event.id)


def comes(event: Event, name: str = "سارا", **others: str) -> str:
    token = new_token()
    party = Party(name=name, email=others.get("email"), party_size=1, note="ویلچر", locale="fa")
    place_rsvp(slug=event.slug, party=party, token=token, now=clock.now())
    return token


def test_a_holder_reads_the_list_and_the_server_does_not() -> None:
    nasrin, event = an_account(), an_event()
    comes(event)
    assert [(one.name, one.note) for one in roster(event.id, reader=reads(nasrin, event))] == [("سارا", "ویلچر")]
    assert [one.name for one in roster(event.id, reader=NOBODY)] == [None]
    rsvp = db.session.scalars(sa.select(Rsvp)).one()
    for purpose in ("rsvps.roster", "rsvps.own", "rsvps.mail"):
        for box in (rsvp.sealed, rsvp.door_sealed, rsvp.own):
            with pytest.raises(Exception, match=r"^unknown (version|key)$"):
                vault().open(purpose, rsvp.id, box or b"")


def test_signing_in_again_opens_the_same_list() -> None:
    nasrin, event = an_account(), an_event()
    comes(event)
    again = sign_in(email="nasrin@example.org", password=SECRET, now=clock.now())
    assert [one.name for one in roster(event.id, reader=reads((nasrin[0], again), event))] == ["سارا"]


def test_an_account_that_came_later_reads_nothing_until_it_is_given_a_key() -> None:
    an_account()
    event = an_event()
    comes(event)
    omid = an_account("omid@example.org")
    assert [one.name for one in roster(event.id, reader=reads(omid, event))] == [None]


def test_a_copy_in_another_holders_row_opens_nothing() -> None:
    nasrin = an_account()
    event = an_event()
    comes(event)
    omid = an_account("omid@example.org")
    with atomic():
        db.session.execute(sa.update(KeyCopy).where(KeyCopy.holder == nasrin[0]).values(holder=omid[0]))
    assert [one.name for one in roster(event.id, reader=reads(omid, event))] == [None]


def test_boxes_of_two_parties_cannot_be_swapped() -> None:
    nasrin, event = an_account(), an_event()
    comes(event, "Sara")
    comes(event, "Ali")
    with atomic():
        sara, ali = db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line)).all()
        sara.sealed, ali.sealed = ali.sealed, sara.sealed
    assert [one.name for one in roster(event.id, reader=reads(nasrin, event))] == [None, None]


def test_what_a_party_wrote_is_not_read_as_a_remark_about_it() -> None:
    account, event = an_account(), an_event()
    comes(event)
    rsvp = db.session.scalars(sa.select(Rsvp)).one()
    with atomic():
        rsvp = db.session.get_one(Rsvp, rsvp.id)
        rsvp.remark, rsvp.remark_key_id = rsvp.sealed, rsvp.roster_key_id
    assert reads(account, event).remark(db.session.get_one(Rsvp, rsvp.id)) == ""


def test_an_address_is_found_at_its_event_and_joins_no_two() -> None:
    one, same, elsewhere = (
        index_of(1, "sara@example.org"),
        index_of(1, " Sara@example.org"),
        index_of(2, "sara@example.org"),
    )
    assert one == same != elsewhere


def test_what_came_before_anybody_could_hold_a_key_is_sealed_as_soon_as_somebody_can() -> None:
    event = an_event()
    comes(event)
    assert [one.name for one in roster(event.id)] == ["سارا"]
    box = db.session.scalars(sa.select(Rsvp.sealed)).one()
    actions.seal_vault_boxes(clock.now())
    assert [one.name for one in roster(event.id)] == ["سارا"]
    assert db.session.scalars(sa.select(Rsvp.sealed)).one() == box  # the worker comes every five seconds
    nasrin = an_account()
    for _ in range(2):
        actions.seal_vault_boxes(clock.now())
    assert [one.name for one in roster(event.id)] == [None]
    assert [one.name for one in roster(event.id, reader=reads(nasrin, event))] == ["سارا"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EventKey)) == 2


def test_the_attendee_reads_and_changes_their_own_with_their_link() -> None:
    nasrin, event = an_account(), an_event()
    token = comes(event)
    assert own_rsvp(token=token, slug=event.slug).name == "سارا"
    change_rsvp(token=token, name="سارا ب.", party_size=2, note="", now=clock.now())
    assert own_rsvp(token=token, slug=event.slug).name == "سارا ب."
    assert [one.name for one in roster(event.id, reader=reads(nasrin, event))] == ["سارا ب."]


def test_ones_own_copy_opens_with_the_token_of_that_link_alone() -> None:
    """Not with anything that the server has: neither the hash that it keeps, nor nothing at all."""
    an_account()
    token = comes(an_event())
    link = link_by_token(token)
    rsvp = db.session.get_one(Rsvp, link.rsvp_id)
    words = own_words(rsvp, link, token)
    assert words is not None
    assert words.name == "سارا"
    assert [own_words(rsvp, link, other) for other in ("", link.token_hash, new_token())] == [None] * 3


def test_an_organizers_key_opens_with_their_cookie_or_their_password_alone() -> None:
    nasrin, token = an_account()
    key = db.session.get_one(OrganizerKey, nasrin)
    assert private_of_session(token) == unlocked(key, SECRET)
    for other in ("", key.organizer_id, "ten poems by the river"):
        with pytest.raises(BoxRefused):
            unlocked(key, other)
    found = new_token()
    with atomic():
        db.session.execute(sa.update(OrganizerSession).values(token_hash=token_hash(found)))
    assert private_of_session(found) is None


def test_a_link_from_a_later_mail_changes_the_size_and_reads_no_name() -> None:
    nasrin, event = an_account(), an_event(capacity=1)
    first = comes(event, "Sara")
    comes(event, "Ali", email="ali@example.org")
    withdraw_rsvp(token=first, now=clock.now())
    ali = db.session.scalars(sa.select(Rsvp).where(Rsvp.status == "confirmed")).one()
    later = new_token()
    with atomic():
        db.session.add(RsvpLink(token_hash=token_hash(later), rsvp_id=ali.id))
    assert own_rsvp(token=later, slug=event.slug).name is None
    change_rsvp(token=later, name=None, party_size=1, note="x", now=clock.now())
    assert [one.name for one in roster(event.id, reader=reads(nasrin, event))] == ["Sara", "Ali"]


def test_the_list_and_the_sheet_on_the_page(client: FlaskClient, app: Flask) -> None:
    nasrin = an_account()
    an_event(slug="berkeley")
    send(app.test_client(), "/events/berkeley/rsvp", name="سارا", party_size="1")
    omid = an_account("omid@example.org")
    with client.session_transaction() as session:
        session[TOKEN] = fully_signed_in(nasrin[1])
    assert "<bdi>سارا</bdi>" in client.get("/organize/events/berkeley/rsvps").text
    with client.session_transaction() as session:
        session[TOKEN] = fully_signed_in(omid[1])
    page = client.get("/organize/events/berkeley/rsvps").text
    assert "سارا" not in page
    assert "You hold no key" in page
