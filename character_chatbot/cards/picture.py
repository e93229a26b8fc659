"""The picture that carries a card: one that was given, or a plain one drawn here."""

from __future__ import annotations

import colorsys
import io
import warnings
import zlib
from pathlib import Path
from typing import Any, Final

from utils.errors import InputError

__all__ = ["drawn_picture", "given_picture"]

SIZE: Final = (512, 768)
"""Width and height in points, the upright form that programs show."""
_READ: Final = ("PNG", "JPEG", "WEBP")


def given_picture(path: Path) -> bytes:
    """Return a picture file as PNG, without what else the file says (place, camera, cards).

    Raises:
        InputError: If it is no picture of a kind that is read, damaged, or too large to unpack.
    """
    from PIL import Image

    if not path.is_file():
        raise InputError(f"{path} is not a file; give --image a PNG, JPEG or WebP picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_READ) as image:
                picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise InputError(f"{path} has more points than a picture of a character needs; make it smaller.") from None
    except (OSError, SyntaxError, ValueError):
        raise InputError(f"{path} cannot be read as a picture; give --image a PNG, JPEG or WebP file.") from None
    return _png(picture)


def drawn_picture(name: str) -> bytes:
    """Return a PNG of a name: its initial, and colours that belong to it."""
    from PIL import Image, ImageDraw, ImageOps

    hue = zlib.crc32(name.encode()) % 360 / 360
    slope = Image.linear_gradient("L").resize(SIZE)
    picture = ImageOps.colorize(slope, _colour(hue, 0.45, 0.75), _colour(hue + 0.12, 0.8, 0.2))
    draw = ImageDraw.Draw(picture)
    width, height = SIZE
    draw.ellipse((width * 0.16, height * 0.2, width * 0.84, height * 0.2 + width * 0.68), outline="white", width=6)
    _write(draw, name[:1].upper(), (width / 2, height * 0.2 + width * 0.34), 240)
    _write(draw, name, (width / 2, height * 0.82), 72)
    return _png(picture)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _write(draw: Any, text: str, middle: tuple[float, float], size: int) -> None:
    """Write a text around a point, smaller where it would not fit."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    if (wide := draw.textlength(text, font=font)) > SIZE[0] * 0.9:
        font = ImageFont.load_default(max(8, size * SIZE[0] * 0.9 / wide))
    draw.text(middle, text, fill="white", font=font, anchor="mm")


def _png(picture: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()
