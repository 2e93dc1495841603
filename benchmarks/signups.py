"""`python -m benchmarks.signups`: complete signups a second in one process, and where their time goes.

A signup is what a person does: the form, the POST, their own page. The rate stands beside the database's bare commits,
taken in the same minute. The profile counts the time inside each group of functions, callees left out; profiling itself
slows Python code down, so that it overstates Python and understates what compiled code does.
"""

from __future__ import annotations

import argparse
import cProfile
import html
import pstats
import re
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from benchmarks.bare import postgresql_commits, sqlite_commits
from iec_events.app import create_app
from iec_events.core import clock
from iec_events.organizers.actions import accept_invitation, invite
from tests.conftest import settings_for
from tests.factories import an_event
from tests.servers import postgres

PASSWORD = "nine poems by the river"  # noqa: S105 - of an account that lives as long as this run
FORM = "/events/berkeley/rsvp"
HIDDEN = re.compile(r'<input[^>]*name="([^"]+)"[^>]*type="hidden"[^>]*value="([^"]*)"')
Place = tuple[str, int, str]
REST = "Python's own"
GROUPS = (
    ("sealing (HPKE, AES, HKDF)", re.compile(r"cryptography|sealing|crypto\.py|shreds|hashlib|_hmac")),
    ("database driver and commit", re.compile(r"sqlite3|psycopg|fcntl|posix\.f")),
    ("SQLAlchemy", re.compile(r"sqlalchemy")),
    ("templates (Jinja)", re.compile(r"jinja2|<template>|templates/|markupsafe")),
    ("forms (WTForms)", re.compile(r"wtforms|flask_wtf|core/forms|rsvps/forms")),
    ("texts and dates (Babel)", re.compile(r"babel|gettext|zoneinfo|persiantools")),
    ("Flask and Werkzeug", re.compile(r"flask|werkzeug|itsdangerous|http/")),
    ("our own code", re.compile(r"iec_events")),
)


def main() -> None:
    """Measure both databases and print rates and shares."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.signups")
    asked.add_argument("--signups", type=int, default=200)
    chosen = asked.parse_args()
    for kind in ("sqlite", "postgresql"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = (
                f"sqlite:///{folder / 'signups.db'}"
                if kind == "sqlite"
                else stack.enter_context(postgres(careful=True))
            )
            measure(kind, folder, url, chosen.signups)


def measure(kind: str, folder: Path, url: str, signups: int) -> None:
    """Print what one database and one process do."""
    app = create_app(settings_for(folder, url))
    with app.app_context():
        upgrade()
        token = invite(now=clock.now())
        accept_invitation(token=token, name="Nasrin", email="nasrin@example.org", password=PASSWORD, now=clock.now())
        an_event(slug="berkeley", capacity=1_000_000)
    for number in range(20):
        sign_up(app, number)
    begun = time.perf_counter()
    for number in range(signups):
        sign_up(app, number)
    rate = signups / (time.perf_counter() - begun)
    bare = sqlite_commits(folder, 2) if kind == "sqlite" else postgresql_commits(url, 2, writers=1)
    profile = cProfile.Profile()
    profile.enable()
    for number in range(signups):
        sign_up(app, number)
    profile.disable()
    print(f"\n{kind}: {rate:.1f} complete signups a second, one after the other in one process")
    print(f"{kind}: {bare:.0f} bare commits a second by one writer; a signup is {rate / bare:.3f} of that")
    for group, share in shares(profile):
        print(f"  {share:5.1%}  {group}")


def sign_up(app: Flask, number: int) -> None:
    """The three pages of a signup, as one visitor."""
    visitor: FlaskClient = app.test_client()
    base = app.extensions["settings"].public_url
    network = {"REMOTE_ADDR": f"10.{number // 256 % 256}.{number % 256}.7"}
    form = visitor.get(FORM, base_url=base, environ_base=network).text
    fields = {name: html.unescape(text) for name, text in HIDDEN.findall(form)}
    fields |= {"name": "Sara", "party_size": "2", "email": f"sara-{number}@example.org", "note": ""}
    sent = visitor.post(FORM, data=fields, base_url=base, environ_base=network)
    assert sent.status_code == 303, sent.status_code
    assert visitor.get(sent.location, base_url=base, environ_base=network).status_code == 200


def shares(profile: cProfile.Profile) -> list[tuple[str, float]]:
    """Each group's share of all time, largest first; what belongs to none counts to the group of its callers."""
    spent: dict[str, float] = defaultdict(float)
    entries: dict[Place, tuple[int, int, float, float, dict[Place, tuple[int, int, float, float]]]]
    entries = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for place, (_calls, _primitive, inside, _whole, callers) in entries.items():
        if (group := group_of(place)) is not None:
            spent[group] += inside
            continue
        for caller, (_their_calls, _their_primitive, for_them, _all) in callers.items():
            spent[group_of(caller) or REST] += for_them
    whole = sum(spent.values())
    return [(group, time_in / whole) for group, time_in in sorted(spent.items(), key=itemgetter(1), reverse=True)]


def group_of(place: Place) -> str | None:
    """The group of a function, by its file and name; None for what all of them use."""
    file, _line, name = place
    return next((group for group, pattern in GROUPS if pattern.search(f"{file} {name}")), None)


if __name__ == "__main__":
    main()
