"""`python -m benchmarks.oracles`: does the time of an answer tell whether an account exists?

Wrong passwords are tried for a known and for unknown addresses in turn; then the two heaps of times are compared by a
permutation test. A share near 1 and a chance that is not small mean: no difference that this many tries can show.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.limits import limiter
from iec_events.organizers.actions import SignInRefused, accept_invitation, invite, sign_in
from tests.conftest import settings_for

TRIES, SHUFFLES = 60, 2000
KNOWN = "nasrin@example.org"
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
        compare("sign-in with a wrong password", *timed(app))


def timed(app: Flask) -> tuple[list[float], list[float]]:
    """Times in milliseconds for the known address, and for unknown ones, in turn."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(TRIES):
        known.append(refused_in(app, KNOWN))
        unknown.append(refused_in(app, f"nobody-{number}@example.org"))
    return known, unknown


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
