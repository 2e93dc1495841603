"""Pictures that organizers send: looked at before they are decoded, then made anew, so that nothing else is in them."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from typing import ClassVar

from PIL import Image, ImageOps

from ..core.errors import Refusal
from ..core.i18n import _l, format_number

LARGEST_UPLOAD = 5 * 1024 * 1024
MOST_PIXELS = 24_000_000
WIDEST = 1600
TALLEST = 2400
QUALITY = 82
FORMATS = ("PNG", "JPEG", "WEBP")
# Smaller renditions: width -> the most octets, for which quality is given up step by step. Phones load the first.
RENDITIONS = {480: 36_000, 960: 80_000}
STEPS_DOWN = (QUALITY, 60, 42)


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: WebP octets without metadata, under a random name; `smaller`: width -> rendition."""

    name: str
    content: bytes
    width: int
    height: int
    smaller: dict[int, bytes] = field(default_factory=dict)


class ImageRefused(Refusal):
    """A file that is not taken as a picture."""

    status: ClassVar[int] = 422

    def __init__(self, message: object) -> None:
        super().__init__()
        self.message = message


def read_image(octets: bytes) -> Picture:
    """A picture made anew from a PNG, JPEG or WebP file; ImageRefused for anything else, too large, or broken."""
    if len(octets) > LARGEST_UPLOAD:
        raise ImageRefused(_l("This picture is larger than 5 MB. Please make it smaller and choose it again."))
    try:
        with Image.open(io.BytesIO(octets), formats=FORMATS) as source:
            _check_size(*source.size)
            return _made_anew(source)
    except ImageRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused(_too_many()) from error
    except Exception as error:  # a decoder meets hostile files: whatever it stumbles over, the file is at fault
        raise ImageRefused(
            _l("This file could not be read as a picture. Please choose a PNG, JPEG or WebP picture.")
        ) from error


def _check_size(width: int, height: int) -> None:
    """From the header alone: ten kilobytes of file can hold a gigabyte of pixels."""
    if width * height > MOST_PIXELS:
        raise ImageRefused(_too_many())


def _too_many() -> object:
    return _l(
        "This picture has more than %(most)s million pixels. Please make it smaller and choose it again.",
        most=format_number(MOST_PIXELS // 1_000_000),
    )


def _made_anew(source: Image.Image) -> Picture:
    """The first frame, upright, at most WIDEST by TALLEST, with none of the file's EXIF, GPS, profile or comments."""
    source.draft("RGB", (WIDEST * 2, TALLEST * 2))
    clear = source.mode in {"RGBA", "LA", "PA"} or "transparency" in source.info
    image = ImageOps.exif_transpose(source).convert("RGBA" if clear else "RGB")
    image.thumbnail((WIDEST, TALLEST), Image.Resampling.LANCZOS)
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return Picture(
        name=secrets.token_urlsafe(16),
        content=_octets(bare, QUALITY),
        width=bare.width,
        height=bare.height,
        smaller={width: _rendition(bare, width, most) for width, most in RENDITIONS.items() if width < bare.width},
    )


def _rendition(image: Image.Image, width: int, most: int) -> bytes:
    """The picture so many pixels wide, in at most so many octets where the lowest quality we bear allows it."""
    small = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)
    octets = b""
    for quality in STEPS_DOWN:
        octets = _octets(small, quality)
        if len(octets) <= most:
            break
    return octets


def _octets(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()
