"""From "not connected" to "you can take cards", and what guests get back who cancel, as the host sets it up."""

import re

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from connectors.stripe_api import Stripe
from properties.models import Property
from simulator.stripe_keys import DEMO_KEY
from tests import cast
from tests.conftest import Simulator
from tests.tills import Till, an_account
from tests.upsells import pages
from upsells import payouts, terms
from upsells.models import CancelTerms, Offer, PayoutAccount
from upsells.paypages import asked

PAGE = "/payments/"


@pytest.fixture
def till(simulator: Simulator, settings: Settings) -> Till:
    settings.STRIPE_SECRET_KEY = DEMO_KEY
    settings.STRIPE_API_BASE = f"{simulator.url}/stripe"
    settings.STRIPE_SIMULATED = True
    return Till(simulator)


def page(client: Client, **query: str) -> str:
    return pages.text(client.get(PAGE, query))


def work(till: Till) -> PayoutAccount:
    """What a worker does."""
    account = PayoutAccount.objects.select_related("organization").get()
    payouts.prepare(account, timezone.now(), till.stripe)
    account.refresh_from_db()
    return account


def fill_in(account: PayoutAccount, outcome: str) -> str:
    """The host fills in Stripe's form; where they are sent back to."""
    answer = requests.post(account.link, data={"outcome": outcome}, timeout=10, allow_redirects=False)
    return answer.headers["Location"]


def test_a_host_connects_an_account_and_can_take_cards(alices: Client, till: Till, home: Property) -> None:
    assert "Take cards on your own account" in page(alices)
    assert "Simulated payments" in page(alices)
    alices.post(reverse("payments:connect"), {"country": "ES"})
    assert "Asking Stripe" in page(alices)
    account = work(till)
    said = page(alices)
    assert "Stripe wants to know more" in said
    assert account.link in said
    back = fill_in(account, "complete")
    assert re.search(r"/payments/\?back=1$", back)
    assert alices.get(PAGE, {"back": "1"}).status_code == 302
    assert work(till).charges_enabled
    assert "You can take cards" in page(alices)
    assert terms.takes_cards(home)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("checking", "Stripe is checking"), ("unfinished", "Stripe wants to know more")],
)
def test_a_form_that_is_not_finished_says_what_is_missing(
    alices: Client, till: Till, outcome: str, words: str
) -> None:
    alices.post(reverse("payments:connect"), {"country": "ES"})
    fill_in(work(till), outcome)
    alices.get(PAGE, {"back": "1"})
    account = work(till)
    assert words in page(alices)
    assert account.link or outcome == "checking"


def test_what_stripe_still_asks_for_is_said_in_words_and_never_in_its_own_names(
    alices: Client, till: Till
) -> None:
    alices.post(reverse("payments:connect"), {"country": "ES"})
    assert work(till).due
    said = page(alices)
    assert "Your agreement to Stripe's terms" in said
    assert "tos_acceptance" not in said
    assert asked(
        ["persons.x", "future_things", "representative.verification.document", "person_1.dob.day"]
    ) == [
        "A picture of an identity card or another paper",
        "Details of you, or of those who own or lead the company",
        "Stripe asks for more: continue there",
    ]


def test_one_click_takes_cards_in_all_offers_but_for_sites_with_a_tool_of_their_own(
    alices: Client, till: Till, home: Property
) -> None:
    nights, hours = terms.start(home, "extra_nights"), terms.start(home, "late_check_out")
    hours.collection = {"booking": "property", "vrbo": "channel", "": "property"}
    Offer.objects.bulk_create([nights, hours])
    click = reverse("payments:everywhere")
    assert "can't take cards yet" in pages.text(alices.post(click, follow=True))
    an_account(home.organization)
    assert "2 offers are still paid at the property." in page(alices)
    answer = alices.post(click, follow=True)
    assert "Guests can pay 2 offers by card now." in pages.text(answer)
    ways = list(Offer.objects.order_by("pk").values_list("collection", flat=True))
    assert ways == [{"airbnb": "channel", "": "card"}, {"vrbo": "channel", "": "card"}]
    assert "Take cards in all offers" not in pages.text(answer)
    alices.post(re.search(r'action="(/undo/[^"]+)"', answer.content.decode())[1])  # type: ignore[index]  # it is there
    hours.refresh_from_db()
    assert hours.collection == {"booking": "property", "vrbo": "channel", "": "property"}


def test_offers_of_a_home_made_later_are_paid_like_those_of_the_others_while_that_can_be(
    alices: Client, till: Till, home: Property
) -> None:
    by_card, at_the_home = {"airbnb": "channel", "": "card"}, {"airbnb": "channel"}
    later = cast.a_property(home.organization, "Villa")
    assert terms.start(later, "extra_nights").collection == at_the_home
    cast.an_offer(home, collection=by_card)
    assert terms.start(later, "extra_nights").collection == at_the_home, "no account takes cards yet"
    an_account(home.organization)
    alices.post(reverse("upsells:start", args=[later.public_id]))
    ways = Offer.objects.filter(property=later).values_list("collection", flat=True)
    assert list(ways) == [by_card] * 4


def test_a_country_must_be_chosen(alices: Client, till: Till) -> None:
    answer = alices.post(reverse("payments:connect"), {"country": ""})
    assert answer.status_code == 422
    assert "Choose the country." in pages.text(answer)
    assert not PayoutAccount.objects.exists()


def test_a_refusal_is_shown_in_the_providers_words(alices: Client, till: Till) -> None:
    alices.post(reverse("payments:connect"), {"country": "ES"})
    account = PayoutAccount.objects.select_related("organization").get()
    payouts.prepare(account, timezone.now(), Stripe("sk_test_wrong", till.stripe.api_base, 5.0))
    assert "Stripe refused" in page(alices)


def test_a_lost_answer_opens_no_second_account(alices: Client, till: Till) -> None:
    alices.post(reverse("payments:connect"), {"country": "ES"})
    till.fault("drop_reply", count=1)
    assert not work(till).stripe_id
    account = work(till)
    accounts = till.simulator.call("GET", "/api/stripe").json()["accounts"]
    assert [each["id"] for each in accounts] == [account.stripe_id]


def test_without_a_key_nothing_is_offered(alices: Client, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""
    assert "Not set up on this installation" in page(alices)
    alices.post(reverse("payments:connect"), {"country": "ES"})
    assert not PayoutAccount.objects.exists()


def test_another_tenants_account_is_not_shown(client: Client, till: Till, home: Property) -> None:
    an_account(home.organization)
    client.force_login(cast.a_member(cast.an_organization("Mallory & Co"), "mallory@example.org"))
    assert "Take cards on your own account" in page(client)


def test_cards_can_be_chosen_in_an_offer_only_with_an_account(
    alices: Client, till: Till, home: Property
) -> None:
    cast.an_offer(home, collection={"": "card"})
    address = reverse("upsells:terms", args=[home.public_id, "extra_nights"])
    assert "set it up under Card payments first" in pages.text(alices.get(address))
    offers = reverse("upsells:offers", args=[home.public_id])
    assert "Guests who would pay by card can't buy" in pages.text(alices.get(offers))
    an_account(home.organization)
    assert "set it up under Card payments first" not in pages.text(alices.get(address))
    assert "can't buy" not in pages.text(alices.get(offers))


def cancelling(home: Property) -> str:
    return reverse("upsells:cancelling", args=[home.public_id])


def rows(*tiers: tuple[int, int]) -> dict[str, str]:
    return {
        key: str(value)
        for number, (hours, percent) in enumerate(tiers)
        for key, value in {f"tiers-{number}-hours": hours, f"tiers-{number}-percent": percent}.items()
    }


def test_a_host_sets_what_guests_get_back_who_cancel(alices: Client, home: Property) -> None:
    assert 'value="48"' in pages.text(alices.get(cancelling(home)))
    answer = alices.post(cancelling(home), {**rows((24, 50), (72, 100)), "automatic": "no"})
    assert answer.status_code == 302
    saved = CancelTerms.objects.get()
    assert (saved.tiers, saved.automatic) == ([[72, 100], [24, 50]], False)
    alices.post(cancelling(home), {"automatic": "yes"})
    saved.refresh_from_db()
    assert (saved.tiers, saved.automatic) == ([], True)


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        ([(72, 50), (24, 100)], "72 hours before would get less back"),
        ([(24, 50), (24, 60)], "24 hours stand there twice"),
        ([(24, 101)], "Row 1, Percent back"),
        ([(n, 10) for n in range(7)], "Six rows are enough"),
    ],
)
def test_terms_that_contradict_themselves_are_refused_with_a_sentence(
    alices: Client, home: Property, tiers: list[tuple[int, int]], words: str
) -> None:
    answer = alices.post(cancelling(home), {**rows(*tiers), "automatic": "yes"})
    assert (answer.status_code, words in pages.text(answer)) == (422, True)
    assert not CancelTerms.objects.exists()
