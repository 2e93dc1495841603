"""Texts and addresses as calendars can hold them: without controls, and without marks that turn other text around."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

LINE_ENDS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
# Controls, lone surrogates, noncharacters, and marks that turn other text around.
# ZWNJ and ZWJ stay: Farsi and emoji need them.
UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\ufeff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
ISOLATES = re.compile("[\u2066-\u2069]")
POP_ISOLATE = "\u2069"
URL_SAFE = "%/:=&?~#+!$,;'@()*[]"


def clean(text: str) -> str:
    """Return text with plain line breaks, without controls and without marks that turn other text around."""
    text = UNWANTED.sub("", LINE_ENDS.sub("\n", text))
    return text if _isolates_balance(text) else ISOLATES.sub("", text)


def clean_line(text: str) -> str:
    """Return cleaned text as one line with single blanks."""
    return " ".join(clean(text).split())


def ascii_url(url: str) -> str:
    """Return a web address with everything but ASCII percent-encoded and its host in IDNA form."""
    parts = urlsplit(UNWANTED.sub("", url.strip()))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("A link needs a scheme of http or https, and a host.")
    netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
    return quote(urlunsplit(parts._replace(netloc=netloc)), safe=URL_SAFE)


def is_web_address(url: str) -> bool:
    """Tell whether `ascii_url` would take this."""
    try:
        return bool(ascii_url(url))
    except ValueError:  # UnicodeError, of an impossible host, is one
        return False


def _isolates_balance(text: str) -> bool:
    depth = 0
    for mark in ISOLATES.findall(text):
        depth += -1 if mark == POP_ISOLATE else 1
        if depth < 0:
            return False
    return depth == 0
