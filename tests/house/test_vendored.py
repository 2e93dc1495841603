"""What others wrote and we serve is theirs to the letter: `docs/developers.md` says how it is replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path

from iec_events.core.paths import PACKAGE

VENDOR = PACKAGE / "static/js/vendor"
# By npm package and version.
QR_0_7_0 = {
    "qr/LICENSE-MIT": "07a9f887e9215644439b808628b09f8eece932d79130ff563f958f3a1783e684",
    "qr/decode.js": "00e209820dcb11d624e9a03d6383e580766792b57d1651318f0a29e4e1ff0fe8",
    "qr/index.js": "a0de370051f94bd74f218f74401fdf197585e3f9ef0143164f87ea941a3fdd6f",
}


def test_files_of_others_are_as_they_were_published() -> None:
    found = {str(file.relative_to(VENDOR)): _sha256(file) for file in VENDOR.rglob("*") if file.is_file()}
    assert found == QR_0_7_0


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
