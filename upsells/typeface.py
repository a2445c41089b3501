"""The letters of our PDF pages: Figtree, and Noto Sans for what Figtree lacks (Greek, Cyrillic, Vietnamese).

Both are under the SIL Open Font License (`fonts/OFL*.txt`), cut to the characters of these alphabets. A character that
neither has is shown as a question mark.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from unicodedata import normalize

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path(__file__).with_name("fonts")
REGULAR, BOLD = 400, 700
FAMILIES = ("Figtree", "NotoSans")
UNKNOWN = "?"
BREAK = re.compile(r"[^\S\u00a0\u202f]+")  # spaces that hold words together are no place for a line to end


@dataclass(frozen=True, slots=True)
class Style:
    """How text is set: size in points, weight, and colour as (red, green, blue) from 0 to 1."""

    size: float = 10.5
    weight: int = REGULAR
    colour: tuple[float, float, float] = (0.063, 0.137, 0.133)


def width(text: str, style: Style) -> float:
    """How wide the text is, in points."""
    return sum(pdfmetrics.stringWidth(part, font, style.size) for font, part in _parts(text, style.weight))


def draw(canvas: Canvas, x: float, y: float, text: str, style: Style, *, right: bool = False) -> None:
    """Set one line of text with its left edge (or its right one) at x and its base line at y, in points."""
    x -= width(text, style) if right else 0
    canvas.setFillColorRGB(*style.colour)
    for font, part in _parts(text, style.weight):
        canvas.setFont(font, style.size)
        canvas.drawString(x, y, part)
        x += pdfmetrics.stringWidth(part, font, style.size)


def wrapped(text: str, style: Style, room: float) -> list[str]:
    """The text in lines of at most so many points; a word that is longer than a line is broken."""
    lines = [""]
    for word in _words(text):
        for piece in _pieces(word, style, room):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if width(longer, style) <= room:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines


def _words(text: str) -> list[str]:
    return [word for word in BREAK.split(text) if word]


def _pieces(word: str, style: Style, room: float) -> Iterator[str]:
    piece = ""
    for character in word:
        if piece and width(piece + character, style) > room:
            yield piece
            piece = ""
        piece += character
    yield piece


@cache
def _font(family: str, weight: int) -> TTFont:
    font = TTFont(f"{family}-{weight}", FONTS / f"{family}-{weight}.ttf")
    pdfmetrics.registerFont(font)
    return font


def _family(character: str) -> str:
    """The first family that has the character; empty where none has."""
    return next((name for name in FAMILIES if ord(character) in _font(name, REGULAR).face.charWidths), "")


def _parts(text: str, weight: int) -> Iterator[tuple[str, str]]:
    """The text in runs of one font each."""
    text = normalize("NFC", " ".join(_words(text)))
    for family, run in groupby(text, key=_family):
        shown = "".join(run)
        font = _font(family or FAMILIES[0], weight)
        yield font.fontName, shown if family else UNKNOWN * len(shown)
