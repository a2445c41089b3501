"""The story of a home's photo: what a host uploads is checked, drawn anew in two widths, and kept with the property.

Nothing of the file itself is kept: no place, no camera, no hidden bytes.
"""

from datetime import datetime
from io import BytesIO
from typing import BinaryIO

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from properties.models import PHOTO_WIDTHS, Photo, PhotoFile, Property

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_OCTETS = 12 * 1024 * 1024
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 24_000_000, "WEBP": 24_000_000}  # a JPEG can be decoded smaller
NARROWEST = 640  # pixels, after cropping
ASPECT = (8, 5)
QUALITY = 80  # of 100


class Unusable(Exception):
    """The file is no photo that can be shown; the first argument is the sentence for the host."""


def keep(home: Property, upload: BinaryIO, words: str, now: datetime) -> Photo:
    """Show this photo from now on instead of the one before, if any. Raises Unusable."""
    picture = drawn(upload)
    bodies = {width: _file(picture, width) for width in PHOTO_WIDTHS}
    with transaction.atomic():
        Property.objects.select_for_update(no_key=True).get(
            pk=home.pk
        )  # two uploads come one after the other
        Photo.objects.filter(property=home).delete()
        photo = Photo.objects.create(
            organization_id=home.organization_id, property=home, words=words, created_at=now
        )
        PhotoFile.objects.bulk_create(
            PhotoFile(photo=photo, width=width, body=body) for width, body in bodies.items()
        )
    return photo


def remove(home: Property, now: datetime) -> Photo | None:
    """Show no photo any more; the one that was shown, which is kept until it is swept."""
    shown = home.photo
    if shown:
        Photo.objects.filter(pk=shown.pk, removed_at=None).update(removed_at=now)
    return shown


def drawn(upload: BinaryIO) -> Image.Image:
    """The picture upright, cropped to the shape of the page, in plain colours. Raises Unusable."""
    try:
        with Image.open(upload, formats=FORMATS) as opened:
            _refuse(opened)
            opened.draft("RGB", (2 * PHOTO_WIDTHS[-1], 2 * PHOTO_WIDTHS[-1]))
            upright = ImageOps.exif_transpose(opened)
            return _cropped(_plain(upright))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unusable(TOO_MANY_PIXELS) from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        MemoryError,
    ) as error:  # what Pillow says of broken files
        raise Unusable(_("This file can't be read as a photo. Choose a JPEG, PNG or WebP file.")) from error


TOO_MANY_PIXELS = _("This photo has too many pixels. Save it smaller, for example 4000 pixels wide.")


def _refuse(opened: Image.Image) -> None:
    """Raises Unusable for what would take too much memory or look poor, before it is decoded."""
    width, height = opened.size
    if width * height > MOST_PIXELS[opened.format or "PNG"]:
        raise Unusable(TOO_MANY_PIXELS)
    if min(width, height * ASPECT[0] // ASPECT[1]) < NARROWEST:
        raise Unusable(_("This photo is too small. Choose one at least 640 pixels wide and 400 high."))


def _plain(picture: Image.Image) -> Image.Image:
    """Without transparency, palette or other colour models: on white."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


def _cropped(picture: Image.Image) -> Image.Image:
    """Its middle, in the shape of the page, not wider than we show it."""
    width = min(PHOTO_WIDTHS[-1], picture.width, picture.height * ASPECT[0] // ASPECT[1])
    return ImageOps.fit(picture, (width, width * ASPECT[1] // ASPECT[0]), Image.Resampling.LANCZOS)


def _file(picture: Image.Image, width: int) -> bytes:
    """The picture at most so wide as a WebP file of its pixels alone."""
    if picture.width > width:
        picture = picture.resize((width, width * ASPECT[1] // ASPECT[0]), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    out = BytesIO()
    bare.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
