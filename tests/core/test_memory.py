"""Garbage is not looked for while code is loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from iec_events.core.memory import loading


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.enable()


def test_nothing_is_looked_for_while_loading_and_what_was_loaded_stays() -> None:
    frozen = gc.get_freeze_count()
    with loading():
        assert not gc.isenabled()
        kept = [[number] for number in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(kept)


def test_a_start_that_fails_leaves_the_collector_at_work() -> None:
    with pytest.raises(RuntimeError), loading():
        raise RuntimeError
    assert gc.isenabled()
