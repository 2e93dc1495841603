"""QR codes, drawn here: nothing is asked of anybody else, and the page needs no picture file."""

from __future__ import annotations

import segno
from markupsafe import Markup

# Readers take any of the eight masks. Trying all of them to find the evenest was half the work of an attendee's page.
MASK = 3


def qr_picture(text: str, title: str) -> Markup:
    """The text as inline SVG; `title` is for those who can't see it."""
    drawn = segno.make(text, error="m", micro=False, mask=MASK).svg_inline(
        border=2,
        omitsize=True,
        title=title,
        svgclass="qr",
        lineclass=None,  # without a size it fills its frame
    )
    return Markup(drawn)  # noqa: S704 - drawn by a library, which escapes the title
