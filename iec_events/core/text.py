"""What people type, made safe to keep and to show: Unicode, digits, Markdown.

Persian needs the zero-width non-joiner and joiner; every other invisible or direction-changing character can
forge what a reader sees, and is taken out. Control characters and noncharacters are refused.
"""

import re
import unicodedata

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    "|[\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0010fffe\U0010ffff\U000e0000-\U000e001f]"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
PILED_MARKS = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")
DIGITS = {ord(there): str(value) for value in range(10) for there in ("۰۱۲۳۴۵۶۷۸۹"[value], "٠١٢٣٤٥٦٧٨٩"[value])}
FOLDS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "\u200c": " ", "\u200d": "", "ـ": ""})
RIGHT_TO_LEFT = frozenset({"R", "AL"})


class UnfitText(ValueError):
    """The text holds control characters or noncharacters, which no honest keyboard types."""


def clean_line(text: str) -> str:
    """One line in NFC, its blanks single, nothing invisible in it; UnfitText for control characters."""
    return " ".join(clean_text(text).split())


def clean_text(text: str) -> str:
    """Text of many lines in NFC, with plain line feeds between them; UnfitText for control characters."""
    text = re.sub("\r\n?|\u0085|\u2028|\u2029", "\n", text)
    if REFUSED.search(text):
        raise UnfitText
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    text = PILED_MARKS.sub(r"\1", text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def ascii_digits(text: str) -> str:
    """Persian and Arabic digits as the ASCII ones."""
    return text.translate(DIGITS)


def folded(text: str) -> str:
    """A form for searching: case, digits, Arabic against Persian letters and joiners make no difference."""
    return " ".join(ascii_digits(unicodedata.normalize("NFKC", text)).translate(FOLDS).casefold().split())


def direction_of(text: str) -> str:
    """`rtl` or `ltr`, by the first letter with a direction of its own (UAX #9, rule P2)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in RIGHT_TO_LEFT:
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})
_TAGS = {"p", "br", "em", "strong", "ul", "ol", "li", "a", "blockquote", "h3", "h4", "h5", "h6", "hr", "code"}


def markdown_html(text: str) -> Markup:
    """Markdown as safe HTML: raw HTML is shown as text, headings begin below the page's own, links leave no trace."""
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    # What `clean` returns went through an allow-list of tags, attributes and schemes.
    return Markup(clean)  # noqa: S704
