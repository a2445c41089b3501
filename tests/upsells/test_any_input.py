"""Whatever is typed into a form is kept or refused at its field, and terms that are kept can always be quoted."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from html import escape
from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from domain.diary import Diary, Taken
from properties.models import Property
from tests import cast
from tests.upsells.pages import DEPARTURE, a_purchase, address, page_of, text
from tests.upsells.test_offer_forms import HOURS, NIGHTS
from upsells import shelves
from upsells.models import Offer, StayLink
from upsells.offerforms import form_for
from upsells.previews import side_of
from upsells.shelves import Stay

ODD = (
    "", " ", "0", "-0", "-1", "00012", "0.001", "12,50", "12.505", "1.2,3.4", "1,2,3", "1.234.567", "1e9", "1E+3",
    "1e-9", "1e999999999", "NaN", "sNaN", "Infinity", "-Infinity", "0x10", "1_000", "32768", "2147483648", "9" * 400,
    "9" * 5_000, "\u0661\u0662", "\u00bd", "\u22125", "\x00", "null", "[]", "<b>&", "\U0001f4a5", "true",
    "2028-02-29", "2027-02-29", "0001-01-01", "9999-12-31", "10000-01-01", "29.2.2028", "24:00", "00:00", "11:00",
    "23:59:59.999999", "12:00 AM", "25:61",
)  # fmt: skip
OF_PAGES = (
    "\x00",
    "9" * 5_000,
    "1e9",
    "9999-12-31",
    "0001-01-01",
    "-1",
    "<b>&",
    "24:00",
    "NaN",
    "2147483648",
)
TEXTS = st.sampled_from(ODD) | st.text(max_size=12) | st.integers(-99, 99_999).map(str) | st.dates().map(str)
ROWS = {"steps": ("3", "10"), "slots": ("2", "20"), "blackouts": ("2026-12-24", "2026-12-25")}
DIARY = (Taken(cast.nights(20, 3)), Taken(cast.nights(40, 1)))


@st.composite
def filled_in(draw: st.DrawFn, kind: str) -> tuple[Property, dict[str, Any]]:
    """A home, and its form of an offer with odd texts in some of the inputs."""
    rate = draw(st.sampled_from([1, 99, 12_000, 10**11]))
    home = Property(
        organization=Organization(), time_zone="Europe/Madrid", currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        check_in=time(15), check_out=time(11), turnaround=60, nightly_rate=rate,
    )  # fmt: skip
    body: dict[str, Any] = dict(NIGHTS if kind in Offer.NIGHTLY else HOURS)
    form = form_for(Offer(kind=kind, currency=home.currency), home, [])
    body["priced_by"] = draw(st.sampled_from(sorted(form.priced)))
    inputs = list(form.fields)
    for name in set(inputs).intersection(ROWS):
        inputs.remove(name)
        if draw(st.booleans()):
            columns = [column.key for column in form.fields[name].columns]
            row = {f"{name}-0-{key}": cell for key, cell in zip(columns, ROWS[name], strict=True)}
            body |= row
            inputs += row
    for name in draw(st.lists(st.sampled_from(inputs), min_size=1, max_size=3)):
        text = draw(TEXTS)
        body[name] = [text, text] if name == "weekdays" else text
    return home, body


def quote_everything(home: Property, offer: Offer) -> None:
    """Reckon what these terms offer on many days, to one person and to many; nothing is free of charge."""
    diary = Diary(home.house, DIARY)
    for ahead in (0, 1, 3, 18, 24, 360):
        for persons in (1, 30):
            stay = Stay(cast.TODAY + timedelta(days=ahead), side_of(offer.kind), persons)
            for quote in shelves.quotes(home, offer, stay, diary, cast.NOW, cleaned=0).quotes:
                assert quote.price.net.amount > 0


@pytest.mark.parametrize("kind", Offer.Kind.values)
@settings(max_examples=150)
@given(data=st.data())
def test_any_text_in_an_offers_form_is_refused_at_a_field_or_makes_terms_that_can_be_quoted(
    kind: str, data: st.DataObject
) -> None:
    home, body = data.draw(filled_in(kind))
    form = form_for(Offer(kind=kind, currency=home.currency, property=home), home, [], body)
    if form.is_valid():
        form.offer.full_clean(exclude=["organization", "property"], validate_constraints=False)
        quote_everything(home, form.offer)
    else:
        assert set(form.errors) <= set(form.fields)


@dataclass
class Sent:
    """A form of a page: where it goes, and the names of what can be typed or chosen in it."""

    action: str
    method: str
    names: set[str] = field(default_factory=set)


class Forms(HTMLParser):
    """The forms of a page; inputs may stand anywhere and name their form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, Sent] = {}
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") or f"form {len(self.found)}"
            self.found[self.inside] = Sent(given.get("action", ""), given.get("method", "get"))
        kind = given.get("type", "")
        if (
            tag in {"input", "select", "textarea"}
            and given.get("name")
            and kind not in {"hidden", "checkbox"}
        ):
            form = self.found.get(given.get("form") or self.inside)
            if form:
                form.names.add(given["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = ""


def send_each(client: Client, page: str, odd: str) -> int:
    """Send each form of the page with the text in all of its fields; how many were refused, none of them badly."""
    refused = 0
    for form in Forms(text(client.get(page))).found.values():
        if not form.names:
            continue
        action = form.action.partition("#")[0] or page
        body = dict.fromkeys(form.names, odd)
        answer = client.post(action, body) if form.method == "post" else client.get(action, body)
        assert answer.status_code in {200, 302, 422}, (page, action)
        if answer.status_code == 422:
            refused += 1
            wrong = names_of_errors(answer)
            assert "__all__" not in wrong, (page, action)
            assert ('class="error' in text(answer)) == bool(wrong), (page, action)
    return refused


def names_of_errors(answer: Any) -> set[str]:
    """The fields at which a page that was sent back says something."""
    found = [each for context in answer.context for each in context.flatten().values()]
    return {name for form in found if isinstance(form, forms.BaseForm) for name in form.errors}


@pytest.mark.parametrize("odd", OF_PAGES, ids=lambda odd: ascii(odd[:12]))
def test_any_text_in_all_fields_of_a_hosts_page_is_answered(alices: Client, home: Property, odd: str) -> None:
    other = cast.a_property(home.organization, "Casa Sol")
    cast.an_offer(other)
    pages = [
        reverse(f"upsells:{name}", args=[home.public_id]) for name in ("offers", "what-if", "guest-page")
    ]
    pages += [reverse("upsells:terms", args=[home.public_id, kind]) for kind in Offer.Kind.values]
    pages += [reverse("properties:settings", args=[home.public_id]), reverse("properties:new")]
    assert sum(send_each(alices, page, odd) for page in pages) > len(pages)
    assert list(Offer.objects.values_list("property", flat=True)) == [other.pk]


@pytest.mark.parametrize("odd", OF_PAGES, ids=lambda odd: ascii(odd[:12]))
def test_any_text_in_all_fields_of_a_guests_page_is_answered(
    client: Client, link: StayLink, odd: str
) -> None:
    row = a_purchase(link)
    for page in (
        address(link),
        f"{address(link)}?side=arriving",
        f"{address(link)}?departure={DEPARTURE}",
        page_of(row),
    ):
        send_each(client, page, odd)
    row.refresh_from_db()
    assert row.state == "held"


def test_what_is_refused_stands_in_its_field_as_it_was_typed(alices: Client, home: Property) -> None:
    odd = {"percent": "<b>&", "most_nights": "1e9", "weekend_off": "12,5", "minimum": "1.2,3.4", "cut_off": "24:00",
           "steps-0-from": "two", "steps-0-off": "0", "blackouts-0-first": "soon",
           "blackouts-0-last": "2027-02-29"}  # fmt: skip
    answer = alices.post(reverse("upsells:terms", args=[home.public_id, "extra_nights"]), NIGHTS | odd)
    assert names_of_errors(answer) == {name.partition("-")[0] for name in odd}
    for name, typed in odd.items():
        assert f'name="{name}" value="{escape(typed)}"' in answer.content.decode(), name
