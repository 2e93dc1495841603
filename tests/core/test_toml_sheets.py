"""TOML files with the lines of what is wrong in them."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iec_events.core.toml_lines import KeyPath, lines_of
from iec_events.core.toml_sheets import BadFile, Sheet, read_sheet, spelled

EVERYTHING = '''\
# a comment with [brackets] and key = "value"
title = "one # not a comment"
"quoted key" = 'two'
dotted.a.b = 3.5

[table]
list = [
  1, # one
  [2, "]"],
  { inner = "}", deep = { er = 1979-05-27 07:32:00 } },
]
text = """
[[not.a.table]]
key = "no key" \\""" still in it """"
raw = \'\'\'
[neither]\'\'\'
after = true

[[many]]
name = "first"
[many.below]
x = 1
[[many.items]]
y = 1
[[many.items]]
y = 2

[[many]]
name = "second"
[[many.items]]
y = 3
[ "spaced" . 'out' ]
z = 0
'''


def test_every_kind_of_key_has_its_line() -> None:
    lines = lines_of(EVERYTHING)

    assert {spelled(path): line for path, line in lines.items()} == {
        "title": 2,
        "quoted key": 3,
        "dotted": 4,
        "dotted.a": 4,
        "dotted.a.b": 4,
        "table": 6,
        "table.list": 7,
        "table.list[1]": 8,
        "table.list[2]": 9,
        "table.list[2][1]": 9,
        "table.list[2][2]": 9,
        "table.list[3]": 10,
        "table.list[3].inner": 10,
        "table.list[3].deep": 10,
        "table.list[3].deep.er": 10,
        "table.text": 12,
        "table.raw": 15,
        "table.after": 17,
        "many": 19,
        "many[1]": 19,
        "many[1].name": 20,
        "many[1].below": 21,
        "many[1].below.x": 22,
        "many[1].items": 23,
        "many[1].items[1]": 23,
        "many[1].items[1].y": 24,
        "many[1].items[2]": 25,
        "many[1].items[2].y": 26,
        "many[2]": 28,
        "many[2].name": 29,
        "many[2].items": 30,
        "many[2].items[1]": 30,
        "many[2].items[1].y": 31,
        "spaced": 32,
        "spaced.out": 32,
        "spaced.out.z": 33,
    }


def _paths(content: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every path in what Python's own reader made of a text."""
    found = {path} if path else set()
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        found |= _paths(value, (*path, key))
    return found


def test_the_lines_are_of_the_same_keys_that_the_reader_finds() -> None:
    assert set(lines_of(EVERYTHING)) == _paths(tomllib.loads(EVERYTHING))


VALUES = st.recursive(
    st.sampled_from(['"a"', "'b]'", '"""c\n[x]\n"""', "'''\n}'''", "1", "-2.5", "true", "1979-05-27", "07:32:00"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=3).map(lambda items: f"{{{', '.join(f'k{n} = {i}' for n, i in enumerate(items))}}}")
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "[t{n}]", "[[list]]", "# [no]"]), VALUES), max_size=8))
def test_whatever_is_written_is_walked_like_the_reader_does(blocks: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{head.format(n=n)}\nkey{n}.'x y' = {value} # end" for n, (head, value) in enumerate(blocks))
    content = tomllib.loads(text)

    lines = lines_of(text)

    assert set(lines) == _paths(content)
    written = text.split("\n")
    for path, line in lines.items():
        if path[-1] == "x y":
            assert written[line - 1].startswith(f"{path[-2]}.'x y'")


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b'a = 1\nb = "open\n', "line 2: this is not TOML"),
        (b"a = 1\n\nb 2\n", "line 3: this is not TOML"),
        (b"a = 1\na = 2\n", "line 2: this is not TOML (cannot overwrite a value"),
        (b"a = 1\nb = [1,\n", "line 2: this is not TOML"),
        (b"d = 2024-02-30\n", "line 1: this is not TOML (invalid date"),
        (b'a = 1\nb = "\xff"\n', "line 2: this is not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = {" + b"b ." * 4000 + b" c = 1}", "nested too deeply"),
        (b'"a".' * 4000 + b"c = 1", "nested too deeply"),
        (b'"\\"".' * 400 + b"c = 1", "nested too deeply"),
        (b"a = " + b"9" * 5000, "this is not TOML"),
        (b"a = '" + b"x" * 1_000_001, "larger than 1 MB"),
    ],
    ids=[
        *("open text", "no sign", "twice", "open list", "no such day", "not UTF-8"),
        *("deep", "deep key", "deep key in quotes", "deep key of quotes", "huge number", "huge"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, octets: bytes, says: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(octets)

    with pytest.raises(BadFile) as refused:
        read_sheet(file)

    assert len(refused.value.problems) == 1
    assert says in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_sheet(tmp_path / "nowhere.toml")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_sheet(tmp_path)


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "from_windows.toml"
    file.write_bytes('\ufefftitle = "x"\r\n\r\nn = 1\r\n'.encode())

    sheet = read_sheet(file)

    assert (sheet.top.line_of_text("title"), sheet.line(("n",))) == ("x", 3)


def _complaints(text: str, ask: Any) -> list[str]:
    sheet = Sheet("x.toml", text)
    ask(sheet.top)
    with pytest.raises(BadFile) as refused:
        sheet.refuse()
    return list(refused.value.problems)


def test_all_mistakes_are_told_in_the_order_of_the_lines() -> None:
    text = 'capasity = 3\nseats = "many"\nopen = "yes"\nnorth = 99\nkind = "sung"\ntitle = 3\n[[x]]\n'

    def ask(top: Any) -> None:
        assert top.line_of_text("title", example='"A night"') == ""
        assert top.whole("seats", least=1, most=9) is None
        assert top.whole("capacity", least=1, most=9) is None
        assert top.flag("open") is False
        assert top.number("north", least=-90, most=90) is None
        assert top.choice("kind", ["song", "poem"]) is None
        assert top.table("x").keys() == []
        top.done()

    assert _complaints(text, ask) == [
        'x.toml, line 1, capasity: this key is not known here; did you mean "capacity"?',
        'x.toml, line 2, seats: "many" does not fit; write a whole number from 1 to 9.',
        'x.toml, line 3, open: "yes" does not fit; write true or false, without quotes.',
        "x.toml, line 4, north: 99 does not fit; write a number from -90 to 90.",
        'x.toml, line 5, kind: "sung" is not known; did you mean "song"?',
        'x.toml, line 6, title: 3 does not fit; write a text in quotes, such as "A night".',
        'x.toml, line 7, x: a list does not fit; write a table, such as { en = "..." }.',
    ]


def test_true_is_no_number_and_nan_no_place() -> None:
    def ask(top: Any) -> None:
        top.whole("a", least=0, most=9)
        top.number("b", least=0, most=9)
        top.number("c", least=0, most=9)

    assert [problem.split(":")[1] for problem in _complaints("a = true\nb = true\nc = nan\n", ask)] == [
        " true does not fit; write a whole number from 0 to 9.",
        " true does not fit; write a number from 0 to 9.",
        " nan does not fit; write a number from 0 to 9.",
    ]


def test_control_characters_and_long_texts_are_refused() -> None:
    def ask(top: Any) -> None:
        top.line_of_text("a")
        top.text("b", longest=3)

    first, second = _complaints('a = "\\u0000"\nb = "1234"\n', ask)

    assert "control characters" in first
    assert "this text has 4 characters; write at most 3" in second


def test_a_missing_key_is_told_at_the_line_of_its_table() -> None:
    sheet = Sheet("x.toml", "a = 1\n\n[[event]]\nb = 1\n")

    sheet.top.tables("event")[0].wrong("slug", "it is missing.")

    assert sheet.is_wrong(("event",))
    assert sheet.is_wrong(("event", 0, "slug"))
    assert not sheet.is_wrong(("a",))
    with pytest.raises(BadFile, match=r"^x.toml, line 3, event\[1\].slug: it is missing\.$"):
        sheet.refuse()


def test_a_date_where_a_text_should_be_is_named() -> None:
    sheet = Sheet("x.toml", "a = 2027-02-20\n")
    assert sheet.top.raw("a") == dt.date(2027, 2, 20)
    sheet.top.line_of_text("a")
    with pytest.raises(BadFile, match="the date 2027-02-20 does not fit"):
        sheet.refuse()
