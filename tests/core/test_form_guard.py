"""The signed time of opening and the field for no one: programs are slowed down, people lose nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask, render_template_string

from iec_events.app import create_app
from iec_events.core.form_guard import Guarded
from iec_events.core.forms import TextLine
from tests.conftest import settings_for

QUICK = ["That was very quick. Nothing is lost: please press the button once more."]
LONG = ["This page was open for a long time. Nothing is lost: please look at it and send it once more."]
PROGRAM = ["This looked as if a program had filled it in. If you are a person, send it again."]
Send = Callable[..., "Sample"]


class Sample(Guarded):
    """A guarded form."""

    name = TextLine("Name")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that takes three seconds for the least that a person needs, as it is when nothing is set."""
    folder = tmp_path_factory.mktemp("patient")
    return create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}", FORM_MIN_SECONDS=3))


@pytest.fixture
def send(patient: Flask) -> Send:
    """Send the form with these fields."""

    def sent(about: str = "rsvp berkeley", **fields: str) -> Sample:
        with patient.test_request_context("/", method="POST", data={"name": "Sara", **fields}):
            form = Sample(about=about, meta={"csrf": False})
            form.validate_on_submit()
            return form

    return sent


def opened(app: Flask, about: str = "rsvp berkeley") -> str:
    with app.test_request_context("/"):
        return str(Sample(about=about).opened.data)


def test_a_person_passes(patient: Flask, send: Send, clock: time_machine.Traveller) -> None:
    at = opened(patient)
    clock.shift(3)
    form = send(opened=at)
    assert form.errors == {}
    assert form.opened.data == at


def test_the_second_press_passes_as_the_time_of_opening_is_kept(
    patient: Flask, send: Send, clock: time_machine.Traveller
) -> None:
    at = opened(patient)
    clock.shift(1)
    first = send(opened=at)
    assert first.errors == {"": QUICK}
    assert (first.name.data, first.opened.data) == ("Sara", at)
    clock.shift(2)
    assert send(opened=first.opened.data).errors == {}


@pytest.mark.parametrize("spoil", [
    lambda _at: "",
    lambda at: at[:-1] + ("A" if at[-1] != "A" else "B"),
    lambda at: "2" + at[1:],
    lambda _at: "1.AAAAAA.é\0",
    lambda _at: "x" * 100_000,
], ids=["missing", "signature", "value", "hostile", "long"])  # fmt: skip
def test_a_time_that_is_not_ours_is_asked_for_again(
    patient: Flask, send: Send, clock: time_machine.Traveller, spoil: Callable[[str], str]
) -> None:
    at = opened(patient)
    clock.shift(60)
    form = send(opened=spoil(at))
    assert form.errors == {"": LONG}
    assert form.name.data == "Sara"
    assert send(opened=form.opened.data).errors == {"": QUICK}
    clock.shift(3)
    assert send(opened=form.opened.data).errors == {}


def test_a_time_fits_its_own_form_only(patient: Flask, send: Send, clock: time_machine.Traveller) -> None:
    at = opened(patient, "rsvp toronto")
    clock.shift(60)
    assert send("rsvp berkeley", opened=at).errors == {"": LONG}
    assert send("rsvp toronto", opened=at).errors == {}


def test_after_a_day_the_page_is_shown_again(patient: Flask, send: Send, clock: time_machine.Traveller) -> None:
    at = opened(patient)
    clock.shift(24 * 3600)
    assert send(opened=at).errors == {}
    clock.shift(1)
    assert send(opened=at).errors == {"": LONG}


def test_what_fills_in_the_field_for_no_one_is_asked_once_more(
    patient: Flask, send: Send, clock: time_machine.Traveller
) -> None:
    at = opened(patient)
    clock.shift(60)
    form = send(opened=at, website="https://example.org/cheap")
    assert form.errors == {"": PROGRAM}
    assert (form.name.data, form.website.data) == ("Sara", "")


def test_no_time_is_asked_for_where_the_operator_says_so(bare_app: Flask) -> None:
    with bare_app.test_request_context("/", method="POST", data={"name": "Sara"}):
        assert bare_app.extensions["settings"].form_min_seconds == 0
        assert Sample(about="x", meta={"csrf": False}).validate_on_submit()


def test_nobody_comes_across_the_field_for_no_one(bare_app: Flask) -> None:
    with bare_app.test_request_context("/"):
        page = render_template_string(
            '{% from "macros/guards.html" import trap %}{{ trap(form) }}', form=Sample(about="x")
        )
    assert re.search(r'<div class="sr" aria-hidden="true">\s*<label for="website">Leave this empty</label>', page)
    assert re.search(r'<input(?=[^>]*autocomplete="off")(?=[^>]*tabindex="-1")[^>]*name="website"', page)
    assert "hidden>" not in page
