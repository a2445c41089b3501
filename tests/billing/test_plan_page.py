"""The page "Plan and invoices": every state it has, and what owners do there."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditLine, Organization, User
from billing import subscriptions
from billing.models import Invoice, Subscription
from connectors.stripe_billing import Billing
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.billing.desk import GOOD, LATER_DECLINED, PAGE, Desk, give_card, homes, requests, subscribed, text
from upsells.models import Offer

ACTS = ("choose", "subscribe", "card", "pause", "resume", "end", "keep")


def page(client: Client, **query: str) -> str:
    return text(client.get(PAGE, query))


def test_where_billing_is_off_the_page_says_so_and_nothing_can_be_done(
    alices: Client, settings: Settings, organization: Organization
) -> None:
    settings.BILLING = False
    assert "Nothing is charged here" in page(alices)
    for act in ACTS:
        assert alices.post(f"{PAGE}{act}/")["Location"] == PAGE
    assert not Subscription.objects.exists()


def test_one_home_is_free_and_the_arithmetic_says_why(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 1)
    said = page(alices)
    for words in ("You have nothing to pay for", "Of these free", "$0.00 a month", "No invoice yet"):
        assert words in said
    assert "1 home is free. Each further one costs US$5.00 a month" in said
    assert "Give a card" not in said


def test_an_account_without_homes_reads_what_each_plan_costs_from_the_first_home_on(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    said = page(alices)
    assert "Host, now US$0.00 a month" in said
    assert "Mirror, US$19.00 a month at least from the first home on" in said


def test_in_the_trial_a_card_can_be_given_and_the_price_is_reckoned_out(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 4)
    assert "Asking Stripe" in page(alices)
    desk.work(organization)
    said = page(alices)
    for words in (
        "Trial",
        "nothing is charged before",
        "Fourteen days later nothing can be added or newly put on sale until you give one",
        "× US$5.00",
        "US$15.00 a month",
        "Simulated payments",
    ):
        assert words in said
    assert give_card(alices).headers["Location"].endswith("/plan/?back=1")
    assert alices.get(PAGE, {"back": "1"})["Location"] == PAGE
    assert "Asking Stripe" in page(alices)
    desk.work(organization)
    said = page(alices)
    for words in ("Visa ···· 4242", "Next invoice", "SIM-0001", "Pause in the off-season", "Cancel the plan"):
        assert words in said
    assert "Give a card" not in said


def test_the_part_that_asks_again_comes_only_with_news(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 2)
    first = alices.get(PAGE)
    htmx = {"HX-Request": "true"}
    seen = first.context["seen"]
    assert alices.get(PAGE, {"seen": seen}, headers=htmx).status_code == 204
    desk.work(organization)
    part = alices.get(PAGE, {"seen": seen}, headers=htmx)
    assert part.status_code == 200
    assert "<html" not in text(part)
    assert "Give a card" in text(part)


def test_a_card_that_fails_leads_to_an_invoice_that_can_be_paid(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    subscribed(desk, alices, organization, LATER_DECLINED)
    desk.later(days=31)
    desk.look(organization)
    said = page(alices)
    for words in ("Not paid", "closed nights stay closed", "Unpaid", "Pay SIM-0002: US$10.00"):
        assert words in said
    assert "Pause in the off-season" not in said
    link = Invoice.objects.latest_first()[0].link
    assert link in said
    answer = alices.post(f"{PAGE}card/")
    assert requests.post(answer["Location"], data={"number": GOOD}, timeout=10, allow_redirects=False).ok
    assert requests.post(link, data={"number": GOOD}, timeout=10).ok
    desk.look(organization)
    assert "Everything works." in page(alices)
    assert "Visa ···· 4242" in page(alices)


def test_a_pause_has_a_day_within_half_a_year(desk: Desk, alices: Client, organization: Organization) -> None:
    subscribed(desk, alices, organization)
    today = desk.now.date()
    for wrong in ("", "soon", str(today), str(today + timedelta(days=6)), str(today + timedelta(days=184))):
        answer = alices.post(f"{PAGE}pause/", {"until": wrong})
        assert (answer.status_code, "Choose a day" in text(answer)) == (422, True), wrong
    until = today + timedelta(days=90)
    assert alices.post(f"{PAGE}pause/", {"until": str(until)})["Location"] == PAGE
    desk.work(organization)
    said = page(alices)
    assert "Paused until" in said
    assert "Resume now" in said
    assert "Next invoice" not in said, "nothing is charged before the pause is over"
    alices.post(f"{PAGE}resume/")
    desk.work(organization)
    said = page(alices)
    assert "Paused until" not in said.replace("Paused until</label>", "")
    assert "Next invoice" in said


def test_only_a_plan_that_is_paid_can_be_paused(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 1)
    until = str(desk.now.date() + timedelta(days=30))
    answer = alices.post(f"{PAGE}pause/", {"until": until}, follow=True)
    assert "Only a plan that is paid can be paused" in text(answer)


def test_the_plan_is_cancelled_and_kept(desk: Desk, alices: Client, organization: Organization) -> None:
    subscribed(desk, alices, organization)
    alices.post(f"{PAGE}end/")
    desk.work(organization)
    assert "Keep the plan" in page(alices)
    alices.post(f"{PAGE}keep/")
    desk.work(organization)
    assert "Keep the plan" not in page(alices)


def test_another_plan_is_chosen_unless_it_would_end_sales(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    (home,) = homes(organization, 1)
    offer = cast.an_offer(home)
    for plan, words in (
        ("", "Choose a plan"),
        ("gold", "Choose a plan"),
        ("mirror", "Switch every offer off first"),
    ):
        answer = alices.post(f"{PAGE}choose/", {"plan": plan})
        assert (answer.status_code, words in text(answer)) == (422, True)
    Offer.objects.filter(pk=offer.pk).update(mode=Offer.Mode.OFF)
    alices.post(f"{PAGE}choose/", {"plan": "mirror"})
    said = page(alices)
    for words in ("$19.00 a month", "But at least"):
        assert words in said
    assert AuditLine.objects.get(name="plan:choose").details == {"plan": "mirror"}
    switch = reverse("upsells:switch", args=[home.public_id, "extra_nights"])
    assert "sells nothing" in text(alices.post(switch, {"mode": "instant"}, follow=True))
    offer.refresh_from_db()
    assert offer.mode == Offer.Mode.OFF


def test_while_a_plan_is_not_paid_nothing_can_be_added_in_any_way(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    home, archived, *_rest = homes(organization, 3)
    Property.objects.filter(pk=archived.pk).update(archived_at=desk.now)
    desk.work(organization)
    Subscription.objects.update(trial_until=desk.now - timedelta(days=15))
    new = {
        "name": "Casa Nova", "time_zone": "Europe/Madrid", "check_in": "15:00", "check_out": "11:00",
        "turnaround": "60", "currency": "EUR", "rate": "90.00",
    }  # fmt: skip
    answer = alices.post(reverse("properties:new"), new)
    assert (answer.status_code, "so nothing can be added" in text(answer)) == (422, True)
    restored = alices.post(reverse("properties:restore", args=[archived.public_id]), follow=True)
    assert "so nothing can be added" in text(restored)
    sheet = alices.post(reverse("calendars:import"), new | {"text": "Casa Nova"})
    assert "so nothing can be added" in text(sheet)
    started = alices.post(reverse("upsells:start", args=[home.public_id]), follow=True)
    assert "so nothing can be added" in text(started)
    assert not Offer.objects.exists()
    assert Property.objects.active().count() == 2
    said = {"name": "Casa Verde", "rate": "1.00"}
    changed = alices.post(reverse("upsells:facts", args=[home.public_id]), new | said)
    assert changed.status_code == 302
    home.refresh_from_db()
    assert home.name == "Casa Verde"


def test_what_is_on_sale_already_can_be_changed_and_ended_while_it_is_not_paid(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    home, _other = homes(organization, 2)
    cast.an_offer(home)
    desk.work(organization)
    Subscription.objects.update(trial_until=desk.now - timedelta(days=15))
    terms = reverse("upsells:terms", args=[home.public_id, "extra_nights"])
    body = {
        "mode": "approval", "priced_by": "fixed", "price": "80.00", "most_nights": "5", "rounding": "1",
        "weekdays": ["0", "1"],
    }  # fmt: skip
    answer = alices.post(terms, body)
    assert answer.status_code == 302, text(answer)
    assert Offer.objects.get().mode == "approval"
    alices.post(reverse("upsells:switch", args=[home.public_id, "extra_nights"]), {"mode": "off"})
    assert Offer.objects.get().mode == Offer.Mode.OFF


@pytest.mark.parametrize("role", [Role.MANAGER, Role.FRONT_DESK, Role.CLEANER, Role.VIEWER])
def test_nobody_but_owners_sees_or_changes_the_plan(
    desk: Desk, client: Client, organization: Organization, role: Role
) -> None:
    client.force_login(cast.a_member(organization, "bob@example.org", role))
    assert client.get(PAGE).status_code == 403
    assert {client.post(f"{PAGE}{act}/").status_code for act in ACTS} == {403}


@pytest.mark.parametrize("act", ["subscribe", "card"])
def test_a_card_is_given_by_whoever_has_just_proven_who_they_are(
    desk: Desk, alices: Client, organization: Organization, act: str
) -> None:
    homes(organization, 2)
    desk.work(organization)
    session = alices.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3600}]
    session.save()
    assert alices.post(f"{PAGE}{act}/")["Location"].startswith(reverse("account_reauthenticate"))


def test_stripe_out_of_reach_leaves_the_page_with_a_sentence(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 2)
    desk.work(organization)
    desk.fault("error_before", count=1, on="sessions.create")
    answer = alices.post(f"{PAGE}subscribe/", follow=True)
    assert "can't be opened at the moment" in text(answer)


def test_a_wrong_key_is_told_in_stripes_words(desk: Desk, alices: Client, organization: Organization) -> None:
    homes(organization, 2)
    page(alices)
    row = Subscription.objects.get()
    wrong = Billing("sk_test_wrong", desk.stripe.api_base, 5.0)
    from_worker(row, desk, wrong)
    assert "Stripe refused" in page(alices)


def from_worker(row: Subscription, desk: Desk, door: Billing) -> None:
    subscriptions.pursue(row.pk, desk.now, door)


def test_another_tenant_sees_nothing_of_it(
    desk: Desk, alices: Client, organization: Organization, mallory: User
) -> None:
    subscribed(desk, alices, organization)
    theirs = Client()
    theirs.force_login(mallory)
    said = text(theirs.get(PAGE))
    assert "SIM-0001" not in said
    assert "4242" not in said


def test_owners_alone_are_told_on_every_page_that_the_plan_is_not_paid(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 2)
    desk.work(organization)
    told = "Your plan isn't paid"
    assert told not in text(alices.get(reverse("properties:list")))
    Subscription.objects.update(trial_until=desk.now - timedelta(days=1))
    assert told in text(alices.get(reverse("properties:list")))
    manager = Client()
    manager.force_login(cast.a_member(organization, "bob@example.org", Role.MANAGER))
    assert told not in text(manager.get(reverse("properties:list")))
