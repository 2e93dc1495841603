import pytest
from hypothesis import given
from hypothesis import strategies as st

from iec_events.reports.sheets import csv_bytes, harmless


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
    ],
)
def test_what_could_be_a_formula_becomes_text(evil: str) -> None:
    assert harmless(evil).startswith("'")


@pytest.mark.parametrize("kept", ["Sara", "+49 30 901820", "+1 (510) 841-2082", "سارا", "a=b", "2", "O'Brien"])
def test_what_is_harmless_stays_whole(kept: str) -> None:
    assert harmless(kept) == kept


def test_a_formula_behind_a_semicolon_is_defused_too() -> None:
    assert harmless("x; =1+1") == "x; '=1+1"


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = harmless(text)
    assert not cell.lstrip().startswith(("=", "@", "-", "|", "%"))
    assert "\n" not in cell
    assert "\t" not in cell


def test_every_cell_is_quoted_and_excel_is_told_of_unicode() -> None:
    assert csv_bytes(["a"], [['say "hi"'], [3]]) == '\ufeff"a"\r\n"say ""hi"""\r\n"3"\r\n'.encode()
