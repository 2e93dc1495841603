"""`python -m benchmarks.oracles`: does an answer, or its time, tell whether somebody is known?

Wrong passwords are tried for a known and for unknown addresses in turn; so are lost links, and signing up with an
address that is on the list already. The two heaps of times are compared by a permutation test. A share near 1 and a
chance that is not small mean: no difference that this many tries can show. Pages of attendees must be the same but for
what is random in them.
"""

from __future__ import annotations

import html
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.limits import limiter
from iec_events.organizers.actions import SignInRefused, accept_invitation, invite, sign_in
from tests.conftest import settings_for
from tests.factories import an_event

TRIES, SHUFFLES = 60, 2000
KNOWN, SARA = "nasrin@example.org", "sara@example.org"
HIDDEN = re.compile(r'<input[^>]*name="([^"]+)"[^>]*type="hidden"[^>]*value="([^"]*)"')
RANDOM = re.compile(
    r'value="[^"]*"|<svg[^>]*class="qr.*?</svg>|<(ol|ul)[^>]*class="[^"]*words.*?</\1>|IEC1\.[\w.-]+', re.DOTALL
)
RIGHT, WRONG = "nine poems by the river", "ten poems by the river"


def main() -> None:
    """Try, compare, print."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings_for(Path(folder), f"sqlite:///{folder}/oracles.db"))
        limiter.enabled = False
        with app.app_context():
            upgrade()
            accept_invitation(
                token=invite(now=clock.now()), name="Nasrin", email=KNOWN, password=RIGHT, now=clock.now()
            )
            an_event(slug="berkeley", capacity=10_000)
        compare("sign-in with a wrong password", *timed(app))
        signed_up_in(app, SARA)
        compare("a lost link", *in_turn(lambda email: lost_in(app, email)))
        compare("signing up with an address", *in_turn(lambda email: signed_up_in(app, email)))


def timed(app: Flask) -> tuple[list[float], list[float]]:
    """Times in milliseconds for the known address, and for unknown ones, in turn."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(TRIES):
        known.append(refused_in(app, KNOWN))
        unknown.append(refused_in(app, f"nobody-{number}@example.org"))
    return known, unknown


def in_turn(ask: Callable[[str], tuple[float, str]]) -> tuple[list[float], list[float]]:
    """Times for the address on the list and for others as long, in turn; their pages must be alike."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(TRIES * 2):
        pairs = [(known, SARA), (unknown, f"n{number:03}@example.org")]
        random.shuffle(pairs)
        pages = set()
        for heap, email in pairs:
            took, page = ask(email)
            heap.append(took)
            pages.add(RANDOM.sub("", page.replace(email, "")))
        assert len(pages) == 1, "the pages differ"
    return known, unknown


def lost_in(app: Flask, email: str) -> tuple[float, str]:
    """How long it takes to ask for a lost link, and the answer."""
    return _posted(app, "/rsvps/lost", {"email": email})


def signed_up_in(app: Flask, email: str) -> tuple[float, str]:
    """How long it takes to sign up with an address, and the page that follows."""
    return _posted(app, "/events/berkeley/rsvp", {"name": "Sara", "party_size": "1", "email": email})


def _posted(app: Flask, path: str, fields: dict[str, str]) -> tuple[float, str]:
    visitor, base = app.test_client(), app.extensions["settings"].public_url
    network = {"REMOTE_ADDR": f"10.{random.randrange(256)}.{random.randrange(256)}.7"}  # noqa: S311 - no secret
    form = visitor.get(path, base_url=base, environ_base=network).text
    sent = fields | {name: html.unescape(text) for name, text in HIDDEN.findall(form)}
    begun = time.perf_counter()
    answer = visitor.post(path, data=sent, base_url=base, environ_base=network)
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code in {200, 303}, answer.status_code
    return took, visitor.get(answer.location, base_url=base).text if answer.location else answer.text


def refused_in(app: Flask, email: str) -> float:
    """How long it takes until this address and a wrong password are refused."""
    with app.app_context():
        begun = time.perf_counter()
        try:
            sign_in(email=email, password=WRONG, now=clock.now())
        except SignInRefused:
            return (time.perf_counter() - begun) * 1000
    raise SystemExit("A wrong password was taken.")


def compare(what: str, known: list[float], unknown: list[float]) -> None:
    """Print medians, their share, and how often chance alone makes such a difference."""
    seen = abs(statistics.median(known) - statistics.median(unknown))
    heap, as_large = known + unknown, 0
    for _ in range(SHUFFLES):
        random.shuffle(heap)
        as_large += abs(statistics.median(heap[: len(known)]) - statistics.median(heap[len(known) :])) >= seen
    share = statistics.median(known) / statistics.median(unknown)
    print(
        f"{what}: known {statistics.median(known):.1f} ms, unknown {statistics.median(unknown):.1f} ms, "
        f"share {share:.3f}; by chance in {as_large / SHUFFLES:.0%} of shuffles"
    )


if __name__ == "__main__":
    main()
