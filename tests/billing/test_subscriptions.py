"""What a host pays, from the first property to the last invoice, against the simulated Stripe."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Letter, Organization, User
from billing import limits, subscriptions
from billing.models import Invoice, Subscription
from domain.billing import GRACE, Standing
from properties.models import Property
from tests import cast
from tests.billing import desk as desks
from tests.billing.desk import LATER_DECLINED, MONTH, Desk, give_card, homes, subscribed

FIRST_TRIAL = timedelta(days=30)


def at(desk: Desk, row: Subscription) -> Standing:
    return row.standing(desk.now)


def test_one_property_is_free_and_stripe_never_hears_of_it(desk: Desk, organization: Organization) -> None:
    homes(organization, 1)
    row = desk.work(organization)
    assert (at(desk, row), row.customer, row.check_at) == (Standing.FREE, "", None)
    assert desk.kept()["customers"] == []


def test_the_second_property_begins_a_trial_that_ends_once(desk: Desk, organization: Organization) -> None:
    homes(organization, 2)
    row = desk.work(organization)
    assert at(desk, row) is Standing.TRIAL
    (customer,) = desk.kept()["customers"]
    assert (customer["id"], customer["name"]) == (row.customer, organization.name)
    Property.objects.update(archived_at=desk.now)
    assert at(desk, desk.work(organization)) is Standing.FREE
    Property.objects.update(archived_at=None)
    desk.later(days=10)
    assert desk.work(organization).trial_until == row.trial_until


@pytest.mark.usefixtures("alice")
def test_a_card_in_the_trial_is_charged_when_it_ends(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    row = subscribed(desk, alices, organization)
    assert (at(desk, row), row.card, row.told_units) == (Standing.TRIAL, "Visa ···· 4242", 2)
    assert row.next_money
    assert row.next_money.amount == 1_000
    desk.later(days=31)
    row = desk.look(organization)
    assert at(desk, row) is Standing.PAID
    assert [each.money.amount for each in Invoice.objects.latest_first()] == [1_000, 0]


def test_the_quantity_follows_the_active_properties(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    subscribed(desk, alices, organization)
    homes(organization, 4)
    assert desk.work(organization).told_units == 6
    Property.objects.filter(name="Casa 0").update(archived_at=desk.now)
    row = desk.work(organization)
    assert (row.told_units, row.properties) == (5, 6)
    (kept,) = desk.kept()["subscriptions"]
    assert kept["items"]["data"][0]["quantity"] == 5


def test_the_count_told_twice_changes_nothing(desk: Desk, organization: Organization) -> None:
    homes(organization, 3)
    assert subscriptions.count({organization.pk: 3}, desk.now) == 1
    assert subscriptions.count({organization.pk: 3}, desk.now) == 0
    assert subscriptions.count({}, desk.now) == 1


def test_the_mirror_plan_is_nineteen_dollars_at_least(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    row = subscribed(desk, alices, organization)
    subscriptions.choose(row, "mirror", desk.now)
    row = desk.work(organization)
    assert (row.told_plan, row.told_units) == ("mirror", 19)
    homes(organization, 18)
    row = desk.work(organization)
    assert row.told_units == 21
    assert row.next_money
    assert row.next_money.amount == 2_100


def test_a_lost_answer_makes_no_second_customer(desk: Desk, organization: Organization) -> None:
    homes(organization, 2)
    desk.fault("drop_reply", count=1, on="customers.create")
    row = desk.work(organization)
    assert row.customer == ""
    row = desk.look(organization)
    assert [each["id"] for each in desk.kept()["customers"]] == [row.customer]


@pytest.mark.parametrize("kind", ["drop_request", "drop_reply", "error_before", "error_after", "too_many"])
def test_whatever_stripe_answers_the_quantity_is_right_in_the_end(
    desk: Desk, alices: Client, organization: Organization, kind: str
) -> None:
    subscribed(desk, alices, organization)
    homes(organization, 1)
    for operation in ("subscriptions.update", "subscriptions.list", "invoices.list"):
        desk.fault(kind, count=1, on=operation)
    for _ in range(4):
        row = desk.work(organization)
        desk.later(minutes=2)
    assert (row.told_units, row.trouble, row.leased_until) == (3, "", None)


def test_two_pages_that_were_both_used_come_down_to_one_subscription(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 2)
    desk.work(organization)
    other = alices.post("/plan/subscribe/", HTTP_ACCEPT_LANGUAGE="es")["Location"]
    assert give_card(alices).status_code == 303
    desks.requests.post(other, data={"number": desks.GOOD}, timeout=10, allow_redirects=False)
    desk.look(organization)
    live = [each for each in desk.kept()["subscriptions"] if each["status"] != "canceled"]
    assert len(live) == 1


def test_while_it_is_paused_nothing_is_charged_and_nothing_can_be_added(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    row = subscribed(desk, alices, organization)
    desk.later(days=31)
    row = desk.look(organization)
    subscriptions.pause(row, desk.now + timedelta(days=60), desk.now)
    row = desk.work(organization)
    assert (at(desk, row), row.asked_at) == (Standing.PAUSED, None)
    assert "paused" in limits.why_not_add(organization.pk, desk.now)
    desk.later(days=MONTH.days + 1)
    desk.look(organization)
    assert Invoice.objects.latest_first()[0].state == Invoice.State.VOID
    subscriptions.resume(row, desk.now)
    row = desk.work(organization)
    assert (at(desk, row), limits.why_not_add(organization.pk, desk.now)) == (Standing.PAID, "")


def test_a_pause_ends_by_itself(desk: Desk, alices: Client, organization: Organization) -> None:
    row = subscribed(desk, alices, organization)
    desk.later(days=31)
    subscriptions.pause(desk.look(organization), desk.now + timedelta(days=10), desk.now)
    desk.work(organization)
    desk.later(days=11)
    row = desk.look(organization)
    assert (at(desk, row), row.paused_until, row.wants_pause_until) == (Standing.PAID, None, None)


def test_a_plan_that_is_cancelled_ends_with_its_month_or_is_kept(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    row = subscribed(desk, alices, organization)
    subscriptions.end(row, desk.now)
    assert desk.work(organization).cancels
    subscriptions.keep(row, desk.now)
    assert not desk.work(organization).cancels
    subscriptions.end(row, desk.now)
    desk.work(organization)
    desk.later(days=31)
    row = desk.look(organization)
    assert (at(desk, row), row.is_live) == (Standing.GRACE, False)
    desk.later(days=14)
    assert at(desk, row) is Standing.RESTRICTED


def test_a_bill_that_is_not_paid_is_told_three_times_and_then_restricts(
    desk: Desk, alices: Client, organization: Organization, alice: User
) -> None:
    subscribed(desk, alices, organization, LATER_DECLINED)
    desk.later(days=31)
    row = desk.look(organization)
    assert (row.status, at(desk, row)) == ("past_due", Standing.GRACE)
    for day, letters in ((0, 1), (1, 1), (6, 2), (3, 2), (5, 3), (30, 3)):
        desk.later(days=day)
        row = desk.look(organization)
        assert Letter.objects.filter(address=alice.email).count() == letters, day
    assert at(desk, row) is Standing.RESTRICTED
    assert "isn't paid" in limits.why_not_add(organization.pk, desk.now)
    assert limits.why_not_sell(organization.pk, desk.now)
    for bill in Invoice.objects.filter(state=Invoice.State.OPEN):
        desks.requests.post(bill.link, data={"number": desks.GOOD}, timeout=10)
    row = desk.look(organization)
    assert (at(desk, row), row.reminded, row.unpaid_since) == (Standing.PAID, 0, None)
    assert limits.why_not_add(organization.pk, desk.now) == ""


def test_a_trial_without_a_card_ends_in_the_grace_and_then_restricts(
    desk: Desk, organization: Organization, alice: User
) -> None:
    homes(organization, 2)
    desk.work(organization)
    desk.later(days=FIRST_TRIAL.days, minutes=1)
    assert at(desk, desk.work(organization)) is Standing.GRACE
    assert "isn't paid" in Letter.objects.get(address=alice.email).text
    desk.later(days=GRACE.days)
    assert at(desk, desk.work(organization)) is Standing.RESTRICTED
    Property.objects.filter(name="Casa 0").update(archived_at=desk.now)
    assert at(desk, desk.work(organization)) is Standing.FREE


def test_an_organization_that_ends_is_billed_no_more(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    subscribed(desk, alices, organization)
    Organization.objects.update(ends_at=desk.now + timedelta(days=14))
    assert desk.look(organization).is_live
    desk.later(days=13)
    assert not desk.look(organization).is_live
    assert {each["status"] for each in desk.kept()["subscriptions"]} == {"canceled"}


def test_a_refusal_is_kept_in_stripes_words(desk: Desk, organization: Organization) -> None:
    homes(organization, 2)
    desk.fault("refused", count=1, on="customers.create")
    assert "refuse" in desk.work(organization).trouble
    desk.later(hours=2)
    assert desk.work(organization).trouble == ""


def test_nobody_is_limited_where_billing_is_off(
    desk: Desk, organization: Organization, settings: object
) -> None:
    homes(organization, 2)
    desk.work(organization)
    Subscription.objects.update(trial_until=desk.now - timedelta(days=99))
    assert limits.why_not_add(organization.pk, desk.now)
    settings.BILLING = False  # type: ignore[attr-defined]  # pytest-django's settings
    assert limits.why_not_add(organization.pk, desk.now) == ""


def test_another_tenant_is_told_nothing_and_owes_nothing(
    desk: Desk, alices: Client, organization: Organization, mallory: User
) -> None:
    theirs = mallory.organizations.get()
    subscribed(desk, alices, organization, LATER_DECLINED)
    cast.a_property(theirs, "Villa Mallory")
    desk.later(days=60)
    desk.look(organization)
    assert at(desk, Subscription.objects.get(organization=theirs)) is Standing.FREE
    assert not Letter.objects.filter(address=mallory.email).exists()
