"""Static files go out compressed, for ever, and from a read-only folder as they are."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask

from iec_events.app import create_app
from iec_events.core.paths import PACKAGE
from iec_events.core.urls import static_digest
from tests.conftest import compressed, settings_for

SHEET = f"/static/{static_digest()}/css/site.css"
PLAIN = (PACKAGE / "static/css/site.css").read_bytes()


@pytest.fixture(autouse=True)
def _really(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compressed here, not copied from what other tests had compressed."""
    monkeypatch.setattr("iec_events.core.statics._compressed", compressed)


def made(folder: Path) -> Flask:
    return create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}"))


def test_sheets_are_compressed_once_and_kept_for_ever(tmp_path: Path) -> None:
    for _ in range(2):
        client = made(tmp_path).test_client()
        plain = client.get(SHEET, buffered=True)
        packed = client.get(SHEET, headers={"Accept-Encoding": "gzip"}, buffered=True)
        smallest = client.get(SHEET, headers={"Accept-Encoding": "gzip, br"}, buffered=True)
        assert plain.data == gzip.decompress(packed.data) == PLAIN
        assert len(smallest.data) < len(packed.data) < len(PLAIN) / 3
        assert (packed.headers["Content-Encoding"], smallest.headers["Content-Encoding"]) == ("gzip", "br")
        assert plain.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        assert plain.headers["Vary"] == "Accept-Encoding"


def test_without_a_folder_to_write_to_files_go_out_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "static").write_text("a file where the folder should be")
    client = made(tmp_path).test_client()
    assert client.get(SHEET, headers={"Accept-Encoding": "gzip"}, buffered=True).data == PLAIN


def test_another_digest_is_not_found(tmp_path: Path) -> None:
    assert made(tmp_path).test_client().get("/static/000000000000/css/site.css").status_code == 404
