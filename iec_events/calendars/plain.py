"""Markdown as plain text: calendars show tags and asterisks as they stand."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

_parser = MarkdownIt("commonmark", {"html": False, "breaks": True})


def plain_text(source: str) -> str:
    """Text with its paragraphs and lists, with the addresses of links behind their words, and without any marks."""
    written, marker, depth, was_in_list = "", "", 0, False
    for token in _parser.parse(source):
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            depth += 1
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            depth -= 1
        elif token.type == "list_item_open":
            marker = "  " * (depth - 1) + (f"{token.info}. " if token.info else "• ")
        elif token.type in {"inline", "fence", "code_block"}:
            between = "\n" if was_in_list and depth else "\n\n"
            words = _inline(token.children) if token.type == "inline" else token.content.rstrip("\n")
            written += f"{between}{marker}{words}"
            marker, was_in_list = "", depth > 0
    return written.strip()


def _inline(children: list[Token] | None) -> str:
    written, opened = "", [("", 0)]
    for token in children or []:
        if token.type in {"softbreak", "hardbreak"}:
            written += "\n"
        elif token.type == "link_open":
            opened.append((str(token.attrGet("href") or ""), len(written)))
        elif token.type == "link_close":
            address, start = opened.pop()
            bare = address.removeprefix("mailto:")
            written += f" ({bare})" if bare and bare not in written[start:] else ""
        elif token.type in {"text", "code_inline", "image"}:
            written += token.content
    return written
