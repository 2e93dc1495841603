"""A puzzle for the visitor's device: some work that a crowd of programs feels and a person does not.

It raises trust and is never the only door: who can't or won't solve it waits for a person to look. A puzzle is signed
for one thing (`about`, which should hold something random of the form's own), so an answer fits nothing else, on any
host. An answer is `PARTS` numbers; each, behind the puzzle and its place, gives a SHA-256 that begins with
`ZERO_BITS` zeros. Many small parts take about the same time for everybody, where one large part is a lottery.
static/js/puzzle.js solves it. Why this is our own: docs/decisions/0008.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from wtforms import HiddenField

from . import clock
from .config import settings
from .forms import Form
from .limits import within

PARTS = 16
ZERO_BITS = 14
LASTS_S = 6 * 3600
USES = ("5/6 hours",)  # a form that was refused is sent again, with the same answer
PUZZLE = re.compile(r"[0-9a-f]{1,12}\.[A-Za-z0-9_-]{22}")
ANSWER = re.compile(rf"[0-9]{{1,9}}(\.[0-9]{{1,9}}){{{PARTS - 1}}}", re.ASCII)


def new_puzzle(about: str) -> str:
    """A puzzle that only counts for `about`, at most 35 characters long."""
    return _puzzle(about, int(clock.now().timestamp()))


def is_solved(puzzle: str, answer: str, about: str) -> bool:
    """Whether this is the answer to a puzzle of ours about this, not too old; costs sixteen hashes at most."""
    if not _is_current(puzzle, about) or not ANSWER.fullmatch(answer):
        return False
    return all(_begins_with_zeros(f"{puzzle}.{place}.{number}") for place, number in enumerate(answer.split(".")))


class Puzzled(Form):
    """A form that carries a puzzle once `pose` was called; the page draws `puzzle(form)` of macros/guards.html."""

    puzzle = HiddenField()
    puzzle_answer = HiddenField()
    PARTS, ZERO_BITS = PARTS, ZERO_BITS  # for the page
    _about = ""

    def pose(self, about: str) -> None:
        """Ask for the work, and keep what is already solved."""
        self._about = about
        if not _is_current(self.puzzle.data or "", about):
            self.puzzle.data, self.puzzle_answer.data = new_puzzle(about), ""

    def proven(self) -> bool:
        """Whether the work was done; counts as one use. Ask it of a form that is valid, just before acting on it."""
        puzzle = self.puzzle.data or ""
        solved = bool(self._about) and is_solved(puzzle, self.puzzle_answer.data or "", self._about)
        return solved and within("puzzle", USES, puzzle)


def _puzzle(about: str, at: int) -> str:
    key = hmac.digest(settings().secret_key, b"iec-events puzzle 1", "sha256")
    signature = hmac.digest(key, f"{at:x}\0{about}".encode(), "sha256")[:16]
    return f"{at:x}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _is_current(puzzle: str, about: str) -> bool:
    if not PUZZLE.fullmatch(puzzle):
        return False
    at = int(puzzle.partition(".")[0], 16)
    age = clock.now().timestamp() - at
    return age <= LASTS_S and hmac.compare_digest(puzzle, _puzzle(about, at))


def _begins_with_zeros(text: str) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") >> 256 - ZERO_BITS == 0
