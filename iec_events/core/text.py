"""What people type, made safe to keep and to show: Unicode, digits, Markdown.

Persian needs the zero-width non-joiner and joiner; every other invisible or direction-changing character can
forge what a reader sees, and is taken out. Control characters and noncharacters are refused.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

# Signs of direction, joiners that only breaking lines asks for, fillers that pass for a letter. ZWNJ and ZWJ stay.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
)
# Invisible copies of ASCII can carry a hidden text. They are for the flags of three nations, behind a black flag.
FLAG_OR_TAGS = re.compile("(\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f)|[\U000e0020-\U000e007f]")
_NONCHARACTERS = "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
REFUSED = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e001f{_NONCHARACTERS}]"
)
# No script piles more than five marks on a letter. They are cut before the normal form is made, too: putting a pile in
# order takes time that grows with its square.
_MARKS = [
    c
    for c in map(chr, (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)))
    if unicodedata.combining(c) or unicodedata.category(c) in {"Mn", "Me"}
]
_PILES = {
    wide: re.compile("([{0}]{{5}})[{0}]+".format("".join(mark for mark in _MARKS if wide or mark < "\U00010000")))
    for wide in (False, True)  # matching the rare ones takes much longer
}
WIDE = re.compile("[\U00010000-\U0010ffff]")
SHOWN = frozenset("LNPS")
DIGITS = {ord(there): str(value) for value in range(10) for there in ("۰۱۲۳۴۵۶۷۸۹"[value], "٠١٢٣٤٥٦٧٨٩"[value])}
# Letters that look alike on Arabic, Kurdish, Urdu and Persian keyboards, as the Persian ones; Latin ones that Unicode
# does not take for another with a mark, as who lacks their keyboard types them.
FOLDS = str.maketrans(
    {
        **dict.fromkeys("يىے", "ی"),
        **dict.fromkeys("كڪ", "ک"),
        **dict.fromkeys("ةہھە", "ه"),
        **dict.fromkeys("øØ", "o"),
        **dict.fromkeys("łŁ", "l"),
        **dict.fromkeys("đĐ", "d"),
        **dict.fromkeys("əƏ", "e"),
        "ı": "i",
        "ٱ": "ا",
        "\u200c": " ",
        "\u200d": "",
        "ـ": "",
    }
)
# Marks that people leave out: accents, and the points of Arabic and Hebrew. In other scripts they are letters.
POINTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc]")
PERSIAN = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
# The alphabet's own order: code points have پ چ ژ گ after all the letters that Arabic has too.
IN_ORDER = {ord(letter): chr(0x0627 + place) for place, letter in enumerate(PERSIAN)}
BETWEEN = re.compile(r"[\s'’‘ʼʿʾ`.\-‐‑]+")  # what parts of a name are joined with, or not, as people please
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
    text = _without_piles(FLAG_OR_TAGS.sub(r"\1", INVISIBLE.sub("", text)))
    text = _without_piles(unicodedata.normalize("NFC", text))
    if not any(unicodedata.category(character)[0] in SHOWN for character in text):
        return ""  # joiners and marks alone: nobody could see it
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _without_piles(text: str) -> str:
    return _PILES[bool(WIDE.search(text))].sub(r"\1", text)


def ascii_digits(text: str) -> str:
    """Persian and Arabic digits as the ASCII ones."""
    return text.translate(DIGITS)


def folded(text: str) -> str:
    """A form for searching: case, accents, digits, Arabic against Persian letters and joiners make no difference."""
    bare = POINTS.sub("", unicodedata.normalize("NFKD", text))
    bare = unicodedata.normalize("NFC", ascii_digits(bare).translate(FOLDS))
    return " ".join(bare.casefold().split())


def sorting_key(text: str) -> str:
    """A form for sorting names: Persian letters in the order of their alphabet, and whatever `folded` makes equal."""
    return folded(text).translate(IN_ORDER)


def finder(sought: str) -> Callable[[str], bool]:
    """Whether a name has each word sought, in any order, its parts joined or apart (علیرضا, علی‌رضا, علی رضا)."""
    words = [bare for word in folded(sought).split() if (bare := BETWEEN.sub("", word))]

    def fits(name: str) -> bool:
        joined = BETWEEN.sub("", folded(name))
        return bool(words) and all(word in joined for word in words)  # a hyphen alone is in no name

    return fits


def direction_of(text: str) -> str:
    """`rtl` or `ltr`, by the first letter with a direction of its own (UAX #9, rule P2)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in RIGHT_TO_LEFT:
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"


def isolated(text: str, way: str) -> str:
    """The text for a line of plain text that runs this `way`: by itself where its own is another (UAX #9)."""
    return text if direction_of(text) == way else f"\u2068{text}\u2069"


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})
_TAGS = {"p", "br", "em", "strong", "ul", "ol", "li", "a", "blockquote", "h3", "h4", "h5", "h6", "hr", "code"}


@lru_cache(maxsize=512)
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
