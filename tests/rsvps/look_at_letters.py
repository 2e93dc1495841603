"""Draw every letter in every language, light and dark: `python -m tests.rsvps.look_at_letters FOLDER [KIND...]`.

What the tests can't say is seen here. It needs Chromium; each letter is also written as HTML, as text and as .ics.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import time_machine
from flask_migrate import upgrade
from playwright.sync_api import sync_playwright

from iec_events.app import create_app
from iec_events.core.i18n import LOCALES, speaking
from iec_events.core.tokens import new_token
from iec_events.mail.letters import Letter, write_letter
from tests.conftest import NOW, settings_for
from tests.rsvps.every_letter import all_letters

WIDTHS = (390, 800)
ORGANIZERS = ("invited", "signed_in", "password_changed", "begun_anew", "address_changed", "new_address")


def write_all(folder: Path) -> None:
    """Every letter in its parts, as files."""
    for locale in LOCALES:
        for quiet in (False, True):
            for kind, (letter, _message) in all_letters(locale, quiet=quiet).items():
                write(folder / f"{kind}{'-quiet' if quiet else ''}.{locale}", letter)
        with speaking(locale):
            for kind in ORGANIZERS:
                link = f"http://127.0.0.1:8000/organize/{new_token()}"
                letter = write_letter(f"organizers/emails/{kind}", when="2027-01-15 12:00", known=False, link=link)
                write(folder / f"organizer-{kind}.{locale}", letter)


def write(path: Path, letter: Letter) -> None:
    """One letter: what is seen of it, and what is read."""
    path.with_name(f"{path.name}.html").write_text(letter.html)
    path.with_name(f"{path.name}.txt").write_text(f"Subject: {letter.subject}\n\n{letter.text}")
    if letter.calendar:
        path.with_name(f"{path.name}.ics").write_bytes(letter.calendar)


def draw_all(folder: Path, kinds: list[str]) -> None:
    """Pictures of them."""
    known = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("IEC_CHROMIUM") or next(filter(None, map(shutil.which, known)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
                for file in sorted(folder.glob("*.html")):
                    if not kinds or file.name.startswith(tuple(kinds)):
                        page.goto(file.as_uri())
                        page.screenshot(path=folder / f"{file.stem}.{scheme}.{width}.png", full_page=True)
                page.close()
        browser.close()


def main(folder: Path, kinds: list[str]) -> None:
    """Write them on a database of their own, then draw them."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, time_machine.travel(NOW, tick=False):
        app = create_app(settings_for(Path(data), f"sqlite:///{data}/letters.db"))
        with app.app_context():
            upgrade()
            write_all(folder)
    draw_all(folder, kinds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
