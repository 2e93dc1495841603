"""An organizer asks questions of an event, and sees them as people will: shown and hidden by the answers above."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from iec_events.questions.models import ONE, SHORT, YES_NO
from tests.conftest import Client, Installation
from tests.factories import an_event, an_organizer, an_organizer_session
from tests.journeys.people import Person, Tongue
from tests.questions.asking import a_question, choice

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
LIST = "/organize/events/berkeley/questions"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_questions_are_shown_by_the_answers_above(
    browser: Browser, installation: Installation, serve: Callable[..., str], *, script: bool
) -> None:
    with installation.app.app_context():
        event = an_event("Berkeley", slug="berkeley")
        how = a_question(event, ONE, "How do you come?", choices=["By bus", "On foot"])
        rest = a_question(event, YES_NO, "A seat to rest?", after=(how.id, [choice(how, "On foot")]), required=True)
        a_question(event, SHORT, "Near what?", after=(rest.id, ["yes"]), seen_by="door", keep_days=0)
        token = an_organizer_session(an_organizer())
    address = serve()
    visitor = installation.app.test_client()
    assert isinstance(visitor, Client)
    with visitor.session_transaction() as session:
        session["organizer"] = token
    cookie = visitor.get_cookie("iec", "127.0.0.1")
    assert cookie is not None
    nasrin = Person(browser, address, Tongue("en"), script=script, phone=script)
    nasrin.context.add_cookies([{"name": "iec", "value": cookie.value, "url": address}])
    nasrin.go(LIST)
    nasrin.press("May we quote you?")
    frame = nasrin.page.locator("[data-questions]")
    seat = frame.get_by_role("radiogroup", name="A seat to rest?")
    near, when = frame.get_by_label("Near what?"), frame.locator("[data-when]")
    if not script:
        expect(seat).to_be_visible()
        expect(near).to_be_visible()
        expect(when.first).to_have_text("Only if you answered “On foot” to “How do you come?” above.")
    else:
        expect(when.first).to_be_hidden()
        expect(near).to_be_hidden()
        frame.get_by_label("On foot").check()
        expect(seat).to_be_visible()
        seat.get_by_label("Yes").check()
        near.fill("the stage")
        nasrin.look()
        frame.get_by_label("By bus").check()
        expect(near).to_be_hidden()
        frame.get_by_label("On foot").check()
        expect(near).to_have_value("the stage")
    nasrin.press("One answer to choose")
    nasrin.fill("The question (English)", "Which poem?")
    nasrin.press("Add an answer")
    for number, text in enumerate(("Hafez", "Forough", "Lorca")):
        nasrin.page.get_by_label("Answer (English)").nth(number).fill(text)
    nasrin.press("Save")
    nasrin.sees("Questions")
    expect(nasrin.page.locator("[data-questions]").get_by_label("Forough")).to_be_visible()
    if folder := os.environ.get("SHOTS"):
        for width in (320, 1280):
            nasrin.page.set_viewport_size({"width": width, "height": 900})
            for path in ("", "/fa", "/es"):
                nasrin.page.goto(address + path + LIST)
                nasrin.page.screenshot(path=f"{folder}/list{path.replace('/', '-')}-{width}.png", full_page=True)
            nasrin.page.goto(f"{address}{LIST}/new/one")
            nasrin.page.screenshot(path=f"{folder}/form-{width}.png", full_page=True)
    nasrin.leave()
