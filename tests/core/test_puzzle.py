"""The puzzle: its answer counts for one thing, for a while, a few times; our script finds it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from flask import Flask, render_template_string

from iec_events.core import puzzle as puzzles
from iec_events.core.limits import limiter
from iec_events.core.paths import PACKAGE
from iec_events.core.puzzle import LASTS_S, PARTS, Puzzled, is_solved, new_puzzle
from tests.conftest import missing

ABOUT = "rsvp berkeley 7FJq"


def solved(puzzle: str) -> str:
    """The answer, found as the script finds it."""

    def number(place: int) -> int:
        return next(n for n in range(10**9) if puzzles._begins_with_zeros(f"{puzzle}.{place}.{n}"))

    return ".".join(str(number(place)) for place in range(PARTS))


@pytest.fixture
def app(bare_app: Flask) -> Iterator[Flask]:
    """No tables are needed."""
    with bare_app.app_context():
        yield bare_app
    limiter.reset()


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzles, "ZERO_BITS", 6)


def test_an_answer_counts_for_its_own_puzzle(app: Flask) -> None:
    del app
    puzzle, other = new_puzzle(ABOUT), new_puzzle("rsvp berkeley another")
    answer = solved(puzzle)
    assert is_solved(puzzle, answer, ABOUT)
    assert not is_solved(puzzle, answer, "rsvp berkeley another")
    assert not is_solved(other, answer, "rsvp berkeley another")


def test_a_puzzle_must_be_ours_and_of_today(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    puzzle = new_puzzle(ABOUT)
    made_up = re.sub(r"\..*", "." + "A" * 22, puzzle)
    younger = f"{int(puzzle.partition('.')[0], 16) + 3600:x}.{puzzle.partition('.')[2]}"
    assert not is_solved(made_up, solved(made_up), ABOUT)
    assert not is_solved(younger, solved(younger), ABOUT)
    clock.shift(LASTS_S)
    assert is_solved(puzzle, solved(puzzle), ABOUT)
    clock.shift(1)
    assert not is_solved(puzzle, solved(puzzle), ABOUT)


def test_half_an_answer_and_nonsense_are_none(app: Flask) -> None:
    del app
    puzzle = new_puzzle(ABOUT)
    numbers = solved(puzzle).split(".")
    wrong = next(n for n in range(100) if not puzzles._begins_with_zeros(f"{puzzle}.3.{n}"))
    for answer in (
        "",
        ".".join(numbers[:-1]),
        ".".join([*numbers, "1"]),
        ".".join([*numbers[:3], str(wrong), *numbers[4:]]),
        ".".join([numbers[1], numbers[0], *numbers[2:]]),
        ".".join(["9" * 10, *numbers[1:]]),
        ".".join(["۱", *numbers[1:]]),
        "1\0" * 50,
    ):
        assert not is_solved(puzzle, answer, ABOUT), answer
    for hostile in ("", "x", "é" * 35, f"{'f' * 12}.{'A' * 22}", "9" * 100_000, puzzle + "\n"):
        assert not is_solved(hostile, ".".join(numbers), ABOUT)


def form_of(app: Flask, about: str, **sent: str) -> Puzzled:
    with app.test_request_context("/", method="POST", data=sent or {"x": "y"}):
        form = Puzzled(meta={"csrf": False})
        form.pose(about)
        return form


def test_a_form_keeps_what_is_solved_and_counts_it_a_few_times(app: Flask, clock: time_machine.Traveller) -> None:
    first = form_of(app, ABOUT)
    assert first.puzzle.data
    assert not first.proven()
    sent = {"puzzle": first.puzzle.data, "puzzle_answer": solved(first.puzzle.data)}
    again = form_of(app, ABOUT, **sent)
    assert {"puzzle": again.puzzle.data, "puzzle_answer": again.puzzle_answer.data} == sent
    assert [again.proven() for _ in range(7)] == [True] * 5 + [False] * 2
    clock.shift(LASTS_S + 1)
    late = form_of(app, ABOUT, **sent)
    assert late.puzzle.data != sent["puzzle"]
    assert late.puzzle_answer.data == ""
    assert not late.proven()


def test_a_form_without_a_puzzle_proves_nothing(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"puzzle": "", "puzzle_answer": ""}):
        form = Puzzled(meta={"csrf": False})
        assert not form.proven()
        assert "puzzle" not in render(form)


def render(form: Puzzled) -> str:
    return render_template_string(
        '{% from "macros/guards.html" import puzzle, puzzle_script %}{{ puzzle(form) }}{{ puzzle_script(form) }}',
        form=form,
    )


def test_the_page_says_first_what_holds_without_javascript(app: Flask) -> None:
    with app.test_request_context("/"):
        form = Puzzled()
        form.pose(ABOUT)
        page = render(form)
    assert re.search(
        r'<p class="hint" role="status" data-puzzle .*>Without JavaScript this works, too: .*</p>', page, re.DOTALL
    )
    assert f'data-parts="{PARTS}"' in page
    assert re.search(r'<script type="module" src="/static/[^"]+/js/puzzle.js">', page)


def test_our_script_finds_the_answer(app: Flask, tmp_path: Path) -> None:
    del app
    node = shutil.which("node") or ""
    if not node:
        missing("Node")
    puzzle = new_puzzle(ABOUT)
    asked = json.dumps({"puzzle": puzzle, "parts": PARTS, "zeroBits": puzzles.ZERO_BITS})
    begin = "let listen; globalThis.addEventListener = (_kind, heard) => { listen = heard; };\n"
    end = f"\nglobalThis.postMessage = (answer) => console.log(answer);\nlisten({{ data: {asked} }});\n"
    script = tmp_path / "puzzle.mjs"
    script.write_text(begin + (PACKAGE / "static" / "js" / "puzzle.js").read_text() + end)
    answer = subprocess.run([node, script], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    assert answer == solved(puzzle)
    assert is_solved(puzzle, answer, ABOUT)
