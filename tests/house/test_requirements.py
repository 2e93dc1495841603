"""The locked lists hold what pyproject.toml asks for, and no address of where it came from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
ASKED = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = ASKED["project"]["dependencies"]
EXTRAS = [one for extra in ASKED["project"]["optional-dependencies"].values() for one in extra]
BUILD, DEV = ASKED["dependency-groups"]["build"], ASKED["dependency-groups"]["dev"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [("run", RUN), ("server", RUN + EXTRAS), ("build", BUILD), ("dev", RUN + EXTRAS + BUILD + DEV)],
)
def test_lists_hold_what_is_asked_for(name: str, asked: list[str]) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))
    for line in asked:
        wanted = Requirement(line)
        found = locked.get(re.sub(r"[-_.]+", "-", wanted.name).lower())
        assert found, f"{wanted.name}: run `make lock`"
        assert wanted.specifier.contains(found), f"{wanted.name}: run `make lock`"
    assert "://" not in text
    assert text.count("==") <= text.count("--hash=")
