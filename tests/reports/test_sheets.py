"""CSV and XLSX that hold texts as texts, however they begin."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iec_events.reports.sheets import Sheet, csv_octets, harmless, xlsx_octets


@pytest.mark.parametrize(
    "evil",
    [
        "=1+1",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\u00a0=1",
        "|calc",
        "%0A=1",
        "＝1",
        "\r\n=1",
        "=cmd|' /C calc'!A0",
        "+49 30 901820\n=1",
    ],
)
def test_what_could_be_a_formula_becomes_text(evil: str) -> None:
    assert harmless(evil).startswith("'")


@pytest.mark.parametrize("kept", ["Sara", "+49 30 901820", "+1 (510) 841-2082", "سارا", "a=b", "2", "O'Brien"])
def test_what_is_harmless_stays_whole(kept: str) -> None:
    assert harmless(kept) == kept


def test_a_formula_behind_a_semicolon_is_defused_too() -> None:
    assert harmless("x; =1+1") == "x; '=1+1"
    assert harmless("x;\u3000＝1") == "x;\u3000'＝1"


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = harmless(text)
    assert not cell.lstrip().startswith(("=", "@", "-", "|", "%"))
    assert "\n" not in cell
    assert "\t" not in cell


def test_every_cell_is_quoted_and_excel_is_told_of_unicode() -> None:
    sheet = Sheet("RSVPs", ["a"], [['say "hi"'], [3]])
    assert csv_octets(sheet) == '\ufeff"a"\r\n"say ""hi"""\r\n"3"\r\n'.encode()


def parts(octets: bytes) -> dict[str, str]:
    """The parts of an XLSX file, by name."""
    with zipfile.ZipFile(io.BytesIO(octets)) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


def test_xlsx_holds_texts_as_texts_numbers_as_numbers_and_no_formula() -> None:
    texts = ["=1+1", "https://evil.example", "0049", "+49 30 901820", "سارا", "two\nlines", "\x07 _x0041_ <b>"]
    inside = parts(xlsx_octets(Sheet("RSVPs", ["name", "=2"], [[text, 3] for text in texts])))
    leaf = inside["xl/worksheets/sheet1.xml"]
    assert "<f>" not in leaf
    assert "<hyperlink" not in leaf
    assert leaf.count('t="s"') == len(texts) + 2
    assert leaf.count("<v>3</v>") >= len(texts)
    for text in texts[:6]:
        assert text in inside["xl/sharedStrings.xml"]
    assert "rightToLeft" not in leaf


def test_a_persian_sheet_runs_from_right_to_left() -> None:
    inside = parts(xlsx_octets(Sheet("پاسخ‌ها", ["نام"], [["سارا"]], right_to_left=True)))
    assert 'rightToLeft="1"' in inside["xl/worksheets/sheet1.xml"]
    assert "پاسخ‌ها" in inside["xl/workbook.xml"]
    assert not re.search(r"<dc:creator>[^<]", inside["docProps/core.xml"])


def test_a_cell_longer_than_excel_takes_is_cut() -> None:
    inside = parts(xlsx_octets(Sheet("RSVPs", ["a"], [["x" * 40_000]])))
    assert len(re.findall(r"<t>(x+)</t>", inside["xl/sharedStrings.xml"])[0]) == 32_767
