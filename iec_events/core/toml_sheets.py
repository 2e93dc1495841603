"""TOML files that people write by hand: typed values out, and the line of everything that is wrong, all at once."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, cast

from .text import UnfitText, clean_line, clean_text
from .toml_lines import KeyPath, lines_of

MOST_BYTES = 1_000_000
AT_LINE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
# Python's reader keeps every beginning of a dotted key: one of 200 KB takes tens of gigabytes.
DEEP_KEY = re.compile(r"""(?<![\w\\-])(?:(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){200}""", re.ASCII)


class BadFile(Exception):
    """A file that was refused. `problems`: one sentence for each thing that is wrong, in the order of the lines."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Sheet:
    """One file: its name for messages, the line of every key, and what was found wrong so far."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.content = _parsed(name, text)
        self._lines = lines_of(text)
        self._wrong: dict[KeyPath, tuple[int, str]] = {}

    @property
    def top(self) -> Table:
        """The table that the whole file is."""
        return Table(self, (), self.content)

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest thing around it that has one."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def wrong(self, path: KeyPath, reason: str) -> None:
        """Note what is wrong at a key; of several reasons for one key the first is told."""
        line = self.line(path)
        self._wrong.setdefault(path, (line, f"{self.name}, line {line}, {spelled(path)}: {reason}"))

    def is_wrong(self, path: KeyPath = ()) -> bool:
        """Whether something was found wrong at this key, in what is below it, or around it."""
        return any(noted[: len(path)] == path[: len(noted)] for noted in self._wrong)

    def refuse(self) -> None:
        """Raise BadFile if anything was found wrong."""
        if self._wrong:
            raise BadFile([sentence for _line, sentence in sorted(self._wrong.values())])


class Table:
    """One table of a sheet. Each question notes what is wrong and then gives an empty answer, so that all is found."""

    def __init__(self, sheet: Sheet, path: KeyPath, content: dict[str, Any]) -> None:
        self.sheet = sheet
        self.path = path
        self._content = content
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def wrong(self, key: str | None, reason: str) -> None:
        """Note what is wrong at a key, or with the table."""
        self.sheet.wrong(self.path if key is None else (*self.path, key), reason)

    def raw(self, key: str) -> Any:
        """The value as it is, or None."""
        self._asked.add(key)
        return self._content.get(key)

    def keys(self) -> list[str]:
        """The keys that were written, in their order."""
        return list(self._content)

    def line_of_text(self, key: str, *, longest: int = 200, example: str = "") -> str:
        """One line of text, cleaned; empty when missing."""
        return self._text(key, longest, example, many_lines=False)

    def text(self, key: str, *, longest: int) -> str:
        """Text of several lines, cleaned; empty when missing."""
        return self._text(key, longest, "", many_lines=True)

    def whole(self, key: str, *, least: int, most: int, instead: str = "") -> int | None:
        """A whole number; `instead` says what else one may do."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(key, f"{_shown(value)} does not fit; write a whole number from {least} to {most}{instead}.")
            return None
        return value

    def number(self, key: str, *, least: float, most: float) -> float | None:
        """A number, with or without a fraction."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.wrong(key, f"{_shown(value)} does not fit; write a number from {least:g} to {most:g}.")
            return None
        return float(value)

    def flag(self, key: str, *, missing: bool = False) -> bool:
        """True or false; `missing` where it is not written."""
        value = self.raw(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.wrong(key, f"{_shown(value)} does not fit; write true or false, without quotes.")
        return missing

    def choice(self, key: str, options: Sequence[str]) -> str | None:
        """One of a few words."""
        value = self.raw(key)
        if value is None or value in options:
            return cast("str | None", value)
        self.wrong(key, f"{_shown(value)} is not known; {nearest(str(value), options)}")
        return None

    def table(self, key: str) -> Table:
        """A table below this one; an empty one when missing."""
        value = self.raw(key)
        if value is not None and not isinstance(value, dict):
            self.wrong(key, f'{_shown(value)} does not fit; write a table, such as {{ en = "..." }}.')
        return Table(self.sheet, (*self.path, key), value if isinstance(value, dict) else {})

    def tables(self, key: str) -> list[Table]:
        """The tables written as [[key]], in their order."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.wrong(key, f"{_shown(value)} does not fit; begin each with its own line [[{key}]].")
            return []
        return [Table(self.sheet, (*self.path, key, place), each) for place, each in enumerate(value)]

    def done(self) -> None:
        """All has been asked: whatever else was written here is not known."""
        for key in self._content:
            if key not in self._asked:
                self.wrong(key, f"this key is not known here; {nearest(key, sorted(self._asked))}")

    def _text(self, key: str, longest: int, example: str, *, many_lines: bool) -> str:
        value = self.raw(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            such = f", such as {example}" if example else ""
            self.wrong(key, f"{_shown(value)} does not fit; write a text in quotes{such}.")
            return ""
        try:
            clean = clean_text(value) if many_lines else clean_line(value)
        except UnfitText:
            self.wrong(key, "there are control characters in this text; take them out.")
            return ""
        if len(clean) > longest:
            self.wrong(key, f"this text has {len(clean)} characters; write at most {longest}.")
        return clean


def read_sheet(file: Path) -> Sheet:
    """The sheet in a file; BadFile when it cannot be read, is not UTF-8 or is not TOML."""
    try:
        with file.open("rb") as opened:
            octets = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadFile([f"{file}: it cannot be read ({error.strerror}); check its name and its rights."]) from None
    if len(octets) > MOST_BYTES:
        raise BadFile([f"{file}: it is larger than {MOST_BYTES // 1_000_000} MB; cut it into several files."])
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise BadFile([f"{file}, line {line}: this is not UTF-8; save the file in that encoding."]) from None
    return Sheet(str(file), text.replace("\r\n", "\n"))


def spelled(path: KeyPath) -> str:
    """A path as people say it, lists counted from 1: `event[2].text.fa.title`."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f"[{part + 1}]"
        else:
            said += f".{part}" if said else part
    return said or "the file"


def _parsed(name: str, text: str) -> dict[str, Any]:
    too_deep = BadFile([f"{name}: its lists or tables are nested too deeply; write them flatter."])
    if DEEP_KEY.search(text):
        raise too_deep
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise too_deep from None
    except ValueError as error:
        raise BadFile([_syntax(name, text, str(error))]) from None


def _syntax(name: str, text: str, message: str) -> str:
    """The reader's own words, with the line in front."""
    where = AT_LINE.search(message)
    reason = AT_LINE.sub("", message)
    reason = reason[:1].lower() + reason[1:]
    if where is None:
        return f"{name}: this is not TOML ({reason})."
    line = int(where["line"] or text.rstrip().count("\n") + 1)
    column = f", at character {where['column']}" if where["column"] else ", where the file ends"
    return f'{name}, line {line}: this is not TOML ({reason}{column}); it should be like: title = "A night"'


def nearest(word: str, known: Collection[str], otherwise: str = "") -> str:
    """The end of a sentence: what was probably meant, else `otherwise`, else all that is known."""
    near = difflib.get_close_matches(word, known, 1)
    if near:
        return f'did you mean "{near[0]}"?'
    return otherwise or f"known are {', '.join(known)}."


def _shown(value: object) -> str:
    """A value as it was written, cut short."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value[:40]}…"' if len(value) > 40 else f'"{value}"'  # noqa: PLR2004 - enough to find it
        case dict():
            return "a table"
        case list():
            return "a list"
        case dt.datetime() | dt.date() | dt.time():
            return f"the {'time' if isinstance(value, dt.time) else 'date'} {value}"
    return str(value)[:40]
