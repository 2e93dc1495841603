"""Phones at the door: a clock that is set, a small screen, no storage, a step back; no press is lost."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from iec_events.checkin.models import Arrival
from iec_events.core import clock
from iec_events.core.db import db
from tests.checkin.people import a_doorkeeper, an_account, comes
from tests.factories import an_event
from tests.journeys.people import PHONE
from tests.journeys.stage import Stage, cookie_of

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
DOOR = "/organize/events/berkeley/door"
PRESSES = "**/door/*"
DOUBLE = 750  # milliseconds: a second tap right after the first is none
AHEAD = "{ const now = Date.now; Date.now = () => now() + 100_000_000; }"
BACK = "{ const now = Date.now; Date.now = () => now() - 3_600_000; }"
SHUT = "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };0"
# Another page of this tab kept a press more; then one steps back to this one, which the browser had kept.
STEP_BACK = """party => {
  dispatchEvent(new Event("pagehide"));
  const kept = JSON.parse(sessionStorage["door berkeley"]);
  kept.presses.push({ ...kept.presses[0], party, at: 1 });
  sessionStorage["door berkeley"] = JSON.stringify(kept);
  document.dispatchEvent(new Event("visibilitychange"));
  dispatchEvent(new Event("pageshow"));
}"""


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_no_press_is_lost_to_the_clock_the_storage_or_a_step_back(stage: Stage, browser: Browser) -> None:
    with stage.app.app_context():
        an_account("Nasrin")
        an_event("Berkeley", slug="berkeley", starts_at=clock.now() + dt.timedelta(hours=5))
        keeper, another = a_doorkeeper(), a_doorkeeper("Parvin")
        omid, sara, ali = comes("Omid"), comes("Sara"), comes("Αλέξης")
    context = browser.new_context(viewport=PHONE)  # type: ignore[arg-type] # its own type
    signs_in(stage, context, keeper)
    page = context.new_page()
    page.goto(stage.address + DOOR)
    page.route(PRESSES, lambda route: route.abort())
    press(page, omid)
    context.add_init_script(AHEAD)
    page.reload()
    press(page, sara)
    page.evaluate(STEP_BACK, ali)
    expect(row(page, ali)).to_contain_text("Here · being sent")
    for party in (omid, sara):
        expect(row(page, party)).to_contain_text("Here · being sent")
    page.set_viewport_size({"width": 195, "height": 422})  # as large again
    notice = page.locator("#unsent")
    expect(notice).to_contain_text("3 not sent yet")
    assert notice.evaluate("box => box.offsetHeight < innerHeight / 2"), "the list lies under it"
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # its own type
    page.unroute_all(behavior="wait")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(row(page, ali)).to_contain_text("here since")
    assert set(arrivals(stage)) == {omid, sara, ali}

    page.evaluate(BACK)
    page.wait_for_timeout(DOUBLE)
    context.clear_cookies()
    signs_in(stage, context, another)
    press(page, sara)
    expect(row(page, sara)).to_contain_text("Taken back: they are not counted as here.")

    page.route("**/door-post.js", gone_after_an_update)
    page.locator("#q").fill("αλεξησ")  # no keyboard is needed for the sign at the end
    expect(row(page, omid)).to_be_hidden()
    expect(row(page, ali)).to_be_visible()
    page.locator("#q").fill("Sara")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Show all")).to_be_visible()

    page.evaluate(SHUT)
    context.clear_cookies()
    press(page, sara)
    expect(page.get_by_role("link", name="Sign in again")).to_have_attribute("target", "_blank")
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_event("dialog") as asked:
        page.get_by_role("link", name="Show all").click()
    assert asked.value.type == "beforeunload"
    context.close()


def signs_in(stage: Stage, context: BrowserContext, keeper: tuple[str, str]) -> None:
    """Sign in on this phone, as in another tab."""
    cookie = cookie_of(stage.app.test_client(), keeper[1])
    context.add_cookies([{"name": "iec", "value": cookie, "url": stage.address}])


def gone_after_an_update(route: Route) -> None:
    """The files of the release that the page is from are kept by the browser, and not there any more."""
    if route.request.method == "HEAD":
        route.fulfill(status=404)
    else:
        route.continue_()


def row(page: Page, party: str) -> Locator:
    return page.locator(f'[data-party="{party}"]')


def press(page: Page, party: str) -> None:
    row(page, party).get_by_role("button").click()


def arrivals(stage: Stage) -> list[str]:
    with stage.app.app_context():
        return list(db.session.scalars(sa.select(Arrival.rsvp_id)))
