"""The receipt as a PDF: what it says, who may have it, and that it is the same every time."""

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from tests import cast
from tests.upsells.pages import a_purchase, page_of
from upsells import receipts, typeface
from upsells.models import Payment, Purchase, StayLink
from upsells.typeface import Style

NOW = cast.NOW
LINES = [
    ["night", 9_900, "2026-12-04", ""],
    ["night", 9_900, "2026-12-05", ""],
    ["tax", 1_980, "", "IVA 10 %"],
]


def a_sale(link: StayLink, **columns: object) -> Purchase:
    values = {"decided_at": NOW + timedelta(minutes=1), "lines": LINES, "amount": 21_780, "language": "en"}
    return a_purchase(link, **{"state": "confirmed", **values, **columns})


def text(content: bytes) -> str:
    """What a reader of the PDF reads, its runs of one font joined."""
    reader = PdfReader(BytesIO(content))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def of_guest(purchase: Purchase) -> str:
    return reverse("guest:receipt", args=[purchase.stay_link.token, purchase.public_id])


def of_host(purchase: Purchase, name: str = "receipt") -> str:
    return reverse(f"upsells:{name}", args=[purchase.property.public_id, purchase.public_id])


def test_a_receipt_says_who_sold_what_for_how_much_and_how_it_was_paid(link: StayLink) -> None:
    sale = a_sale(link, collection="card")
    Payment.objects.create(
        organization_id=sale.organization_id,
        purchase=sale,
        account="acct_1",
        state="captured",
        amount=sale.amount,
        captured=sale.amount,
        card="Visa ···· 4242",
        created_at=NOW,
    )
    said = text(receipts.pdf(sale))
    for words in (
        "Gràcia Homes", f"Receipt {sale.public_id[:6].upper()}", "Casa Gràcia", "2 more nights", "Marta Puig",
        "Sun, 6 Dec 2026, 11:00", "Tue, 1 Dec 2026, 10:00", "2 nights €198.00", "IVA 10 % €19.80", "Total €217.80",
        "Paid by card, Visa ···· 4242 €217.80",
    ):  # fmt: skip
        assert words in said


def test_the_same_purchase_gives_the_same_bytes_whatever_language_the_reader_has(link: StayLink) -> None:
    sale = a_sale(link, language="de")
    seen = set()
    for language in ("en", "fr"):
        with translation.override(language):
            seen.add(hashlib.sha256(receipts.pdf(Purchase.objects.get())).hexdigest())
    assert len(seen) == 1
    assert PdfReader(BytesIO(receipts.pdf(sale))).root_object["/Lang"] == "de"


def test_every_letter_of_the_six_languages_and_of_greek_and_russian_names_can_be_printed() -> None:
    for letters in ("áéíóúüñ¿¡çàèìòùâêîôûëïœæÿãõäöüßÄÖÜ€«»„“”’–—…·", "ŁódźŠčřžĐőțăẮệ", "Ωμέγα", "ИванЩёґ"):
        for weight in (typeface.REGULAR, typeface.BOLD):
            assert all("?" not in part for _font, part in typeface._parts(letters, weight))


def test_a_letter_that_no_font_has_is_a_question_mark_and_no_crash(link: StayLink) -> None:
    assert "For ??" in text(receipts.pdf(a_sale(link, guest_name="日本")))


@given(st.text(max_size=120), st.floats(30, 400))
def test_wrapped_text_keeps_every_word_within_the_room(words: str, room: float) -> None:
    style = Style()
    lines = typeface.wrapped(words, style, room)
    assert "".join("".join(lines).split()) == "".join(words.split())
    for line in lines:
        assert typeface.width(line, style) <= room + 1e-6 or len(line) == 1


@pytest.mark.parametrize("space", ["\u00a0", "\u202f"])
def test_a_line_never_ends_where_a_space_holds_words_together(space: str) -> None:
    style = Style(34, typeface.BOLD)
    question = f"Rester un peu plus longtemps{space}?"
    room = typeface.width(question, style) - 1
    assert typeface.wrapped(question, style, room) == ["Rester un peu plus", f"longtemps{space}?"]


def test_names_of_the_greatest_length_stay_on_the_paper(link: StayLink) -> None:
    link.property.name = "W" * 120
    link.property.organization.name = "Ü" * 120
    sale = a_sale(link, guest_name="M" * 120, lines=[["tax", 1, "", "Ñ" * 200]])
    assert len(PdfReader(BytesIO(receipts.pdf(sale))).pages) == 1


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "To pay at the property"),
        ({"collection": "channel", "channel": "booking"}, "Your host charges it through Booking.com"),
        ({"collection": "channel", "channel": "other"}, "Your host charges it through your booking site"),
        ({"state": "cancelled", "refund": 21_780}, "Cancelled, nothing to pay"),
        ({"state": "cancelled", "refund": 10_000}, "Cancelled, still to pay €117.80"),
    ],
)
def test_a_receipt_says_what_is_still_to_pay(link: StayLink, columns: dict[str, Any], said: str) -> None:
    assert said in text(receipts.pdf(a_sale(link, **columns)))


# Who may have it


def test_the_guest_finds_it_on_their_page(client: Client, link: StayLink) -> None:
    sale = a_sale(link)
    assert of_guest(sale) in client.get(page_of(sale)).content.decode()
    answer = client.get(of_guest(sale))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content == receipts.pdf(sale)


def test_the_host_gets_the_same_one(alices: Client, link: StayLink) -> None:
    sale = a_sale(link)
    answer = alices.get(of_host(sale))
    assert answer.content == receipts.pdf(sale)
    assert f"receipt-{sale.public_id[:6].upper()}.pdf" in answer["Content-Disposition"]


@pytest.mark.parametrize("state", ["held", "paying", "checking", "asked", "capturing", "declined", "lapsed"])
def test_there_is_none_for_what_was_not_sold(alices: Client, link: StayLink, state: str) -> None:
    purchase = a_sale(link, state=state, **({"answer_by": NOW} if state == "asked" else {}))
    assert [alices.get(path).status_code for path in (of_guest(purchase), of_host(purchase))] == [404, 404]


def test_another_guests_link_does_not_open_it(client: Client, link: StayLink) -> None:
    sale = a_sale(link)
    StayLink.objects.update(revoked_at=NOW)
    other = cast.a_stay_link(sale.property)
    path = reverse("guest:receipt", args=[other.token, sale.public_id])
    assert [client.get(path).status_code, client.get(of_guest(sale)).status_code] == [404, 200]
