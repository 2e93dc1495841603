"""Templates and style sheets keep the rules of the house: a title, no text of their own, no code between the lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, nodes

from iec_events.core.paths import PACKAGE, bundled

TEMPLATES = bundled("templates")
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())
STYLES = sorted((PACKAGE / "static").rglob("*.css"))
INLINE = re.compile(r"""<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*["']|<script(?![^>]*\bsrc=)|javascript:""", re.IGNORECASE)
# What a browser or a mail program fetches, or gets ready to, without being asked; CSP forbids it, but not all of it.
FETCHED = re.compile(
    r"""(\s(src|srcset|poster|data|background)\s*=\s*["']?|<link\b[^>]*\shref\s*=\s*["']?|url\(\s*["']?|@import\s+["'])"""
    r"(https?:)?//",
    re.IGNORECASE,
)
# A physical side in a property or a value. Shadows, gradients and turns have no side of the writing.
PHYSICAL = re.compile(
    r"(?<![\w-])((margin|padding|border|scroll-margin|scroll-padding)-(left|right)\b|border-(top|bottom)-(left|right)-"
    r"|(left|right)\s*:|(text-align|float|clear|caption-side)\s*:\s*(left|right)\b)"
)
# What phones that get no new browser any more do not know: a token made with it takes borders and focus along.
TOO_NEW = re.compile(r"light-dark\(|color-mix\(|@media[^{]*[<>]|(?<!overflow: hidden;)\n\s+overflow: clip")


@pytest.fixture(scope="module")
def jinja(bare_app: Flask) -> Environment:
    return bare_app.jinja_env


@pytest.mark.parametrize("page", PAGES)
def test_compiles(jinja: Environment, page: str) -> None:
    jinja.get_template(page)


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".html")])
def test_has_a_title_and_no_code_between_the_lines(jinja: Environment, page: str) -> None:
    source = (TEMPLATES / page).read_text()
    if not page.startswith("mail/"):  # a letter carries its own style
        assert not INLINE.findall(source)
    parsed = jinja.parse(source)
    blocks = {block.name for block in parsed.find_all(nodes.Block)}
    extended = [
        node.template.value for node in parsed.find_all(nodes.Extends) if isinstance(node.template, nodes.Const)
    ]
    if extended == ["base.html"] and "main" in blocks:
        assert "title" in blocks


def test_nothing_is_fetched_from_elsewhere() -> None:
    for file in (*(TEMPLATES / page for page in PAGES), *STYLES):
        assert not FETCHED.search(file.read_text()), file.name
    for foreign in (
        '<link rel="preconnect" href="https://x.example">',
        '<img alt="" src=//x.example>',
        "url('http://x')",
    ):
        assert FETCHED.search(foreign)


@pytest.mark.parametrize("sheet", STYLES, ids=lambda path: path.name)
def test_styles_know_start_and_end_but_no_left_and_right(sheet: Path) -> None:
    assert not list(_physical(sheet.read_text()))


def test_style_sheets_use_nothing_that_phones_in_use_do_not_know() -> None:
    for sheet in STYLES:
        assert not TOO_NEW.findall(sheet.read_text()), sheet.name
    for new in ("  --text: light-dark(#000, #fff);", "@media (48rem <= width) {", ".hero {\n  overflow: clip;"):
        assert TOO_NEW.search(new), new
    assert not TOO_NEW.search("  overflow: hidden;\n  overflow: clip;")


def _physical(css: str) -> Iterator[str]:
    without_comments = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), css, flags=re.DOTALL)
    for number, line in enumerate(without_comments.splitlines(), 1):
        if PHYSICAL.search(line):
            yield f"{number}: {line.strip()}"
