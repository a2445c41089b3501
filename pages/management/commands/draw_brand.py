"""Draws what programs want as pixels: the social card and the icons; run when the mark or the promise changes."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image, ImageDraw, ImageFont

from upsells.typeface import FONTS

CARD = (1200, 630)
FINER = 4  # drawn so much larger and scaled down, which smooths the edges
SEA, SUN, WHITE, FOAM, PAPER, INK, MUTED = (
    "#00675c", "#f3b468", "#ffffff", "#8fe0d0", "#fbfaf7", "#102322", "#505e5d",
)  # fmt: skip
# On the mark's square of 32, as in favicon.svg: (left, middle, half a wave's length, waves, height, width, colour).
WAVES = ((5.5, 20.5, 5.25, 4, 2.4, 2.2, WHITE), (9.0, 25.2, 3.5, 4, 1.6, 2.0, FOAM))
PROMISE = ("Sell the free nights", "after a stay.", "Never the same night twice.")
FACTS = "Extra nights · late check-outs · early check-ins"


class Command(BaseCommand):
    """Writes card.png, touch-icon.png and favicon.ico into the static files."""

    help = "Draw the social card and the icons"

    def handle(self, *_args: Any, **options: Any) -> None:
        """Draw all of them."""
        folder = Path(options["folder"])
        card().save(folder / "card.png", optimize=True)
        mark(180, is_round=False).convert("RGB").quantize(64).save(folder / "touch-icon.png", optimize=True)
        mark(48).save(folder / "favicon.ico", sizes=[(16, 16), (32, 32), (48, 48)])

    def add_arguments(self, parser: Any) -> None:
        """Where to: the static files of this tree."""
        parser.add_argument("--folder", default=str(settings.BASE_DIR / "static"))


def mark(size: int, *, is_round: bool = True) -> Image.Image:
    """The mark: a sun that sets in the sea. Systems that round the corners themselves want it square."""
    whole = size * FINER
    unit = whole / 32
    image = Image.new("RGBA", (whole, whole))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, whole - 1, whole - 1), 9 * unit if is_round else 0, fill=SEA)
    draw.pieslice([each * unit for each in (8.5, 10, 23.5, 25)], 180, 360, fill=SUN)
    for wave in WAVES:
        _wave(draw, unit, *wave)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _wave(  # noqa: PLR0917 - the seven figures of one line of the mark
    draw: ImageDraw.ImageDraw, unit: float, left: float, middle: float, half: float, halves: int, height: float,
    width: float, colour: str,
) -> None:  # fmt: skip
    """One line of waves: up and down in turns, each half a parabola."""
    steps, thick = 40, width * unit
    for number in range(halves * steps + 1):
        part, place = divmod(number, steps)
        across = place / steps
        lift = height * 2 * across * (1 - across) * (-1 if part % 2 == 0 else 1)
        x, y = (left + (part + across) * half) * unit, (middle + lift) * unit
        draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)


def card() -> Image.Image:
    """What a link to us looks like where it is shared."""
    image = Image.new("RGB", CARD, PAPER)
    draw = ImageDraw.Draw(image)
    image.paste(mark(96), (80, 72), mark(96))
    draw.text((200, 120), "Amplistay", INK, _font(56, bold=True), anchor="lm")
    for number, line in enumerate(PROMISE):
        draw.text(
            (80, 250 + number * 84), line, SEA if number == len(PROMISE) - 1 else INK, _font(72, bold=True)
        )
    draw.text((80, 535), FACTS, MUTED, _font(34))
    draw.rectangle((0, CARD[1] - 18, CARD[0], CARD[1]), fill=SEA)
    return image.quantize(128)


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"Figtree-{700 if bold else 400}.ttf", size)
