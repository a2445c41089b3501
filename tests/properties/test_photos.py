"""A home's photo: drawn anew, small, without what its file told, and refused in plain words when it can't be shown."""

from contextlib import suppress
from io import BytesIO
from typing import Any
from zlib import crc32

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from properties import photos
from properties.models import Photo, PhotoFile, Property
from tests import cast
from tests.upsells.pages import text

CORNERS = {"red": (255, 0, 0), "blue": (0, 0, 255)}
ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def a_picture(
    size: tuple[int, int] = (1600, 1000), kind: str = "JPEG", mode: str = "RGB", **options: Any
) -> BytesIO:
    """The left half red, the right half blue."""
    picture = Image.new("RGB", size, CORNERS["red"])
    picture.paste(CORNERS["blue"], (size[0] // 2, 0, *size))
    out = BytesIO()
    picture.convert(mode).save(out, kind, **options)
    out.seek(0)
    return out


def stored(photo: Photo, width: int = 1280) -> Image.Image:
    return Image.open(BytesIO(bytes(photo.files.get(width=width).body)))


def is_near(colour: object, wanted: str) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(colour, CORNERS[wanted], strict=True))  # type: ignore[call-overload]  # Pillow types a pixel as any number


def upload(
    alices: Client, home: Property, body: bytes | None, words: str = "", name: str = "photo.jpg"
) -> Any:
    told: dict[str, Any] = {"photo-words": words}
    if body is not None:
        told["photo-file"] = SimpleUploadedFile(name, body)
    return alices.post(reverse("properties:photo", args=[home.public_id]), told, follow=True)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")],
)
def test_a_photo_is_kept_in_two_widths(home: Property, kind: str, mode: str) -> None:
    photo = photos.keep(home, a_picture(kind=kind, mode=mode), "", cast.NOW)
    shapes = {row.width: stored(photo, row.width).size for row in photo.files.all()}
    assert shapes == {640: (640, 400), 1280: (1280, 800)}
    assert stored(photo).format == "WEBP"


def test_a_small_photo_is_not_blown_up_and_a_tall_one_is_cropped_in_the_middle(home: Property) -> None:
    small = photos.keep(home, a_picture((800, 500)), "", cast.NOW)
    assert {stored(small, width).size for width in (640, 1280)} == {(640, 400), (800, 500)}
    tall = photos.keep(home, a_picture((1500, 3000)), "", cast.NOW)
    assert stored(tall).size == (1280, 800)
    assert is_near(stored(tall).convert("RGB").getpixel((10, 400)), "red")
    assert is_near(stored(tall).convert("RGB").getpixel((1270, 400)), "blue")


def test_nothing_that_the_file_tells_beside_its_pixels_is_kept(home: Property) -> None:
    exif = Image.Exif()
    exif[MAKE] = "Secret Camera"
    exif.get_ifd(GPS)[1] = "N"
    upload = a_picture(exif=exif, icc_profile=b"a profile " * 20, comment=b"a secret comment")
    assert b"Secret Camera" in upload.getvalue()
    photo = photos.keep(home, upload, "", cast.NOW)
    for row in photo.files.all():
        kept = Image.open(BytesIO(bytes(row.body)))
        assert not kept.getexif()
        assert not kept.info.keys() & {"exif", "icc_profile", "xmp", "comment"}
        assert b"ecret" not in bytes(row.body)


def test_a_photo_is_turned_the_way_its_camera_was_held(home: Property) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3  # upside down: red comes to the right
    photo = photos.keep(home, a_picture(exif=exif), "", cast.NOW)
    assert is_near(stored(photo).convert("RGB").getpixel((10, 400)), "blue")


def test_what_can_be_seen_through_is_shown_on_white(home: Property) -> None:
    out = BytesIO()
    Image.new("RGBA", (1280, 800), (0, 0, 0, 0)).save(out, "PNG")
    photo = photos.keep(home, out, "", cast.NOW)
    assert min(stored(photo).convert("RGB").getpixel((5, 5))) > 245  # type: ignore[type-var, arg-type]  # likewise


def a_bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""
    body = bytearray(a_picture((640, 400), "PNG").getvalue())
    body[16:24] = width.to_bytes(4) + height.to_bytes(4)
    body[29:33] = crc32(body[12:29]).to_bytes(4)
    return bytes(body)


BROKEN = [
    (b"", "This file is empty."),
    (b"not a photo", "can't be read as a photo"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "can't be read as a photo"),
    (a_picture().getvalue()[:2_000], "can't be read as a photo"),
    (a_picture(kind="GIF").getvalue(), "can't be read as a photo"),
    (a_picture(kind="TIFF").getvalue(), "can't be read as a photo"),
    (a_picture((639, 1000)).getvalue(), "too small"),
    (a_picture((1000, 399)).getvalue(), "too small"),
    (a_bomb(5_000, 5_000), "too many pixels"),
    (a_bomb(10_000, 9_500), "too many pixels"),
    (a_bomb(60_000, 60_000), "too many pixels"),
    (a_bomb(2_000, 2_000), "can't be read as a photo"),
    (b"x" * (photos.MOST_OCTETS + 1), "larger than 12 MB"),
]


@pytest.mark.parametrize(("body", "sentence"), BROKEN, ids=[sentence for _, sentence in BROKEN])
def test_a_file_that_can_t_be_shown_is_refused_in_plain_words_and_the_photo_before_stays(
    alices: Client, home: Property, body: bytes, sentence: str
) -> None:
    before = photos.keep(home, a_picture(), "", cast.NOW)
    answer = upload(alices, home, body)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert Photo.objects.get() == before


def test_no_file_is_refused_in_plain_words(alices: Client, home: Property) -> None:
    assert "Choose a photo." in text(upload(alices, home, None))


GOOD = [a_picture((640, 400), kind).getvalue() for kind in ("JPEG", "PNG", "WEBP")]
DAMAGE = st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=30)


@given(st.sampled_from(GOOD), DAMAGE)
def test_no_damage_to_a_file_is_more_than_a_sentence(good: bytes, damage: list[tuple[int, int]]) -> None:
    body = bytearray(good)
    for place, octet in damage:
        body[place % len(body)] = octet
    with suppress(photos.Unusable):
        assert photos.drawn(BytesIO(bytes(body))).size == (640, 400)


def test_a_host_uploads_replaces_and_removes_it(alices: Client, home: Property) -> None:
    page = text(upload(alices, home, a_picture().getvalue(), "The terrace"))
    first = Photo.objects.get()
    assert "Guests see the photo" in page
    assert first.small() in page
    assert 'alt="The terrace"' in page
    assert ">The terrace</p>" in page
    upload(alices, home, a_picture((900, 700)).getvalue())
    second = Photo.objects.get()
    assert second.token != first.token
    assert PhotoFile.objects.count() == 2
    page = text(alices.post(reverse("properties:remove-photo", args=[home.public_id]), follow=True))
    assert "The photo is gone." in page
    assert second.small() not in page
    assert alices.get(second.small()).status_code == 404


def test_anybody_with_the_address_gets_the_photo_to_keep_and_nothing_else(
    client: Client, home: Property
) -> None:
    photo = photos.keep(home, a_picture(), "", cast.NOW)
    answer = client.get(photo.large())
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert answer["Cache-Control"] == "public, max-age=2592000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies
    assert client.get(reverse("photo", args=[photo.token, 641])).status_code == 404
    assert client.get(reverse("photo", args=["x" * 27, 640])).status_code == 404
    assert client.post(photo.large()).status_code == 405


def test_too_much_is_let_go_wherever_it_is_sent(client: Client, db: None) -> None:
    body = SimpleUploadedFile("big", b"x" * (photos.MOST_OCTETS + 1))
    answer = client.post(reverse("account_login"), {"login": "a@example.org", "file": body})
    assert answer.status_code == 422
    assert not answer.wsgi_request.FILES
