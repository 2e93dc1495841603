"""The camera at the door: who may open it, and what the page holds before anybody does."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core import clock
from iec_events.rsvps.door_code import door_code
from tests.checkin.people import a_doorkeeper, an_account, browser_of, comes
from tests.factories import an_event
from tests.filling import send

DOOR = "/organize/events/berkeley/door"


@pytest.fixture
def kian(app: Flask) -> FlaskClient:
    """A volunteer at the door of a night in five hours."""
    an_account("Nasrin")
    an_event(slug="berkeley", starts_at=clock.now() + dt.timedelta(hours=5))
    return browser_of(app, a_doorkeeper())


def may_see(answer: TestResponse) -> bool:
    """By meaning: whether a browser would let this page, and nobody else, ask for the camera."""
    policy = dict(part.split("=") for part in answer.headers["Permissions-Policy"].split(", "))
    camera = policy.pop("camera")
    assert set(policy.values()) == {"()"}, "nothing else is opened with it"
    assert camera in {"()", "(self)"}
    return camera == "(self)"


def test_every_answer_at_the_door_may_open_the_camera_and_no_other_page(kian: FlaskClient) -> None:
    code = door_code(comes("Sara"))
    for answer, status in (
        (kian.get(DOOR), 200),
        (kian.get(f"/fa{DOOR}?show=here"), 200),
        (send(kian, DOOR, q="Sara"), 200),
        (send(kian, DOOR, q=code), 200),
        (send(kian, DOOR, q=code + "x"), 422),
        (kian.post(f"{DOOR}/here"), 422),
    ):
        assert answer.status_code == status
        assert may_see(answer)
    for path in (f"{DOOR}/walk-in", "/organize/account", "/events/berkeley", "/organize/nothing"):
        assert not may_see(kian.get(path)), path


def test_without_javascript_nothing_of_the_camera_is_there_and_nothing_is_loaded_for_it(kian: FlaskClient) -> None:
    page = kian.get(DOOR).text
    part = re.search(r"<section class=\"scan\".*?</section>", page, re.DOTALL)
    assert part
    assert re.match(r"<section[^>]*\shidden\b", part[0])
    assert "vendor" not in page, "what reads is fetched once the button is pressed"
    assert part[0].count('type="submit"') == 0
