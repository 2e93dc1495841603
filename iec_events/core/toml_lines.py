"""On which line of a TOML text each of its keys stands.

Python's reader gives no positions. So once it has found a text to be sound, `lines_of` walks it again, only to note
on which line each key stands; it need not be strict, because nothing unsound reaches it.
"""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]
TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<string>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*')
      | (?P<mark>[\[\]{}=,.])
      | (?P<bare>[^\s\[\]{}=,.\#"']+)""",
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of each table header, key and list item of a sound TOML text."""
    return _Walk(text).lines


class _Walk:
    """One walk over the tokens of a sound text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        self._tokens = _tokens(text)
        self._at = 0
        header: KeyPath = ()
        while self._skip(newlines=True):
            if self._peek() == "[":
                header = self._header()
            else:
                self._pair(header)

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str, int]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, *, newlines: bool) -> bool:
        """Go past blanks and comments; whether anything is left."""
        passing = {"blank", "newline"} if newlines else {"blank"}
        while self._at < len(self._tokens) and self._tokens[self._at][0] in passing:
            self._at += 1
        return self._at < len(self._tokens)

    def _header(self) -> KeyPath:
        line = self._take()[2]
        listed = self._peek() == "["
        if listed:
            self._take()
        written = self._key("]")
        while self._peek() == "]":
            self._take()
        path: KeyPath = ()
        for place, part in enumerate(written):
            path = (*path, part)
            self.lines.setdefault(path, line)
            if listed and place == len(written) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        self.lines[path] = line
        return path

    def _pair(self, around: KeyPath) -> None:
        line = self._tokens[self._at][2]
        path = around
        for part in self._key("="):
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._take()
        self._value(path)

    def _key(self, end: str) -> list[str]:
        """The parts of a dotted key, up to the mark that ends it."""
        parts: list[str] = []
        while self._peek() != end:
            kind, text, _line = self._take()
            if kind == "string":
                parts.append(next(iter(tomllib.loads(f"{text} = 0"))))
            elif kind == "bare":
                parts.append(text)
        return parts

    def _value(self, path: KeyPath) -> None:
        self._skip(newlines=False)
        if self._peek() == "[":
            self._list(path)
        elif self._peek() == "{":
            self._inline(path)
        else:
            while self._at < len(self._tokens) and self._peek() not in {",", "]", "}", "\n"}:
                self._take()

    def _list(self, path: KeyPath) -> None:
        self._take()
        place = 0
        while self._skip(newlines=True) and self._peek() != "]":
            if self._peek() == ",":
                self._take()
                continue
            self.lines[*path, place] = self._tokens[self._at][2]
            self._value((*path, place))
            place += 1
        self._take()

    def _inline(self, path: KeyPath) -> None:
        self._take()
        while self._skip(newlines=True) and self._peek() != "}":
            if self._peek() == ",":
                self._take()
                continue
            self._pair(path)
        self._take()


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, line) of each token."""
    found = []
    line = 1
    for match in TOKEN.finditer(text):
        found.append((str(match.lastgroup), match.group(), line))
        line += match.group().count("\n")
    return found
