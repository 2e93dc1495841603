"""Codes held in front of the camera at the door: the test draws what it sees, everything else is real."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from iec_events.core import clock
from iec_events.rsvps.door_code import door_code
from tests.checkin.people import a_doorkeeper, an_account, comes
from tests.factories import an_event
from tests.journeys.people import AXE, LOOKING_GLASS, PHONE
from tests.journeys.stage import Stage, cookie_of

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
DOOR = "/organize/events/berkeley/door"
OWN_LINK = "https://events.example.org/rsvps/bm90IGEgcmVhbCBzZWNyZXQ"
# A camera that sees what `held` holds: the rows of a code, or nothing yet; or one that fails as `fault` says.
CAMERA = """(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  const picture = canvas.getContext("2d");
  Object.assign(window, { held: [], fault: "" });
  setInterval(() => {
    picture.fillStyle = "#ccc";
    picture.fillRect(0, 0, 640, 480);
    picture.save();
    picture.translate(330, 120);
    picture.rotate(0.2);
    held.forEach((row, y) => [...row].forEach((dark, x) => {
      picture.fillStyle = dark ? "#222" : "#eee";
      picture.fillRect(x * 7, y * 7, 7.5, 7.5);
    }));
    picture.restore();
  }, 50);
  navigator.mediaDevices.enumerateDevices = async () => [{ kind: "videoinput" }];
  navigator.mediaDevices.getUserMedia = async () => {
    if (fault) throw new DOMException("", fault);
    const stream = canvas.captureStream(20);
    window.track = stream.getVideoTracks()[0];
    return stream;
  };
})()"""


@pytest.fixture
def code(stage: Stage) -> str:
    """The code of Sara, who comes tonight."""
    with stage.app.app_context():
        an_account("Nasrin")
        an_event("Berkeley", slug="berkeley", starts_at=clock.now() + dt.timedelta(hours=5))
        return door_code(comes("Sara"))


@pytest.fixture
def phone(stage: Stage, browser: Browser, code: str) -> Iterator[Page]:
    """The phone of a volunteer, at the door, with a camera."""
    del code
    with stage.app.app_context():
        cookie = cookie_of(stage.app.test_client(), a_doorkeeper()[1])
    context = browser.new_context(viewport=PHONE)  # type: ignore[arg-type] # its own type
    context.add_cookies([{"name": "iec", "value": cookie, "url": stage.address}])
    context.add_init_script(CAMERA)
    page = context.new_page()
    page.goto(stage.address + DOOR)
    yield page
    context.close()


def hold(phone: Page, text: str) -> None:
    """Hold a code in front of the camera."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=2)]
    phone.evaluate("rows => { held = rows; }", rows)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_code_is_read_and_names_its_party(phone: Page, code: str) -> None:
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    hold(phone, code)
    phone.get_by_role("button", name="Scan a code").click()
    expect(phone.locator("#q")).to_have_value(code)
    expect(phone.get_by_role("button", name="They are here")).to_be_in_viewport(ratio=1)
    assert phone.url.endswith(DOOR)
    assert any(url.endswith("/vendor/qr/decode.js") for url in asked)
    assert not any("IEC1" in url for url in asked)
    assert phone.locator("[data-scan] video").is_hidden()


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_is_no_code_of_ours_is_neither_sent_nor_shown_and_the_camera_stops(phone: Page, code: str) -> None:
    button, said = phone.locator("[data-scan] button"), phone.locator("[data-scan] [role=status]")
    phone.route("**/vendor/**", lambda route: route.abort())
    button.click()
    expect(said).to_contain_text("could not be loaded. Try again")
    is_shut(phone)
    phone.unroute("**/vendor/**")
    button.click()
    expect(said).to_have_text("Hold the code in front of the camera.")
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    hold(phone, OWN_LINK)
    expect(said).to_contain_text("This is not a code for the door.")
    phone.evaluate(f"{LOOKING_GLASS};0")
    assert phone.evaluate(AXE) == []
    assert "example.org" not in phone.content()
    assert all("/static/" in url for url in asked)
    phone.locator("#q").fill("Sa")
    phone.keyboard.press("Escape")
    is_shut(phone)
    expect(button).to_be_focused()
    expect(said).to_have_text("")
    expect(phone.locator("#q")).to_have_value("Sa")

    button.click()
    expect(said).not_to_have_text("")
    phone.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    is_shut(phone)

    for fault, told in (
        ("NotAllowedError", "This page may not use the camera."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "maybe another app is using it"),
    ):
        phone.evaluate("name => { fault = name; }", fault)
        button.click()
        expect(said).to_contain_text(told)
        expect(button).to_have_text("Scan a code")
    phone.locator("#q").fill(code)
    phone.get_by_role("button", name="Search").click()
    expect(phone.get_by_role("link", name="Show all")).to_be_visible()


def is_shut(phone: Page) -> None:
    """Nothing is seen any more, and the light of the camera is off."""
    expect(phone.locator("[data-scan] video")).to_be_hidden()
    assert phone.evaluate("track.readyState") == "ended"
