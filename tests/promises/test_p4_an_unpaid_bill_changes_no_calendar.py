"""P2 and P4 hold whatever is paid: an unpaid bill opens no night and empties no export, in any state there is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Letter, Organization, User
from amplistay import tasks as house
from billing import letters
from billing import tasks as billing
from billing.models import Subscription
from calendars import leases, ledger
from calendars.models import Feed
from domain.billing import LIMITED, Standing, Status
from properties.models import Property
from tests import cast

LONG_AGO = timedelta(days=400)
SHORT = timedelta(days=3)
STATES = [
    {"status": status.value, "unpaid_since": since, "trial_until": trial, "paused_until": None, "plan": plan}
    for status in Status
    for since, trial, plan in ((None, -SHORT, "host"), (SHORT, SHORT, "mirror"), (LONG_AGO, LONG_AGO, "host"))
]
STATES += [state | {"paused_until": timedelta(days=-30)} for state in STATES if state["status"] == "active"]


def seen(exports: list[str], home: Property) -> tuple[list[tuple[int, str, bytes]], object]:
    """What every channel and every calendar of ours reads, byte for byte."""
    answers = [Client().get(path) for path in exports]
    told = [(answer.status_code, answer["ETag"], answer.content) for answer in answers]
    return told, cast.busy(home)


def test_exports_and_closed_nights_are_the_same_in_every_state_of_billing(
    organization: Organization, alice: User, settings: Settings
) -> None:
    settings.BILLING, now = True, timezone.now()
    home, _other = cast.a_property(organization), cast.a_property(organization, "Casa Verde")
    feed = cast.a_feed(home)
    cast.an_import(feed, cast.nights(5, 4))
    cast.a_sale(home)
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, cast.nights(20, 3))
    cast.an_offer(home)
    exports = [cast.path_of(cast.an_export(home)), cast.path_of(cast.a_people_link(home, titles=True))]
    before = seen(exports, home)
    assert all(b"BEGIN:VEVENT" in body for _status, _tag, body in before[0])
    standings = set()
    row = Subscription.objects.create(organization=organization, properties=2, customer="cus_1")
    for state in STATES:
        columns = {
            name: now - value if isinstance(value, timedelta) else value for name, value in state.items()
        }
        Subscription.objects.filter(pk=row.pk).update(**columns, reminded=0)
        row.refresh_from_db()
        standings.add(row.standing(now))
        letters.remind(now)
        house.count_properties()
        assert seen(exports, home) == before, state
    assert ledger.differences(home) == []
    assert standings >= {*LIMITED, Standing.GRACE, Standing.PAID, Standing.TRIAL}
    assert Letter.objects.filter(address=alice.email).exists()


def test_calendars_are_read_as_ever_while_nothing_is_paid(
    organization: Organization, settings: Settings
) -> None:
    settings.BILLING, now = True, timezone.now()
    home = cast.a_property(organization)
    feed = cast.a_feed(home, next_poll_at=now - timedelta(minutes=1))
    Subscription.objects.create(organization=organization, properties=9, trial_until=now - LONG_AGO)
    billing.sweep()
    _lease, claimed = leases.claim_these([feed.pk], now)
    assert claimed == [feed.pk]
    assert Feed.objects.in_use().reading().filter(pk=feed.pk).exists()


@pytest.mark.parametrize("status", ["past_due", "canceled", ""])
def test_a_night_is_closed_by_hand_while_nothing_is_paid(
    alices: Client, organization: Organization, settings: Settings, status: str
) -> None:
    settings.BILLING, now = True, timezone.now()
    home, _other = cast.a_property(organization), cast.a_property(organization, "Casa Verde")
    Subscription.objects.create(
        organization=organization,
        properties=2,
        status=status,
        unpaid_since=now - LONG_AGO,
        trial_until=now - LONG_AGO,
    )
    start = now.date() + timedelta(days=40)
    path = reverse("calendars:close", args=[home.public_id])
    answer = alices.post(path, {"start": str(start), "end": str(start + timedelta(days=2))})
    assert answer.status_code == 302
    assert cast.busy(home) == [(start, start + timedelta(days=2))]
