"""Keys that can be destroyed: written before they are used, read from the disk each time, gone for good."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from iec_events.app import create_app
from iec_events.core.crypto import BoxRefused
from iec_events.core.shreds import FOLDER, cover, destroy_shreds, has_shred, is_covered, make_shred, uncover
from tests.conftest import settings_for


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    app = create_app(settings_for(tmp_path, "sqlite:///:memory:", KEY_DIR=tmp_path / "elsewhere"))
    with app.app_context():
        yield tmp_path / "elsewhere" / FOLDER


def test_it_works(folder: Path) -> None:
    make_shred("one")
    box = cover("one", "here", b"seven winters")
    assert is_covered(box)
    assert uncover("here", box) == b"seven winters"
    assert stat.S_IMODE((folder / "one").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    destroy_shreds(["one", "one", "never"])
    assert not has_shred("one")
    assert list(folder.iterdir()) == []
    with pytest.raises(BoxRefused, match="its key is gone"):
        uncover("here", box)


def test_a_key_is_overwritten_before_its_name_goes(folder: Path) -> None:
    """By another name of the same file: what a disk, or an archive that links files, still has of it is none."""
    make_shred("one")
    key, other = (folder / "one").read_bytes(), folder.parent / "other"
    other.hardlink_to(folder / "one")
    destroy_shreds(["one"])
    assert len(other.read_bytes()) == len(key)
    assert other.read_bytes() != key


def test_destroying_what_never_was_makes_no_folder(folder: Path) -> None:
    destroy_shreds(["never"])
    assert not folder.exists()


def test_a_key_is_never_overwritten() -> None:
    make_shred("one")
    with pytest.raises(FileExistsError):
        make_shred("one")


def test_what_a_full_disk_left_of_a_key_is_none_and_keeps_nobody_from_making_it(folder: Path) -> None:
    make_shred("one")
    for octets in (b"", bytes(31)):
        (folder / "two").write_bytes(octets)
        assert not has_shred("two")
        make_shred("two")
        assert uncover("here", cover("two", "here", b"seven winters")) == b"seven winters"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../secret.key", "x" * 41])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    for act in (make_shred, has_shred, lambda n: cover(n, "here", b"x"), lambda n: destroy_shreds([n])):
        with pytest.raises(BoxRefused, match="no name of a key"):
            act(name)


def test_boxes_that_were_moved_altered_or_cut_do_not_open() -> None:
    make_shred("one")
    make_shred("two")
    box = cover("one", "here", b"seven winters")
    wrong = [
        box[:-1],
        box[:-1] + bytes([box[-1] ^ 1]),
        box.replace(b"one", b"two"),
        b"\x04",
        b"",
        b"\x04\xff" + box[2:],
    ]
    for one in wrong:
        with pytest.raises(BoxRefused):
            uncover("here", one)
    with pytest.raises(BoxRefused):
        uncover("there", box)
