"""Parties, the line behind a full night, offers, and a night whose guests are looked at one by one."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from iec_events.core import clock
from iec_events.events.models import Event
from iec_events.questions.actions import add_ready_made
from iec_events.rsvps.actions import cancel_rsvp
from tests.checkin.people import comes
from tests.factories import an_event, roster
from tests.journeys.people import DESK, Person, own_link, text_of
from tests.journeys.stage import Stage
from tests.journeys.test_own_link_journey import MINE, signs_up

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
LIST = "/organize/events/berkeley/rsvps"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_seat_that_comes_free_is_offered_passed_on_and_given_by_hand(stage: Stage) -> None:
    with stage.app.app_context():
        event_id = a_small_night().id
    sara, ali, mina = (stage.guest() for _ in range(3))
    brings_friends(sara)
    signs_up(ali, "Ali", 2, "ali@example.org")
    ali.sees("You are on the waitlist.")
    ali.reads("You are number 1 in line.")
    with stage.app.app_context():
        neda = comes("Neda")  # one seat is left, which Ali's two cannot use
    signs_up(mina, "Mina")
    mina.reads("You are number 2 in line.")

    sara.press("Change my RSVP")
    sara.fill("How many are you?", "4")
    sara.press("Save the change")
    sara.reads("You keep the places you have.")
    expect(sara.page.locator("#companions")).to_have_value("Golnar\nعلی")
    with stage.app.app_context():
        cancel_rsvp(slug="berkeley", rsvp_id=neda, now=clock.now())
    mina.go(MINE)
    mina.press("I take it")
    mina.sees("Your place is kept.")
    sara.go(f"{MINE}/cancel")
    sara.press("Cancel my RSVP")

    ali.follow(own_link(stage.mail("ali@example.org")))
    ali.sees("A place came free. Do you take it?")
    ali.reads("If you do nothing, the offer goes to the next in line when the time is over.")
    expect(ali.page.locator(".verdict-line")).to_contain_text("2 places are held for you until")
    with stage.app.app_context():
        lea = comes("Lea", 2)
    stage.later(hours=13)
    assert "went to others" in text_of(stage.mail("ali@example.org"))
    with stage.app.app_context():
        assert {one.name: one.status for one in roster(event_id)}["Lea"] == "offered"

    ali.go(MINE)
    ali.press("I am coming after all")
    ali.reads("You are number 1 in line.")
    nasrin = stage.organizer(phone=True)
    nasrin.go(f"{LIST}?status=waitlisted")
    nasrin.press("Ali")
    nasrin.press("Give them places now")
    nasrin.reads("There are not enough free places")
    with stage.app.app_context():
        cancel_rsvp(slug="berkeley", rsvp_id=lea, now=clock.now())
    nasrin.press("Give them places now")
    nasrin.reads("They have their places.")
    ali.follow(own_link(stage.mail("ali@example.org")))
    ali.sees("Your place is kept.")


def a_small_night() -> Event:
    """Four seats; freed ones are offered for twelve hours."""
    return an_event(
        "Berkeley",
        slug="berkeley",
        capacity=4,
        largest_party=4,
        offer_hours=12,
        asks_companions=True,
        asks_children=True,
    )


def brings_friends(sara: Person) -> None:
    """Three of them, two with names, one a child."""
    sara.go("/events/berkeley/rsvp")
    sara.page.locator("#name").fill("Sara")
    sara.page.locator("#party_size").fill("3")
    sara.page.locator("#children").fill("4")
    sara.page.locator("#companions").fill("Golnar\nعلی")
    sara.press("Keep my place")
    expect(sara.page.locator("#errors a")).to_have_count(1)
    sara.page.locator("#children").fill("1")
    sara.press("Keep my place")
    sara.sees("Your place is kept.")
    expect(sara.page.locator(".ticket")).to_contain_text("one of them a child")
    expect(sara.page.locator(".ticket")).to_contain_text("علی")


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_people_are_looked_at_and_the_place_is_told_to_those_who_come(stage: Stage) -> None:
    with stage.app.app_context():
        an_event("Berkeley", slug="berkeley", capacity=2, needs_approval=True, address_hidden=True)
        add_ready_made(slug="berkeley", name="approval", now=clock.now())
    sara, omid = stage.guest("es"), stage.guest("es")
    for path in ("/es/", "/es/events/berkeley"):
        sara.go(path)
        tells_no_place(sara.page.content())
    tells_no_place(sara.takes_along("Download for your calendar").decode())
    asks_to_come(sara, "Sara", "Vengo a leer un poema de Forugh.")
    asks_to_come(omid, "Omid", "")
    tells_no_place(sara.page.content())
    tells_no_place(text_of(stage.mail("sara@example.org")))

    nasrin = stage.organizer()
    nasrin.go(LIST)
    nasrin.press("Parties waiting for approval")
    piles = nasrin.page.locator("article.review")
    expect(piles.filter(has_text="Sara")).to_contain_text("un poema de Forugh")
    nasrin.click(piles.filter(has_text="Sara").get_by_role("button", name="Approve"))
    nasrin.reads("They are approved, and they have their places.")
    nasrin.click(piles.filter(has_text="Omid").get_by_role("link", name="Decline"))
    nasrin.fill("Your own words", "El salón es muy pequeño. Ven en mayo.")
    nasrin.press("Show the letter with my words")
    expect(nasrin.page.locator("pre.letter")).to_contain_text("Ven en mayo.")
    nasrin.click(nasrin.page.get_by_role("button", name="Decline", exact=True))
    nasrin.reads("They are declined.")

    letter = stage.mail("sara@example.org")
    assert "3101 Shattuck Avenue" in text_of(letter)
    sara.go(f"/es{MINE}")
    sara.sees("Your place is kept.")
    sara.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    sara.look()
    expect(sara.page.locator(".ticket")).to_contain_text("3101 Shattuck Avenue")
    assert "Shattuck" in sara.takes_along("Download for your calendar").decode()
    refusal = text_of(stage.post.letters("omid@example.org")[-1])
    assert "Ven en mayo." in refusal
    tells_no_place(refusal)
    omid.go(f"/es{MINE}")
    omid.sees("We cannot welcome you this time.")
    tells_no_place(omid.page.content())

    with stage.app.app_context():
        comes("Lea")
    nasrin.go(f"{LIST}?status=pending")
    nasrin.click(piles.get_by_role("button", name="Approve"))
    nasrin.reads("They are approved. Not enough places are free, so they are on the waitlist.")


def asks_to_come(person: Person, name: str, why: str) -> None:
    """Sign up for two, and say why."""
    person.go("/es/events/berkeley/rsvp")
    person.page.locator("#name").fill(name)
    person.page.locator("#party_size").fill("2")
    tells_no_place(person.page.content())
    person.page.locator("#email").fill(f"{name.lower()}@example.org")
    person.page.locator(".question textarea").fill(why)
    person.press("Ask to come")
    person.sees("Your RSVP waits for approval.")


def tells_no_place(text: str) -> None:
    """Nothing of where exactly it is."""
    assert not [word for word in ("Starry Plough", "Shattuck") if word in text]
