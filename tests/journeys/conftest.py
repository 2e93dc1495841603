"""The stage of journeys that need no processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import Installation
from tests.journeys.stage import Stage


@pytest.fixture
def set_stage(
    browser: Browser, installation: Installation, serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Stage]]:
    """`set_stage(**settings)` serves the application, and closes the browsers at the end."""
    stages: list[Stage] = []

    def begin(**settings: object) -> Stage:
        stages.append(Stage(browser, installation, serve(**settings), monkeypatch))
        return stages[-1]

    yield begin
    for stage in stages:
        stage.everybody_leaves()


@pytest.fixture
def stage(set_stage: Callable[..., Stage]) -> Stage:
    """The application as it usually is."""
    return set_stage()
