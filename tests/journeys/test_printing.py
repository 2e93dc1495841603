"""An event's page and its poster on paper: one sheet to hang up, on A4 and on Letter."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route

from iec_events.core import clock
from iec_events.front.samples import load_samples
from tests.factories import an_event

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
HERE = "http://127.0.0.1:8000"


LONG = {
    "en": "A Night of Cultural Revolt: Poetry, Song and Dancing for the Political Prisoners of Evin and Everywhere",
    "es": "Una noche de rebeldía cultural: poesía, canto y baile por todas las presas y los presos políticos",
    "fa": "شب شورش فرهنگی: شعر و آواز و رقص برای همهٔ زندانیان سیاسی در زندان اوین و زندان‌های دیگر ایران",
}
SHAPES = {"A4": (718, 1047), "Letter": (740, 980)}  # within the margins, in pixels
LEFT = """() => {
  const box = (name) => document.querySelector(name).getBoundingClientRect();
  const sheet = box(".broadside"), wide = Math.max(...[...document.querySelectorAll(".cry *, .way p")].map((one) => {
    const { left, right } = one.getBoundingClientRect();
    return Math.max(right - sheet.right, sheet.left - left);
  }));
  const mm = 25.4 / 96;
  const score = box(".way").top - box(".cry").bottom - 39 / mm, code = box(".scan").width * 0.87 - 35 / mm;
  return [sheet.bottom - box(".way").bottom, 1 - wide, score, code];
}"""


@pytest.fixture
def page(browser: Browser, client: FlaskClient) -> Iterator[Page]:
    """A browser to which the application answers without a server."""
    opened = browser.new_page()

    def answer(route: Route) -> None:
        with client.get(route.request.url.removeprefix(HERE)) as found:
            route.fulfill(status=found.status_code, body=found.data, content_type=found.content_type)

    opened.route("**/*", answer)
    yield opened
    opened.close()


def sheets(page: Page, size: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=size)))


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_the_sample_event_is_one_sheet_in_farsi(page: Page) -> None:
    """In Farsi it is longest."""
    load_samples(clock.now())
    page.goto(f"{HERE}/fa/events/berkeley")
    assert [sheets(page, size) for size in SHAPES] == [1, 1]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_poster_is_one_sheet_from_which_nothing_is_cut(page: Page) -> None:
    summary = "Poems that were carried out of prison, songs that are forbidden, and dancing until morning. " * 2
    texts = {code: {"title": title, "summary": summary} for code, title in LONG.items()}
    venue, city = "The Very Large Cultural Centre of Friends", "San Francisco de Quito"
    full: dict[str, Any] = {"texts": texts, "venue": venue, "city": city}
    an_event(slug="long", **full, ends_at=clock.now() + dt.timedelta(days=32))
    an_event(slug="off", **full, status="postponed")
    an_event(slug="short", address_hidden=True, needs_approval=True)
    for slug, prefix in itertools.product(("long", "off", "short"), ("", "/fa", "/es")):
        page.goto(f"{HERE}{prefix}/events/{slug}/poster")
        for size, (width, height) in SHAPES.items():
            page.emulate_media(media="print")
            page.set_viewport_size({"width": width, "height": height})
            left = page.evaluate(LEFT)
            assert min(left) >= -1, (slug, prefix, size, left)
        assert [sheets(page, size) for size in SHAPES] == [1, 1], (slug, prefix)
