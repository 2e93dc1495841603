"""One's own link: everything it opens, how it is lost and found; and an address that wants to be confirmed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.factories import an_event
from tests.journeys.people import Person, Tongue, own_link, text_of
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
MAIL = "sara@example.org"
MINE = "/events/berkeley/my-rsvp"


def signs_up(person: Person, name: str, party_size: int = 1, email: str = "", slug: str = "berkeley") -> None:
    """Open the form, fill in its three fields and send it."""
    person.go(f"{person.say.prefix}/events/{slug}/rsvp")
    person.page.locator("#name").fill(name)
    person.page.locator("#party_size").fill(person.say.number(party_size))
    person.page.locator("#email").fill(email)
    person.click(person.page.locator("main form button"))


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_the_own_link_from_the_mail_to_the_end_in_farsi(stage: Stage) -> None:
    with stage.app.app_context():
        an_event("Berkeley", slug="berkeley", capacity=8, largest_party=4)
    at_home = stage.guest("fa")
    signs_up(at_home, "سارا", 2, MAIL)
    at_home.sees("Your place is kept.")
    link = own_link(stage.mail(MAIL))

    sara = stage.guest("fa")
    sara.follow(link)
    assert "/rsvps/" not in sara.page.url
    expect(sara.page.locator("main")).to_contain_text("سارا")
    expect(sara.page.get_by_role("img", name=sara.say("Your code for the door"))).to_be_visible()
    calendar = sara.takes_along("Download for your calendar").decode()
    assert "BEGIN:VEVENT" in calendar
    assert "The Starry Plough" in calendar

    sara.press("Change my RSVP")
    sara.fill("How many are you?", "۳")
    sara.fill("Note", "می‌خواهم شعری بخوانم")
    sara.page.get_by_label("Español").check()
    sara.page.get_by_label(sara.say("Remind me by mail before the night")).uncheck()
    sara.press("Save the change")
    sara.reads("Your change is saved.")
    expect(sara.page.locator(".ticket")).to_contain_text("می‌خواهم شعری بخوانم")

    sara.press("I cannot come")
    sara.press("I am not coming")
    sara.sees("You are not coming this time.")
    assert Tongue("es")("Hello,") in text_of(stage.mail(MAIL))
    sara.press("I am coming after all")
    sara.sees("Your place is kept.")

    sara.press("Delete everything about me")
    sara.press("Yes, delete everything about me")
    sara.sees("You are deleted here.")
    at_home.follow(link)
    at_home.sees("No RSVP opens here.")


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_a_lost_link_is_found_by_mail_or_with_words_on_paper(stage: Stage) -> None:
    with stage.app.app_context():
        an_event("Berkeley", slug="berkeley")
    sara = stage.guest("es")
    signs_up(sara, "Sara", 1, MAIL)
    sara.sees("Your place is kept.")
    sara.context.clear_cookies()
    answers = []
    for address in ("nobody@example.org", MAIL):
        sara.go("/es/events/berkeley")
        sara.press("Find my RSVP")
        sara.page.locator("#email").fill(address)
        sara.press("Send my links")
        sara.sees("Look into your mail")
        answers.append(sara.page.content())
    assert answers[0] == answers[1]
    found = own_link(stage.mail(MAIL))
    assert stage.post.letters("nobody@example.org") == []
    sara.follow(found)
    sara.sees("Your place is kept.")

    babak = stage.guest()
    signs_up(babak, "بابک")
    babak.sees("Your place is kept.")
    expect(babak.page.locator("#own-link")).to_be_visible()
    words = babak.page.locator(".words li").all_inner_texts()
    assert len(words) == 12
    on_another_phone = stage.guest()
    on_another_phone.go("/rsvps/words")
    on_another_phone.page.locator("#words").fill(" ".join(words[:-1]))
    on_another_phone.press("Open my RSVP")
    expect(on_another_phone.page.locator("#errors")).to_be_focused()
    on_another_phone.page.locator("#words").fill(" ".join(words))
    on_another_phone.press("Open my RSVP")
    on_another_phone.sees("Your place is kept.")
    expect(on_another_phone.page.locator("main")).to_contain_text("بابک")


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_an_address_is_confirmed_in_time_or_the_place_goes_on(stage: Stage) -> None:
    with stage.app.app_context():
        an_event("Berkeley", slug="berkeley", capacity=3, confirms_address=True, hold_hours=20)
    sara, omid, lea = stage.guest(), stage.guest(), stage.guest()
    signs_up(sara, "Sara", 2, "sara@gmial.com")
    asked = sara.page.get_by_role("group", name="Which address is right?")
    expect(sara.page.locator("#name")).to_have_value("Sara")
    asked.get_by_label("sara@gmail.com").check()
    sara.click(sara.page.locator("main form button"))
    sara.sees("Please confirm your address.")
    expect(sara.page.locator(".verdict-line")).to_contain_text(
        re.compile(r"Your 2 places are held until .+\(Berkeley time\)\. 19 hours are left\.")
    )
    expect(sara.page.get_by_role("button", name="Confirm my address")).to_have_count(0)
    sara.follow(own_link(stage.mail("sara@gmail.com")))
    sara.sees("Please confirm your address.")
    sara.press("Confirm my address")
    sara.sees("Your place is kept.")

    signs_up(omid, "Omid", 1, "omid@example.org")
    omid.sees("Please confirm your address.")
    signs_up(lea, "Lea", 1, "lea@example.org")
    lea.follow(own_link(stage.mail("lea@example.org")))
    lea.press("Confirm my address")
    lea.sees("You are on the waitlist.")
    lea.reads("You are number 1 in line.")

    stage.later(hours=16)
    stage.work()
    assert "still to be confirmed" in text_of(stage.post.letters("omid@example.org")[-1])
    stage.later(hours=5)
    omid.go(MINE)
    omid.sees("Your time to confirm is over.")
    lea.follow(own_link(stage.mail("lea@example.org")))
    lea.sees("Your place is kept.")
    omid.press("I am coming after all")
    omid.sees("Please confirm your address.")
