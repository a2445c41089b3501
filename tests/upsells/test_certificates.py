"""The signed account of a sale: what it holds, and that nothing in it can be changed."""

import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now as present
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from calendars.models import Feed
from domain import certificate as domain
from domain.certificate import Heard, Malformed, Sale, Signed, canonical, file_of, read_file
from domain.events import Kind
from domain.spans import Period, Span
from properties.models import Property
from tests import cast
from tests.conftest import Listing
from tests.upsells.pages import OTHER_GUEST, a_purchase
from upsells import certificates, checkout
from upsells.certificates import Doubtful
from upsells.models import Certificate, Purchase, StayLink

NOW = cast.NOW
SEED, OTHER_SEED = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.CERTIFICATE_KEYS, settings.CERTIFICATE_RETIRED = [SEED], []


@pytest.fixture
def link(home: Property) -> StayLink:
    """The page of a home that has no calendar yet."""
    return cast.a_stay_link(home)


def certified(link: StayLink, **columns: object) -> Certificate:
    cast.an_offer(link.property)
    sale = a_purchase(link, "confirmed", decided_at=NOW, **columns)
    with transaction.atomic():
        certificates.certify(sale, NOW)
    return Certificate.objects.get()


def verified(content: bytes) -> Signed:
    return certificates.verify(content, certificates.known_keys())


def doubt(content: bytes) -> str:
    with pytest.raises(Doubtful) as found:
        verified(content)
    assert str(found.value).endswith(".")
    return str(found.value)


# What it holds


def bought(link: StayLink, clock: time_machine.Traveller) -> Purchase:
    """Two nights, for which the guest has just pressed "book"."""
    clock.shift(5)  # since the calendar was read
    purchase = checkout.begin(link, cast.leaving(link.property), "extra_nights-2", 19_800, present())
    checkout.book(purchase, name="Marta Puig", email="marta@example.org", now=present())
    purchase.refresh_from_db()
    clock.shift(5)
    return purchase


def decide(purchase: Purchase) -> None:
    checkout.look_again(purchase, present())
    checkout.decide(purchase, present())


@pytest.mark.django_db(transaction=True)
def test_a_sale_is_certified_in_the_commit_that_decides_it(
    home: Property, place: Listing, link: StayLink, clock: time_machine.Traveller
) -> None:
    decide(bought(link, clock))
    document = verified(certificates.download(Certificate.objects.get())).document
    (feed,) = document["feeds"]
    row = Feed.objects.get()
    assert document["verdict"] == {
        "outcome": "safe to sell", "by": "feeds", "read_after_request": 1, "not_read_after_request": [],
    }  # fmt: skip
    assert (feed["feed"], feed["channel"], feed["digest"]) == (row.public_id, "airbnb", row.digest)
    assert feed["read_after_request"] is True
    assert feed["last_good_read_at"] > document["sale"]["requested_at"]
    assert feed["closed"] == [[str(day) for day in cast.stay_of(home, 0, 3)]]
    assert document["sale"]["price"]["amount"] == 19_800
    assert document["sale"]["nights"] == [str(cast.more_nights(home).start), str(cast.more_nights(home).end)]
    assert document["rules"]["time_zone"] == "Europe/Madrid"
    assert document["rules"]["offer"]["price"] == 9_900


@pytest.mark.django_db(transaction=True)
def test_a_sale_that_did_not_come_about_has_no_certificate(
    home: Property, place: Listing, link: StayLink, clock: time_machine.Traveller
) -> None:
    purchase = bought(link, clock)
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    decide(purchase)
    assert cast.the_states() == [Purchase.State.DECLINED]
    assert not Certificate.objects.exists()


def test_a_host_who_agreed_although_a_calendar_was_silent_answers_for_it(link: StayLink) -> None:
    quiet = cast.a_feed(link.property, last_good_at=NOW - timedelta(hours=2))
    document = json.loads(certified(link, agreed_at=NOW).body)
    assert document["verdict"]["by"] == "host"
    assert document["verdict"]["not_read_after_request"] == [quiet.public_id]


def test_no_guest_and_no_secret_link_is_in_it(link: StayLink) -> None:
    feed = cast.a_feed(link.property, last_good_at=NOW)
    cast.an_import(feed, cast.nights(8, 2), summary=OTHER_GUEST, uid="their-uid")
    body = certified(link, guest_email="marta@example.org").body
    for secret in (OTHER_GUEST, "their-uid", feed.url, "s=secret", "Marta", "marta@", link.token):
        assert secret not in body
    assert "2026-12-09" in body  # but the nights are


def test_what_the_host_sells_although_a_feed_closes_it_is_told_apart(link: StayLink) -> None:
    feed = cast.a_feed(link.property, last_good_at=NOW)
    cast.an_import(feed, cast.nights(8, 1), kind=Kind.PREPARATION, yields=True)
    cast.an_import(feed, cast.nights(200, 1))
    (told,) = json.loads(certified(link).body)["feeds"]
    assert (told["closed"], told["allowed_by_host"]) == ([], [["2026-12-09", "2026-12-10"]])


def test_the_same_sale_gives_the_same_bytes_and_is_certified_once(link: StayLink) -> None:
    cast.a_feed(link.property, last_good_at=NOW)
    first = certificates.download(certified(link))
    with transaction.atomic():
        certificates.certify(Purchase.objects.get(), NOW + timedelta(days=1))
    Certificate.objects.get().delete()  # raises where there are two
    with transaction.atomic():
        certificates.certify(Purchase.objects.get(), NOW)
    assert certificates.download(Certificate.objects.get()) == first


# Canonical text

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
names = st.text(max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | names | moments | days,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
spans = st.builds(lambda first, length: Span(first, first + timedelta(length)), days, st.integers(1, 20))
periods = st.builds(lambda at, hours: Period(at, at + timedelta(hours=hours)), moments, st.integers(1, 50))
heard = st.builds(
    Heard, names, names, st.none() | moments, names, st.lists(spans, max_size=4).map(tuple),
    st.lists(periods, max_size=3).map(tuple), st.lists(spans, max_size=2).map(tuple),
)  # fmt: skip
sales = st.builds(
    Sale, names, names, names, days, st.none() | spans, periods, st.integers(1, 9), st.integers(0, 10**9),
    st.just("EUR"), st.just((("night", 1, "", ""),)), moments, moments, st.none() | moments,
)  # fmt: skip


@given(plain)
def test_canonical_text_reads_back_to_itself(value: object) -> None:
    try:
        spelt = canonical(value)
    except UnicodeEncodeError:  # half a character has no bytes
        return
    assert canonical(json.loads(spelt)) == spelt
    assert b"\n" not in spelt


@given(sales, st.lists(heard, max_size=5, unique_by=lambda each: each.feed), st.randoms())
def test_the_text_does_not_depend_on_the_order_of_feeds_or_of_what_they_closed(
    sale: Sale, feeds: list[Heard], random: Any
) -> None:
    mixed = [
        Heard(
            each.feed, each.channel, each.read_at, each.digest,
            tuple(random.sample(each.closed, len(each.closed))), each.closed_hours[::-1], each.allowed[::-1],
        )
        for each in random.sample(feeds, len(feeds))
    ]  # fmt: skip
    assert domain.text(sale, feeds, {}, 1) == domain.text(sale, mixed, {}, 1)


def test_an_instant_is_spelt_in_utc_and_what_has_no_one_spelling_is_refused() -> None:
    madrid = datetime(2026, 12, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    assert canonical(madrid) == b'"2026-12-01T11:00:00.000000Z"'
    with pytest.raises(ValueError, match="zone"):
        canonical(datetime(2026, 12, 1))  # noqa: DTZ001 - the point
    for odd in (1.5, b"x", {1, 2}, object()):
        with pytest.raises(TypeError, match="spelling"):
            canonical([odd])


# Nothing in it can be changed


BODY = domain.text(
    Sale("p" * 27, "h" * 14, "extra_nights", cast.TODAY, cast.nights(3, 2),
         Period(NOW, NOW + timedelta(days=2)), 2, 19_800, "EUR", (("night", 19_800, "", "Fête"),), NOW, NOW),
    [Heard("f" * 14, "airbnb", NOW, "d" * 64, (cast.nights(0, 3),))], {"offer": {"price": 9_900}}, 7,
)  # fmt: skip


@given(st.data())
def test_any_flipped_byte_is_refused(data: st.DataObject) -> None:
    content = bytearray(file_of(certificates.sign(BODY)))
    assert verified(bytes(content)).text == BODY
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    doubt(bytes(content))


@given(st.data())
def test_a_cut_or_longer_file_is_refused(data: st.DataObject) -> None:
    content = file_of(certificates.sign(BODY))
    doubt(content[: data.draw(st.integers(0, len(content) - 1))])
    doubt(content + data.draw(st.binary(min_size=1, max_size=5)))


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_at_all_make_the_reader_fail_otherwise(content: bytes) -> None:
    with pytest.raises(Malformed):
        read_file(content)


@pytest.mark.parametrize(
    "odd",
    [
        b"[" * 100_000,
        b"9" * 5_000,
        b"NaN",
        b"null",
        b"{}",
        b"x" * (domain.LARGEST_FILE + 1),
        json.dumps(
            {"certificate": "\ud800", "format": domain.FORMAT, "key": 1, "signature": "AA=="}
        ).encode(),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(odd: bytes) -> None:
    doubt(odd)


def test_a_certificate_signed_with_somebody_elses_key_is_refused(settings: Settings) -> None:
    settings.CERTIFICATE_KEYS = [OTHER_SEED]
    theirs = certificates.sign(BODY)
    settings.CERTIFICATE_KEYS = [SEED]
    assert "a key that we don't know" in doubt(file_of(theirs))
    forged = Signed(theirs.text, certificates.signing_key().name, theirs.signature)
    assert "forged" in doubt(file_of(forged))


def test_another_text_under_the_same_signature_is_refused() -> None:
    signed = certificates.sign(BODY)
    other = Signed(BODY.replace(b"19800", b"19801"), signed.key, signed.signature)
    assert "forged or was changed" in doubt(file_of(other))


# Keys that change


def test_a_certificate_outlives_its_key_in_front_behind_and_by_its_public_half(settings: Settings) -> None:
    content = file_of(certificates.sign(BODY))
    public = base64.b64encode(certificates.signing_key().public).decode()
    settings.CERTIFICATE_KEYS = [OTHER_SEED, SEED]
    assert verified(content).key != certificates.signing_key().name
    settings.CERTIFICATE_KEYS, settings.CERTIFICATE_RETIRED = [OTHER_SEED], [public]
    assert verified(content).text == BODY
    settings.CERTIFICATE_RETIRED = []
    assert "don't know" in doubt(content)


def test_without_a_key_of_its_own_a_machine_signs_with_one_that_follows_from_its_secret(
    settings: Settings,
) -> None:
    settings.CERTIFICATE_KEYS = []
    content = file_of(certificates.sign(BODY))
    assert verified(content).text == BODY
    settings.SECRET_KEY = "another-machine"
    assert "don't know" in doubt(content)


def test_a_private_key_is_in_no_representation_of_its_holder() -> None:
    key = certificates.signing_key()
    assert SEED not in repr(key)
    assert "private" not in repr(key)


# The commands and the download


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "certificate.json"
    file.write_bytes(file_of(certificates.sign(BODY)))
    return file


def test_the_command_tells_a_person_what_is_certified(file: Path) -> None:
    said = run("verify_certificate", str(file))
    for words in ("Valid.", "extra_nights", "2026-12-04 to 2026-12-06", "19800 minor units of EUR", "airbnb"):
        assert words in said


def test_the_command_answers_scripts_with_one_document(file: Path) -> None:
    found = json.loads(run("verify_certificate", str(file), "--json"))
    assert (found["valid"], found["certificate"]) == (True, json.loads(BODY))


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["words", "json"])
def test_the_command_ends_with_1_and_a_sentence_for_an_altered_file(file: Path, options: list[str]) -> None:
    file.write_bytes(file.read_bytes().replace(b"19800", b"19801", 1))
    out = StringIO()
    with pytest.raises(CommandError, match="forged or was changed") as found:
        call_command("verify_certificate", str(file), *options, stdout=out)
    assert found.value.returncode == 1
    assert not options or json.loads(out.getvalue())["valid"] is False


def test_the_command_says_which_file_or_key_is_wrong(file: Path, settings: Settings) -> None:
    with pytest.raises(CommandError, match="no-such-file can't be read"):
        run("verify_certificate", "no-such-file")
    with pytest.raises(CommandError, match="--key: a key is 32 bytes in base64"):
        run("verify_certificate", str(file), "--key", "short")
    with pytest.raises(CommandError, match="a key that we don't know"):
        run("verify_certificate", str(file), "--key", OTHER_SEED)
    settings.CERTIFICATE_KEYS = ["short"]
    with pytest.raises(CommandError, match="CERTIFICATE_KEYS"):
        run("certificate_keys")


def test_anybody_can_verify_with_the_published_key_alone(file: Path, settings: Settings) -> None:
    (published,) = json.loads(run("certificate_keys", "--json"))["keys"]
    settings.CERTIFICATE_KEYS = [OTHER_SEED]
    assert "Valid." in run("verify_certificate", str(file), "--key", published["public"])


def test_the_host_downloads_what_the_command_verifies(alices: Client, link: StayLink, tmp_path: Path) -> None:
    found = certified(link)
    address = reverse("upsells:certificate", args=[link.property.public_id, found.purchase.public_id])
    answer = alices.get(address)
    file = tmp_path / "downloaded.json"
    file.write_bytes(answer.content)
    assert "Valid." in run("verify_certificate", str(file))
    assert answer["Content-Disposition"].startswith("attachment")
    Purchase.objects.update(state="capturing")
    assert alices.get(address).status_code == 404
