"""CSV that no spreadsheet takes for formulas (OWASP: CSV injection). RFC 4180, with a byte order mark for Excel."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULA = re.compile(r"[\s\u00a0\u3000]*[=+\-@|%＝＋－＠]")
SEPARATED = re.compile(r"(;\s*)([=+\-@|%])")
PHONE = re.compile(r"\+[0-9][0-9 ()./-]{5,}")


def harmless(cell: object) -> str:
    """A cell that stays text: what could begin a formula, also after a semicolon, gets an apostrophe.

    Telephone numbers stay whole.
    """
    text = SEPARATED.sub(r"\1'\2", re.sub(r"[\x00-\x1f]+", " ", str(cell)))
    if FORMULA.match(text) and not PHONE.fullmatch(text):
        return "'" + text
    return text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The sheet as octets, every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
