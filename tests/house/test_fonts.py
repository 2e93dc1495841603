"""The Persian faces hold what joins and parts letters: Safari draws a letter before a missing one in another font."""

from __future__ import annotations

import struct
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest

from iec_events.core.paths import PACKAGE

PERSIAN = sorted((PACKAGE / "static/fonts").glob("*-persian.woff2"))
MARKS = (0x064B, 0x064E, 0x0650, 0x0651, 0x0654)


@pytest.mark.parametrize("font", PERSIAN, ids=lambda font: font.stem)
def test_persian_faces_hold_the_joiners_and_marks(font: Path) -> None:
    held = _held(font.read_bytes())
    for code in (0x200C, 0x200D, *MARKS):
        assert any(first <= code <= last for first, last in held), hex(code)


def _held(woff2: bytes) -> list[tuple[int, int]]:
    """The ranges of characters in the cmap (format 4) of a WOFF2 file (W3C WOFF 2.0, sections 4 and 5)."""
    tables = struct.unpack(">H", woff2[12:14])[0]
    place, start, cmap = 48, 0, 0

    def number() -> int:
        nonlocal place
        total = 0
        while True:
            octet, place = woff2[place], place + 1
            total = total << 7 | octet & 0x7F
            if octet < 0x80:
                return total

    for _table in range(tables):
        flags, place = woff2[place], place + 1
        tag, version = flags & 0x3F, flags >> 6
        place += 4 if tag == 0x3F else 0
        size = number()
        if (tag in (10, 11)) == (version == 0):  # glyf and loca, which are packed otherwise
            size = number()
        cmap = start if tag == 0 else cmap
        start += size
    data = brotli.decompress(woff2[place : place + struct.unpack(">I", woff2[20:24])[0]])[cmap:]
    ranges: list[tuple[int, int]] = []
    for entry in range(struct.unpack(">H", data[2:4])[0]):
        table = data[struct.unpack(">I", data[8 + 8 * entry : 12 + 8 * entry])[0] :]
        if table[:2] == b"\0\4":
            twice = struct.unpack(">H", table[6:8])[0]
            lasts = struct.unpack(f">{twice // 2}H", table[14 : 14 + twice])
            firsts = struct.unpack(f">{twice // 2}H", table[16 + twice : 16 + 2 * twice])
            ranges.extend(zip(firsts, lasts, strict=True))
    return ranges
