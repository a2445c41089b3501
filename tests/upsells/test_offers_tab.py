"""The Offers tab: going live, the preview of what guests would be offered, copying to other homes, and the cleaners."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization, User
from calendars.models import Feed
from properties.models import Property
from tests import cast
from tests.upsells.hosts import post, tab
from tests.upsells.pages import DEPARTURE, NIGHTLY, OTHER_GUEST, text
from tests.upsells.test_offer_forms import HOURS, NIGHTS
from upsells.models import Offer, StayLink

HTMX = {"HX-Request": "true"}


def terms_of(home: Property, kind: str = "extra_nights") -> str:
    return reverse("upsells:terms", args=[home.public_id, kind])


def modes() -> dict[str, str]:
    return dict(Offer.objects.values_list("kind", "mode"))


# Going live


def test_one_click_on_the_tab_puts_all_four_on_sale_with_sensible_terms(
    alices: Client, home: Property
) -> None:
    assert reverse("upsells:start", args=[home.public_id]) in text(alices.get(tab(home)))
    page = text(post(alices, "start", home))
    assert modes() == dict.fromkeys(Offer.Kind.values, "instant")
    for glance in (
        "100% of the night's price, usually €120.00",
        "€15.00 an hour",
        "until 15:00 instead of 11:00",
    ):
        assert glance in page
    assert "Start selling all four" not in page


def test_starting_leaves_alone_what_the_host_has_set_up(alices: Client, home: Property) -> None:
    cast.an_offer(home, 5_000, most=2)
    Offer.objects.create(organization=home.organization, property=home, kind="late_check_out", currency="EUR",
                         priced_by="per_hour", price=700, most_minutes=60)  # fmt: skip
    post(alices, "start", home)
    assert set(modes().values()) == {"instant"}
    assert Offer.objects.get(kind="extra_nights").price == 5_000
    assert Offer.objects.get(kind="late_check_out").most_minutes == 60


def test_one_offer_is_switched_on_to_ask_and_off(alices: Client, home: Property) -> None:
    for mode in ("instant", "approval", "off"):
        post(alices, "switch", home, "late_check_out", mode=mode)
        assert modes() == {"late_check_out": mode}
    post(alices, "switch", home, "late_check_out", mode="always")
    assert modes() == {"late_check_out": "off"}


def test_an_offer_whose_terms_do_not_fit_any_more_is_not_switched_on(alices: Client, home: Property) -> None:
    offer = cast.an_offer(home, mode="off")
    Property.objects.filter(pk=home.pk).update(currency="USD")
    page = text(post(alices, "switch", home, offer.kind, mode="instant"))
    assert "its terms don't fit this home any more" in page
    assert modes() == {"extra_nights": "off"}
    assert "its price is still in EUR" in text(alices.get(tab(home)))


# The preview


def test_the_tab_shows_what_a_guest_of_the_next_real_departure_would_be_offered(
    alices: Client, home: Property, offer: Offer
) -> None:
    page = text(alices.get(tab(home)))
    assert "For a guest leaving on Fri, 4 Dec 2026 you would offer" in page
    assert "4 more nights, until Tue, 8 Dec 2026" in page
    assert "€396.00" in page
    assert "Why not more: you sell 4 nights at most." in page
    assert OTHER_GUEST not in page


def test_without_any_stay_the_next_free_day_is_shown(alices: Client, home: Property) -> None:
    cast.an_offer(home)
    assert alices.get(tab(home)).context["day"] == cast.TODAY


@pytest.mark.parametrize(
    ("day", "side", "sentence"),
    [
        ("2026-12-18", "leaving", "No stay in your calendars ends on Fri, 18 Dec 2026"),
        ("2026-11-30", "leaving", "Mon, 30 Nov 2026 is over."),
        ("2026-12-15", "leaving", "The night of Tue, 15 Dec 2026 is taken."),
        ("2028-01-01", "leaving", "That is more than a year away."),
        ("2026-12-13", "arriving", "For a guest arriving on Sun, 13 Dec 2026"),
    ],
)
def test_any_day_can_be_tried_and_says_why_nothing_is_offered(
    alices: Client, home: Property, offer: Offer, day: str, side: str, sentence: str
) -> None:
    answer = alices.get(tab(home), {"day": day, "side": side})
    assert answer.status_code == 200
    assert sentence in text(answer)


@pytest.mark.parametrize("day", ["soon", "2026-02-30", "0001-01-01", "9999-12-31", "x" * 5_000])
def test_a_day_that_cannot_be_is_refused_at_its_field(
    alices: Client, home: Property, offer: Offer, day: str
) -> None:
    answer = alices.get(tab(home), {"day": day})
    assert answer.status_code == 422
    assert "Enter the day as a date." in text(answer)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (None, "No calendar is connected"),
        ({"last_good_at": None}, "Airbnb hasn't been read yet: nobody knows"),
        ({"last_good_at": cast.NOW - timedelta(hours=2)}, "more than an hour ago"),
        ({"last_good_at": cast.NOW - timedelta(minutes=30)}, "guests can only ask"),
        ({"last_good_at": cast.NOW, "paused_at": cast.NOW}, "Airbnb is paused"),
        ({"last_good_at": cast.NOW}, ""),
    ],
)
def test_the_host_is_told_what_the_calendars_keep_from_guests(
    alices: Client, home: Property, columns: dict[str, object] | None, sentence: str
) -> None:
    cast.an_offer(home)
    if columns is not None:
        cast.a_feed(home, **columns)
    notes = [note.text for note in alices.get(tab(home)).context["notes"] if "No stay" not in note.text]
    assert len(notes) == bool(sentence)
    assert all(sentence in note for note in notes)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"url": "https://cal.example.org/1.ics"}, "cal.example.org"),
        ({"url": "https://cal.example.org/1.ics", "label": "Agency"}, "Agency"),
        ({}, "Airbnb"),
    ],
)
def test_prices_are_not_listed_as_on_sale_while_a_calendar_was_never_read(
    alices: Client, home: Property, columns: dict[str, str], name: str
) -> None:
    feed = cast.a_feed(home, **columns)
    page = text(alices.post(reverse("upsells:start", args=[home.public_id]), follow=True))
    sentence = (
        f"{name} hasn't been read yet: nobody knows which nights it takes, so guests are offered nothing."
    )
    preview = page.partition('id="preview"')[2]
    assert page.count(sentence) == 2, "when selling begins, and above the preview"
    assert (
        reverse("calendars:log", args=[home.public_id, feed.public_id]) in preview.partition("Nothing is")[0]
    )
    assert "From your calendar as it is now" not in preview
    assert preview.index("Nothing is offered") < preview.index("<details") < preview.index("€")
    Feed.objects.update(last_good_at=cast.NOW)
    preview = text(alices.get(tab(home))).partition('id="preview"')[2]
    assert "From your calendar as it is now" in preview
    assert "What it would be otherwise" not in preview


WHY_NOTHING = [
    ("extra_nights", {"cut_off_minutes": 99 * 60}, "It was on sale until"),
    ("extra_nights", {"opens_days": 1}, "It goes on sale on 3 Dec, 11:00"),
    ("extra_nights", {"weekdays": [0]}, "You don't sell it for a Friday."),
    ("extra_nights", {"blackouts": [["2026-12-04", "2026-12-05"]]}, "Fri, 4 Dec 2026 is among the dates"),
    ("extra_nights", {"most": 9, "least_gap": 9}, "1 night would leave a gap that is too short"),
    ("late_check_out", {"limit": "11:30"}, "Your latest time is 11:30."),
    ("late_check_out", {"closes_night": False}, "nobody could arrive for the night of Fri, 4 Dec 2026"),
    ("early_check_in", {"closes_night": False}, "nobody could stay the night of Sat, 12 Dec 2026"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "columns", "sentence"), WHY_NOTHING)
def test_each_rule_that_stops_an_offer_says_so_in_one_sentence(
    alices: Client, home: Property, feed: Feed, kind: str, columns: dict[str, Any], sentence: str
) -> None:
    cast.an_offer(home, kind=kind, **columns)
    side = {"side": "arriving", "day": "2026-12-13"} if kind == "early_check_in" else {}
    answer = alices.get(tab(home), side)
    (tried,) = answer.context["tried"]
    assert [stop for stop in tried.stops if sentence in stop], tried.stops


def test_a_sold_turnover_and_busy_cleaners_say_so(
    alices: Client, home: Property, link: StayLink, organization: Organization
) -> None:
    cast.an_offer(home, 1_000, kind="late_check_out")
    Organization.objects.update(cleanings_a_day=0)
    assert "The cleaners can take no more late check-outs and early check-ins on Fri, 4 Dec 2026." in text(
        alices.get(tab(home))
    )


def test_unsaved_terms_are_tried_and_nothing_is_saved(alices: Client, home: Property, feed: Feed) -> None:
    body = NIGHTS | {"preview": "1", "day": str(DEPARTURE), "percent": "50", "most_nights": "2"}
    answer = alices.post(terms_of(home), body)
    page = text(answer)
    assert answer.status_code == 200
    assert "<html" in page
    assert "2 more nights, until Sun, 6 Dec 2026" in page
    assert "€120.00" in page
    assert not Offer.objects.exists()
    fragment = text(alices.post(terms_of(home), body, headers=HTMX))
    assert "<html" not in fragment
    assert "2 more nights" in fragment


def test_a_day_that_is_picked_goes_before_the_day_in_the_field(
    alices: Client, home: Property, feed: Feed
) -> None:
    body = HOURS | {"preview": "2026-12-17", "day": str(DEPARTURE)}
    answer = alices.post(terms_of(home, "late_check_out"), body, headers=HTMX)
    assert answer.context["day"] == date(2026, 12, 17)


def test_while_terms_cannot_be_meant_the_preview_says_what_to_look_at(
    alices: Client, home: Property, feed: Feed
) -> None:
    answer = alices.post(terms_of(home), NIGHTS | {"preview": "1", "percent": "0"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Something needs another look first" in text(answer)
    assert "you would offer" not in text(answer)


def test_the_lines_of_a_price_are_explained(alices: Client, home: Property, feed: Feed) -> None:
    Property.objects.update(taxes=[["City tax", 0, 250, True], ["VAT", 1_000, 0, False]])
    cast.an_offer(home, NIGHTLY, most=2, weekend_off=-20)
    page = text(alices.get(tab(home)))
    for line in ("Night, Fri, 4 Dec 2026", "Weekend, Sat, 5 Dec 2026", "City tax", "VAT", "for 2 persons"):
        assert line in page, line


def test_an_offer_that_would_cost_nothing_since_the_rate_fell_is_not_offered_and_the_host_reads_why(
    client: Client, alices: Client, home: Property, link: StayLink
) -> None:
    Offer.objects.update(priced_by="percent", percent=10)
    Property.objects.update(nightly_rate=4)
    page = text(alices.get(tab(home), {"day": str(DEPARTURE)}))
    assert "Its terms don't fit this home any more. Nothing would be left of the price." in page
    assert "Nothing is offered" in page
    guest = client.get(reverse("guest:stay", args=[link.token]), {"departure": str(DEPARTURE)})
    assert guest.context["shelf"].choices == ()
    assert "€0.00" not in text(guest)


# Copying


@pytest.fixture
def terrace(organization: Organization) -> Property:
    return cast.a_property(organization, "Terrace")


def copied(
    alices: Client, home: Property, *targets: Property, kinds: tuple[str, ...] = ("extra_nights",)
) -> Any:
    return post(alices, "copy", home, kinds=kinds, homes=[target.public_id for target in targets])


def test_terms_are_copied_to_other_homes_in_one_step(
    alices: Client, home: Property, terrace: Property
) -> None:
    cast.an_offer(home, 5_000, most=3, steps=[[2, 10]], mode="approval")
    cast.an_offer(terrace, 9_000)
    page = text(copied(alices, home, terrace))
    assert "Copied to Terrace: Extra nights." in page
    twin = Offer.objects.get(property=terrace)
    assert (twin.price, twin.most_nights, twin.steps, twin.mode) == (5_000, 3, [[2, 10]], "approval")
    assert Offer.objects.filter(property=home).count() == 1


def test_amounts_do_not_go_to_a_home_of_another_currency_but_percentages_do(
    alices: Client, home: Property, terrace: Property
) -> None:
    Property.objects.filter(pk=terrace.pk).update(currency="USD")
    cast.an_offer(home)
    cast.an_offer(home, kind="nights_before", priced_by="percent", percent=80)
    page = text(copied(alices, home, terrace, kinds=("extra_nights", "nights_before")))
    assert "Extra nights wasn't copied to Terrace: its amounts are in EUR, and that home sells in USD" in page
    assert "Copied to Terrace: Nights before the stay." in page
    twin = Offer.objects.get(property=terrace)
    assert (twin.kind, twin.currency, twin.percent) == ("nights_before", "USD", 80)


def test_hours_that_cannot_be_meant_at_the_other_home_stay_behind(
    alices: Client, home: Property, terrace: Property
) -> None:
    Property.objects.filter(pk=terrace.pk).update(check_out="13:00")
    cast.an_offer(home, 1_000, kind="late_check_out", limit="12:00")
    page = text(copied(alices, home, terrace, kinds=("late_check_out",)))
    assert "Late check-out wasn't copied to Terrace: Check-out is at 13:00 anyway" in page
    assert not Offer.objects.filter(property=terrace).exists()


def test_nothing_is_copied_to_another_organizations_home(
    alices: Client, home: Property, mallory: User
) -> None:
    theirs = cast.a_property(mallory.organizations.get(), "Villa Mallory")
    cast.an_offer(home)
    assert copied(alices, home, theirs, cast.a_property(home.organization)).status_code == 422
    assert copied(alices, home).status_code == 422
    assert copied(alices, home, theirs, kinds=()).status_code == 422
    assert Offer.objects.count() == 1


# Cleaners


def test_the_cleaners_limit_is_the_organizations_and_may_be_none(
    alices: Client, home: Property, organization: Organization
) -> None:
    for typed, kept in (("3", 3), ("0", 0), ("", None)):
        post(alices, "cleaners", home, cleanings=typed)
        organization.refresh_from_db()
        assert organization.cleanings_a_day == kept
    for typed in ("-1", "many", "1001", "1.5"):
        assert post(alices, "cleaners", home, cleanings=typed).status_code == 422


# Speed


def test_the_tab_asks_the_database_as_often_for_many_offers_as_for_one(
    alices: Client, home: Property, feed: Feed
) -> None:
    def asked(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert alices.get(path).status_code == 200
        return len(queries)

    cast.an_offer(home)
    few = [asked(path) for path in (tab(home), terms_of(home))]
    for kind in ("nights_before", "late_check_out", "early_check_in"):
        cast.an_offer(home, kind=kind)
    for n in range(8):
        cast.an_import(feed, cast.nights(20 + 3 * n, 2))
        cast.a_property(home.organization, f"Home {n}")
    assert [asked(path) for path in (tab(home), terms_of(home))] == few
    assert max(few) <= 14  # two of them begin and end the transaction
