"""An event's page on paper: one sheet to hang up, on A4 and on Letter."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Route

from iec_events.core import clock
from iec_events.front.samples import load_samples

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
HERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_the_sample_event_is_one_sheet_in_farsi(browser: Browser, client: FlaskClient) -> None:
    """In Farsi it is longest."""
    load_samples(clock.now())
    page = browser.new_page()

    def answer(route: Route) -> None:
        with client.get(route.request.url.removeprefix(HERE)) as found:
            route.fulfill(status=found.status_code, body=found.data, content_type=found.content_type)

    page.route("**/*", answer)
    page.goto(f"{HERE}/fa/events/berkeley")
    sheets = {size: len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=size))) for size in ("A4", "Letter")}
    page.close()
    assert sheets == {"A4": 1, "Letter": 1}
