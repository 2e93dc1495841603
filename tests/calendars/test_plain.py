"""Markdown becomes text that can be read without knowing Markdown."""

import pytest

from iec_events.calendars.plain import plain_text


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("", ""),
        ("Some *poetry* and **song**,\nthen `dancing`.", "Some poetry and song,\nthen dancing."),
        ("# Title\n\nText", "Title\n\nText"),
        ("[song](https://x.example.org/a)", "song (https://x.example.org/a)"),
        ("<https://x.example.org/a>", "https://x.example.org/a"),
        ("[us](mailto:us@example.org)", "us (us@example.org)"),
        ("Bring:\n\n- one\n- two\n    - deep\n\nDone", "Bring:\n\n• one\n• two\n  • deep\n\nDone"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("![a poster](https://x.example.org/p.png)", "a poster"),
        ("<b>not</b> &amp; html", "<b>not</b> & html"),
        ("> quoted\n\n---\n\n    code", "quoted\n\ncode"),
        ("شب **شعر**", "شب شعر"),
    ],
)
def test_plain_text(source: str, plain: str) -> None:
    assert plain_text(source) == plain
