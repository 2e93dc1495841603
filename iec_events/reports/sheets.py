"""Tables that no spreadsheet takes for formulas (OWASP: CSV injection): CSV (RFC 4180); XLSX with texts as texts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter

SIGNS = "=+\\-@|%＝＋－＠"
FORMULA = re.compile(rf"[\s\u00a0\u3000]*[{SIGNS}]")
SEPARATED = re.compile(rf"(;[\s\u00a0\u3000]*)([{SIGNS}])")
PHONE = re.compile(r"\+[0-9][0-9 ()./-]{5,}")
CONTROLS = re.compile(r"[\x00-\x1f]+")
NARROWEST, WIDEST = 8, 40
LONGEST_CELL = 32_767  # of Excel

Cell = str | int


@dataclass(frozen=True)
class Sheet:
    """A table: the name of its leaf, the heads of its columns, its rows; written from right to left or not."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right_to_left: bool = False


def harmless(cell: object) -> str:
    """A cell that stays text: what could begin a formula, also after a semicolon, gets an apostrophe.

    Telephone numbers stay whole.
    """
    text = SEPARATED.sub(r"\1'\2", CONTROLS.sub(" ", str(cell)))
    if FORMULA.match(text) and not PHONE.fullmatch(text):
        return "'" + text
    return text


def csv_octets(sheet: Sheet) -> bytes:
    """The sheet as CSV, every cell quoted, with a byte order mark for Excel."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in sheet.header])
    writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_octets(sheet: Sheet) -> bytes:
    """The sheet as XLSX: numbers are numbers, every text is a text and never a formula or a link.

    It is made in memory: no name is written to a file on the way.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 2})
        cells = book.add_format({"text_wrap": True, "valign": "top"})
        leaf = book.add_worksheet(sheet.name)
        if sheet.right_to_left:
            leaf.right_to_left()
        leaf.freeze_panes(1, 0)
        for column, text in enumerate(sheet.header):
            leaf.write_string(0, column, text[:LONGEST_CELL], head)
        for number, row in enumerate(sheet.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    leaf.write_number(number, column, cell, cells)
                elif cell:
                    leaf.write_string(number, column, cell[:LONGEST_CELL], cells)
        for column, width in enumerate(_widths(sheet)):
            leaf.set_column(column, column, width)
    return out.getvalue()


def _widths(sheet: Sheet) -> list[int]:
    """Of each column, in characters: as its longest line asks for, within bounds."""
    widths = [len(text) for text in sheet.header]
    for row in sheet.rows:
        for column, cell in enumerate(row):
            longest = max(map(len, cell.split("\n"))) if isinstance(cell, str) else len(str(cell))
            widths[column] = max(widths[column], longest)
    return [min(max(width + 2, NARROWEST), WIDEST) for width in widths]
