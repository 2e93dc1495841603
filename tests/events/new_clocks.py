"""A state changes its clocks: for tests, a zone gets the rules of another one, as with a new release of `tzdata`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from iec_events.events.actions import clocks

LOS_ANGELES = "America/Los_Angeles"
ALL_YEAR = "America/Phoenix"  # an hour ahead of Los Angeles in winter, the same in summer
AHEAD = "America/Denver"  # an hour ahead always, changed on the same nights


@contextmanager
def changed_clocks(
    folder: Path, *, like: str = ALL_YEAR, zone: str = LOS_ANGELES, release: str = "2027.10"
) -> Iterator[None]:
    """Inside, the clocks of `zone` are by the rules of another one, for the whole application."""
    file = folder / "zones" / zone
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(files("tzdata").joinpath("zoneinfo", *like.split("/")).read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "RULES", release)
        zoneinfo.reset_tzpath(to=[str(folder / "zones")])
        zoneinfo.ZoneInfo.clear_cache()
        try:
            yield
        finally:
            zoneinfo.reset_tzpath(to=())
            zoneinfo.ZoneInfo.clear_cache()
