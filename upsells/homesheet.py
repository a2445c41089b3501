"""The sheet for the home: one page to print, with the guest page's QR code, in the languages that guests read.

A5 or A4, drawn in vectors; the same link gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import segno
from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4, A5
from reportlab.pdfgen.canvas import Canvas

from upsells import typeface
from upsells.models import Offer
from upsells.receipts import GREY, SEA
from upsells.typeface import BOLD, Style

SIZES = {"a4": A4, "a5": A5}
QUIET = 4  # modules around a QR code, by its standard
FEW = 2  # languages that each get a headline of full size
SMALLEST = 190.0  # points of the QR code on A4: 6.7 cm there, 4.7 cm on A5
LARGEST = 330.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the sheet says: the home, the address of its guest page, how guests pay there ("" where it differs)."""

    home: str
    address: str
    pays: str
    languages: Sequence[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One centred line, and how far below the one before it stands, in points of an A4 page."""

    text: str
    style: Style
    drop: float


def pdf(sheet: Sheet, size: str) -> bytes:
    """The sheet as a PDF of one page of that size (a key of SIZES)."""
    width, height = SIZES[size]
    out = BytesIO()
    canvas = Canvas(out, pagesize=(width, height), invariant=1, pageCompression=1, lang=sheet.languages[0])
    canvas.setTitle(sheet.home)
    canvas.setCreator("Amplistay")
    scale = width / A4[0]
    canvas.scale(scale, scale)  # A5 is A4 made smaller: one layout for both
    _place(canvas, sheet)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _place(canvas: Canvas, sheet: Sheet) -> None:
    """The name above, the languages below it, the code in the middle of what is left, the address at the foot.

    Where the words would leave too little for the code, they are set smaller.
    """
    foot = _wrapped(sheet.address, Style(10, colour=GREY), 16)
    for scale in (1.0, 0.85, 0.7, 0.6, 0.5):
        lines = _lines(sheet, scale)
        room = A4[1] - 180 - _height(lines) - _height(foot)
        if room >= SMALLEST:
            break
    side = min(room, LARGEST)
    y = A4[1] - 84
    for line in lines:
        y -= line.drop
        _centred(canvas, y, line)
    _code(canvas, sheet.address, (A4[0] - side) / 2, y - 24 - (room - side) / 2 - side, side)
    y = 56 + _height(foot)
    for line in foot:
        y -= line.drop
        _centred(canvas, y, line)


def _height(lines: Sequence[Line]) -> float:
    return sum(line.drop for line in lines)


def _lines(sheet: Sheet, scale: float) -> list[Line]:
    """What stands above the code."""
    few = len(sheet.languages) <= FEW
    asks, says = Style((34 if few else 20) * scale, BOLD), Style((14 if few else 11) * scale)
    found = _wrapped(sheet.home, Style(20 * scale, BOLD, SEA), 26 * scale)
    for place, language in enumerate(sheet.languages):
        with translation.override(language):
            gap = (28 if few or place == 0 else 16) * scale
            question = _wrapped(_("Stay a little longer?"), asks, asks.size * 1.2)
            found += [Line(question[0].text, asks, asks.size + gap), *question[1:]]
            said = [
                line
                for sentence in (_("Scan, see what is free, stay on."), _pays(sheet.pays))
                for line in _wrapped(sentence, says, says.size * 1.5)
            ]
            found += [Line(said[0].text, says, said[0].drop + asks.size * 0.3), *said[1:]]
    return found


def _pays(collection: str) -> str:
    match collection:
        case Offer.Collection.PROPERTY:
            return _("Pay at the property.")
        case Offer.Collection.CHANNEL:
            return _("Pay through your booking site.")
        case Offer.Collection.CARD:
            return _("Pay by card.")
    return ""


def _wrapped(text: str, style: Style, drop: float) -> list[Line]:
    return [Line(part, style, drop) for part in typeface.wrapped(text, style, A4[0] - 120) if part]


def _centred(canvas: Canvas, y: float, line: Line) -> None:
    typeface.draw(canvas, (A4[0] - typeface.width(line.text, line.style)) / 2, y, line.text, line.style)


def _code(canvas: Canvas, address: str, x: float, y: float, side: float) -> None:
    """The QR code as one filled path, with its quiet zone inside the square whose lower left corner is (x, y)."""
    rows = [bytes(row) for row in segno.make(address, error="m").matrix]
    module = side / (len(rows) + 2 * QUIET)
    path = canvas.beginPath()
    for line, row in enumerate(rows):
        top = y + side - (QUIET + line + 1) * module
        for column, dark in enumerate(row):
            if dark:
                path.rect(x + (QUIET + column) * module, top, module, module)
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawPath(path, stroke=0, fill=1)
