"""A door on a bad network: answers are lost, the network goes, the page is loaded anew; everybody is counted once."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, Route, expect

from iec_events.checkin.models import Arrival
from iec_events.core import clock
from iec_events.core.db import db
from tests.checkin.people import a_doorkeeper, an_account, comes
from tests.factories import an_event
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
DOOR = "/organize/events/berkeley/door"
PRESSES = "**/door/*"
DOUBLE = 750  # milliseconds: a second tap right after the first is none
AT_REST = "Object.keys(sessionStorage).map((key) => key + sessionStorage[key]).join()"


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_presses_outlive_the_network_and_the_page(stage: Stage) -> None:
    with stage.app.app_context():
        an_account("Nasrin")
        an_event("Berkeley", slug="berkeley", starts_at=clock.now() + dt.timedelta(hours=5))
        keeper = a_doorkeeper()
        omid, sara, ali = comes("Omid"), comes("Sara Karimi", 3), comes("علی‌رضا کریمی", 2)
    kian = stage.organizer(account=keeper, phone=True)
    kian.go(DOOR)
    page, unsent = kian.page, kian.page.locator("#unsent")
    row_of_ali, row_of_sara = row(page, ali), row(page, sara)
    loses_an_answer(stage, page, omid)

    kian.context.set_offline(True)
    press(page, ali)
    expect(row_of_ali).to_contain_text("Here · being sent")
    expect(row_of_ali).to_be_focused()
    row_of_sara.get_by_role("combobox").select_option("2")
    press(page, sara)
    page.wait_for_timeout(DOUBLE)
    press(page, ali)
    expect(row_of_ali).to_contain_text("Taken back · being sent")
    expect(unsent).to_contain_text("3 not sent yet")
    expect(page.locator("[data-heads=here]")).to_have_text("1")
    looks_for(page, "كريمي علی رضا", ali)
    looks_for(page, "۲", sara)
    page.locator(".sides a").last.click()
    kian.reads("this one would be lost")
    at_rest = page.evaluate(AT_REST)
    assert sara in at_rest
    assert "Sara" not in at_rest
    kian.trouble.clear()  # each try without a network is an error in the console
    kian.look()

    page.route(PRESSES, lambda route: route.abort())
    kian.context.set_offline(False)
    page.reload()
    expect(row_of_sara).to_contain_text("Here · being sent")
    page.unroute_all(behavior="wait")
    comes_back(page)
    expect(row_of_sara).to_contain_text("2 people here since")
    expect(row_of_ali).to_contain_text("Taken back: they are not counted as here.")
    assert page.evaluate(AT_REST) == ""
    assert arrivals(stage) == {omid: 1, sara: 2}

    kian.context.clear_cookies()
    press(page, ali)
    expect(unsent.get_by_role("link", name="Sign in again")).to_be_visible()
    expect(row_of_ali).to_contain_text("Here · being sent")
    assert ali in page.evaluate(AT_REST)
    page.evaluate("sessionStorage.clear()")


def loses_an_answer(stage: Stage, page: Page, party: str) -> None:
    """The server counts them and nobody hears of it; sent again, they are counted once."""
    page.route(PRESSES, lose_the_answer)
    press(page, party)
    expect(row(page, party)).to_contain_text("Here · being sent")
    expect(page.locator("#unsent [data-when=away]")).to_be_visible()
    expect(page.locator("#unsent")).to_contain_text("Do not close this page: 1 not sent yet.")
    assert arrivals(stage) == {party: 1}
    page.unroute_all(behavior="wait")
    comes_back(page)
    expect(row(page, party)).to_contain_text("1 person here since")
    expect(page.locator("#unsent")).to_be_hidden()
    expect(page.locator("[data-heads=here]")).to_have_text("1")


def row(page: Page, party: str) -> Locator:
    return page.locator(f'[data-party="{party}"]')


def press(page: Page, party: str) -> None:
    row(page, party).get_by_role("button").click()


def lose_the_answer(route: Route) -> None:
    """Let the server do what it was asked, and tell nobody."""
    route.fetch()
    route.abort()


def comes_back(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('online'))")


def looks_for(page: Page, sought: str, found: str) -> None:
    page.locator("#q").fill(sought)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#filtered")).to_contain_text("The network is away: only this page was looked through.")
    shown = page.locator(".parties > [data-party]:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_have_attribute("data-party", found)


def arrivals(stage: Stage) -> dict[str, int]:
    with stage.app.app_context():
        return {one.rsvp_id: one.people for one in db.session.scalars(sa.select(Arrival))}
