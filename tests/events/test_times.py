"""Days as each language writes them."""

from __future__ import annotations

import datetime as dt

import pytest

from iec_events.events.times import day_month


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Tuesday 5 January"),
        ("fa", "سه‌شنبه ۵ ژانویه (۱۵ دی ۱۴۰۵)"),  # no ezafe on the month, as no year follows it
        ("es", "martes 5 de enero"),
    ],
)
def test_a_day_without_its_year_reads_well(locale: str, text: str) -> None:
    assert day_month(dt.date(2027, 1, 5), locale) == text
