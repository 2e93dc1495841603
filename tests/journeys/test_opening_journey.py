"""When one can sign up and when not; and a night that somebody floods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from iec_events.core import clock
from tests.checkin.people import comes
from tests.factories import an_event
from tests.journeys.people import SMALL_PHONE
from tests.journeys.stage import Stage
from tests.journeys.test_own_link_journey import signs_up

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
NIGHT = "/events/berkeley-k3v9q7"
EDIT = f"/organize{NIGHT}"


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_a_list_opens_closes_and_opens_again_and_always_says_why(stage: Stage) -> None:
    with stage.app.app_context():
        opens = clock.now() + dt.timedelta(days=2)
        slug = NIGHT.rsplit("/", 1)[-1]
        an_event("Berkeley", slug=slug, listed=False, rsvp_opens_at=opens, contact="night@example.org")
    sara = stage.guest("es")
    sara.go("/es/")
    assert NIGHT not in sara.page.content(), "it is found by its link only"
    sara.go(f"/es{NIGHT}")
    expect(sara.page.locator('meta[name="robots"]')).to_have_attribute("content", "noindex")
    expect(sara.page.locator(f'a[href$="{NIGHT}/rsvp"]')).to_have_count(0)
    sara.go(f"/es{NIGHT}/rsvp")
    sara.sees("No RSVP now")
    expect(sara.page.get_by_role("link", name=sara.say("Download for your calendar"))).to_be_visible()

    nasrin = stage.organizer(phone=True)
    nasrin.go(EDIT)
    nasrin.press("Open it now")
    nasrin.reads("Signing up is open.")
    sara.go(f"/es{NIGHT}/rsvp")
    sara.page.locator("#name").fill("Sara Ñusta")
    nasrin.press("Close signing up now")
    nasrin.reads("Signing up is closed.")
    sara.press("Keep my place")
    sara.reads("Signing up is closed now. What you wrote was not sent.")
    expect(sara.page.locator("main")).to_contain_text("night@example.org")
    expect(sara.page.locator("#name")).to_have_value("Sara Ñusta")
    nasrin.press("Open it again")
    sara.press("Keep my place")
    sara.sees("Your place is kept.")


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_programs_are_slowed_down_and_people_are_not_turned_away(set_stage: Callable[..., Stage]) -> None:
    stage = set_stage(FORM_MIN_SECONDS=600)  # long enough for a browser that is slow itself
    with stage.app.app_context():
        an_event("Berkeley", slug="berkeley", puzzle=True, largest_party=6)
        for number in range(5):
            comes(f"Flood {number}", 3)
    sara = stage.guest()
    signs_up(sara, "Sara", 3)
    sara.reads("That was very quick. Nothing is lost: please press the button once more.")
    sara.reads("Your device has solved the small puzzle that keeps programs away.")
    stage.later(minutes=11)
    sara.page.locator("#website").evaluate("field => { field.value = 'https://example.org' }")
    sara.press("Keep my place")
    sara.reads("This looked as if a program had filled it in. If you are a person, send it again.")
    expect(sara.page.locator("#name")).to_have_value("Sara")
    sara.press("Keep my place")
    sara.sees("Your place is kept.")

    neda = stage.guest("es", script=False, screen=SMALL_PHONE)
    neda.go("/es/events/berkeley/rsvp")
    neda.page.locator("#name").fill("Neda")
    stage.later(minutes=11)
    neda.press("Keep my place")
    neda.sees("Your RSVP waits for approval.")

    nasrin = stage.organizer()
    nasrin.go("/organize/events/berkeley")
    nasrin.press("We are under attack")
    sara.go("/events/berkeley")
    sara.press("Ask to come")
    sara.reads("A person looks at every RSVP.")
    sara.reads("2 at most")

    nasrin.go("/organize/events/berkeley/rsvps")
    rows = nasrin.page.locator("table.roster tbody tr")
    expect(rows).to_have_count(7)
    for row in rows.filter(has_text="Flood").all():
        row.locator(".tick label").click()
        expect(row.get_by_role("checkbox")).to_be_checked()
    nasrin.press("Remove, without a letter")
    nasrin.sees("Remove these RSVPs?")
    nasrin.press("Remove them")
    nasrin.reads("5 parties are removed. Nobody was told.")
    expect(rows).to_have_count(2)
    nasrin.press("Undo")
    nasrin.reads("5 parties are back where they were.")
    expect(rows).to_have_count(7)
