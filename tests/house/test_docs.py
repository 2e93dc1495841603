"""What the documents name is there, and what is there is named: files, headings, commands, settings, layers."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask

from iec_events.cli import main
from iec_events.core.toml_sheets import Sheet, Table
from iec_events.events.written_events import read_written

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TEXT = {page: page.read_text() for page in PAGES}
ALL = "\n".join(text for page, text in TEXT.items() if page.name != "CHANGELOG.md")
OPERATORS = TEXT[ROOT / "docs" / "operators.md"]
DEVELOPERS = TEXT[ROOT / "docs" / "developers.md"]
OF_TESTS = {"IEC_CHROMIUM"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", TEXT[page]):
        path, _hash, heading = "".join(link).partition("#")
        if path.startswith(("https://", "http://")):
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.is_file(), f"{page.name}: {path}"
        assert not heading or heading in headings(TEXT[there]), f"{page.name}: #{heading}"


def headings(text: str) -> set[str]:
    """The anchors of a page, as they are made where it is read."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", title.lower()).strip().replace(" ", "-") for title in found}


def test_every_picture_is_shown() -> None:
    shown = set(re.findall(r"pictures/([\w.-]+)", ALL))
    assert {picture.name for picture in (ROOT / "docs" / "pictures").iterdir()} == shown


def test_files_of_the_project_that_are_named_are_there() -> None:
    named = re.findall(r"`((?:iec_events|tests|templates|migrations|requirements|docs|benchmarks)/[\w./-]+)`", ALL)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_settings_that_are_read_are_told_and_the_other_way_round() -> None:
    read = re.findall(r"[^\w]value\(\"([A-Z_]+)\"", (ROOT / "iec_events" / "core" / "config.py").read_text())
    table = re.findall(r"^\| (`IEC_.*?) \|", OPERATORS, re.MULTILINE)
    assert set(re.findall(r"IEC_[A-Z_]+", "".join(table))) == {f"IEC_{name}" for name in read}
    assert set(re.findall(r"IEC_[A-Z_]+", ALL)) - OF_TESTS == {f"IEC_{name}" for name in read}


def commands(group: click.Command, *name: str) -> Iterator[tuple[str, ...]]:
    """Every command below this one, by its words."""
    if not isinstance(group, click.Group):
        yield name
        return
    for word, command in group.commands.items():
        yield from commands(command, *name, word)


def test_commands_that_exist_are_told_and_the_other_way_round() -> None:
    known = set(commands(main))
    told = {
        tuple(words.split())
        for words in re.findall(r"iec-events ((?:[a-z]+ ?){1,2})", ALL + TEXT[ROOT / "CHANGELOG.md"])
    }
    assert {words for words in told if words not in known and words[:1] not in known} == set()
    for command in known - {("demo",), ("migrate",)}:
        assert f"iec-events {' '.join(command)}" in ALL, command


def test_what_make_makes_is_told() -> None:
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^\| `make ([a-z]+)", DEVELOPERS, re.MULTILINE)) == {*targets} - {"help"}
    assert set(re.findall(r"`make ([a-z]+)", ALL)) <= {*targets}


def test_the_order_of_rooms_is_told_as_it_is_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    told = re.search(r"^`(cli > .*)`$", DEVELOPERS, re.MULTILINE)
    assert told
    assert told[1].split(" > ") == [layer.replace(" | ", ", ") for layer in contracts[0]["layers"]]


def test_documents_name_no_machine_and_no_package_index() -> None:
    assert re.findall(r"/(?:root|home|work|Users|tmp)/[\w./-]*|pypi\.org|files\.pythonhosted", ALL) == []


def test_every_page_is_led_to_from_another() -> None:
    led = {(page.parent / link).resolve() for page in PAGES for link in re.findall(r"\]\(([^)#\s]+\.md)", TEXT[page])}
    assert {page for page in PAGES if page.parent.name == "docs"} - led == set()


def test_keys_that_files_may_hold_are_told_and_the_other_way_round(
    bare_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    raw = Table.raw

    def noting(self: Table, key: str) -> Any:
        asked.add(key)
        return raw(self, key)

    monkeypatch.setattr(Table, "raw", noting)
    loading = TEXT[ROOT / "docs" / "loading.md"]
    examples = "\n".join(re.findall(r"```toml\n(.*?)```", loading, re.DOTALL))
    with bare_app.app_context():
        found = read_written(Sheet("loading.md", examples), folder=ROOT, campaigns_kept=(), today=dt.date(2027, 1, 15))
    assert len(found.events) == 2
    keys = re.findall(r"^\| (`[^|=]+`) \|", loading, re.MULTILINE)
    assert {key.split(".")[-1] for key in re.findall(r"[a-z][a-z_.]+", " ".join(keys))} - asked == set()
    assert {key for key in asked if not re.search(rf"\b{key}\b", loading)} == set()
