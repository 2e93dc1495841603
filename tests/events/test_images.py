"""Pictures: what is taken, what is left of it, and what is refused before it is decoded."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from iec_events.events.images import LARGEST_UPLOAD, MOST_PIXELS, WIDEST, ImageRefused, read_image
from iec_events.events.loader import SAMPLE

pytestmark = pytest.mark.usefixtures("app")


def octets(kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "P"), ("PNG", "RGBA"), ("PNG", "I;16"), ("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGB")],
)
def test_three_formats_become_webp(kind: str, mode: str) -> None:
    picture = read_image(octets(kind, mode=mode))
    made = opened(picture.content)
    assert (made.format, made.size) == ("WEBP", (picture.width, picture.height)) == ("WEBP", (40, 30))
    assert len(picture.name) == 22
    assert read_image(octets(kind, mode=mode)).name != picture.name


def test_a_wide_picture_is_made_narrower_and_keeps_its_proportions() -> None:
    picture = read_image(octets("JPEG", (4000, 1000)))
    assert (picture.width, picture.height) == (WIDEST, 400)


def test_nothing_of_the_camera_stays_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    picture = read_image(octets("JPEG", (40, 30), exif=exif, comment=b"Secret Comment"))
    assert (picture.width, picture.height) == (30, 40)
    assert b"Secret" not in picture.content
    assert b"EXIF" not in picture.content
    assert not opened(picture.content).getexif()


def test_only_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    made: Any = opened(read_image(out.getvalue()).content)
    assert made.n_frames == 1
    assert made.convert("RGB").getpixel((5, 5))[0] > 200


def test_a_small_file_with_too_many_pixels_is_refused_by_its_header() -> None:
    def png(width: int, height: int) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")

    for size in ((6000, MOST_PIXELS // 6000 + 1), (10_000, 10_000), (60_000, 60_000)):
        with pytest.raises(ImageRefused, match="more than 24 million pixels"):
            read_image(png(*size))
    with pytest.raises(ImageRefused, match="could not be read"):
        read_image(png(100, 100))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(ImageRefused, match="PNG, JPEG or WebP"):
        read_image(octets(kind))


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ImageRefused, match="could not be read"):
        read_image(content)


def test_a_truncated_picture_is_refused() -> None:
    whole = octets("PNG", (300, 300))
    with pytest.raises(ImageRefused, match="could not be read"):
        read_image(whole[: len(whole) // 2])


def test_a_large_file_is_refused_unread() -> None:
    with pytest.raises(ImageRefused, match="larger than 5 MB"):
        read_image(b"\xff\xd8" + bytes(LARGEST_UPLOAD))


def test_phones_get_a_small_rendition_and_a_small_picture_has_none() -> None:
    noisy = Image.effect_noise((1000, 400), 90).convert("RGB")
    out = io.BytesIO()
    noisy.save(out, "JPEG")
    picture = read_image(out.getvalue())
    assert {width: opened(octets).size for width, octets in picture.smaller.items()} == {
        480: (480, 192),
        960: (960, 384),
    }
    assert len(picture.smaller[480]) < len(picture.smaller[960]) < len(picture.content)
    assert read_image(octets("PNG", (480, 20))).smaller == {}
    assert opened(read_image(octets("PNG", (1600, 1))).smaller[480]).size == (480, 1)


def test_the_samples_picture_is_light() -> None:
    smaller = read_image(SAMPLE.with_suffix(".webp").read_bytes()).smaller
    assert len(smaller[480]) <= 36_000
    assert len(smaller[960]) <= 80_000
