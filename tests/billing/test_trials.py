"""Owners hear a week and a day before a free trial ends what it will cost, and how to stop it."""

from django.test import Client

from accounts.models import Letter, Level, Membership, Organization, Topic, User
from billing import letters
from billing.models import Subscription
from tests.billing.desk import Desk, homes, subscribed


def told(alice: User) -> list[str]:
    return list(Letter.objects.filter(address=alice.email).order_by("pk").values_list("text", flat=True))


def counts(desk: Desk, organization: Organization, alice: User, *days: float) -> list[int]:
    """How many letters there are after each of these waits."""
    found = []
    for wait in days:
        desk.later(days=wait)
        desk.look(organization)
        found.append(len(told(alice)))
    return found


def test_without_a_card_a_trials_end_is_told_twice_and_that_nothing_will_be_charged(
    desk: Desk, organization: Organization, alice: User
) -> None:
    homes(organization, 3)
    desk.work(organization)
    assert counts(desk, organization, alice, 22, 1.5, 1, 4, 1, 0.1) == [0, 1, 1, 1, 2, 2]
    for text in told(alice):
        assert f"ends on {Subscription.objects.get().trial_until:%Y-%m-%d}" in text
        assert "$10.00 a month" in text
        assert "do nothing: nothing is charged" in text
    assert letters.announce(desk.now) == 0


def test_with_a_card_the_letter_names_it_and_how_to_cancel(
    desk: Desk, alices: Client, organization: Organization, alice: User
) -> None:
    subscribed(desk, alices, organization)
    assert counts(desk, organization, alice, 25) == [1]
    assert "It is charged to Visa ···· 4242. To stop, cancel the plan before that day" in told(alice)[0]
    alices.post("/plan/end/")
    assert counts(desk, organization, alice, 4.5) == [1], "who has cancelled is told no more"


def test_who_turned_mails_about_payments_off_hears_of_it_once_before_anything_is_charged(
    desk: Desk, alices: Client, organization: Organization, alice: User
) -> None:
    subscribed(desk, alices, organization)
    Membership.objects.update(levels={Topic.MONEY: Level.OFF})
    assert counts(desk, organization, alice, 25, 4.5) == [0, 1]


def test_a_trial_that_lasts_longer_than_it_was_told_is_told_anew(
    desk: Desk, organization: Organization, alice: User
) -> None:
    homes(organization, 2)
    row = desk.work(organization)
    assert counts(desk, organization, alice, 29.5) == [1]
    assert row.trial_until
    Subscription.objects.update(trial_until=row.trial_until + desk.ahead)
    assert counts(desk, organization, alice, 0, 23) == [1, 2]
