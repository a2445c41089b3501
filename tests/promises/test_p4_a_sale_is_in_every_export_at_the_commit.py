from datetime import time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from calendars import ledger
from domain.spans import Period
from properties.models import Property
from tests import cast
from tests.stories.test_an_export import nights_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home() -> Property:
    return cast.a_property(cast.an_organization())


def test_every_channel_reads_the_sale_the_moment_it_commits(client: Client, home: Property) -> None:
    paths = [cast.path_of(cast.an_export(home, channel)) for channel in ("airbnb", "booking", "vrbo")]
    now = timezone.now()
    span = cast.nights(20, 2)
    with ledger.changing(home, now) as change:
        ledger.hold(change, span, until=now + timedelta(minutes=10), reference="r")
    assert [nights_of(client.get(path).content) for path in paths] == [[], [], []]
    with ledger.changing(home, now) as change:
        ledger.confirm(change, "r")
    sold = [(span.start, span.end)]
    assert [nights_of(client.get(path).content) for path in paths] == [sold, sold, sold]


def test_hours_that_leave_no_time_for_anybody_else_close_their_night_everywhere_at_once(
    client: Client, home: Property
) -> None:
    cast.an_import(cast.a_feed(home), cast.nights(17, 3))
    paths = [cast.path_of(cast.an_export(home, channel)) for channel in ("airbnb", "booking")]
    now, house, day = timezone.now(), home.house, cast.nights(20).start
    until = house.instant(day, time(13))  # four hours to clean leave nobody time to arrive at 15:00
    hours = Period(house.instant(day, house.check_out), until)
    with ledger.changing(home, now) as change:
        ledger.hold(change, cast.nights(20), hours=hours, until=now + timedelta(minutes=10), reference="r")
        ledger.confirm(change, "r")
    sold = [(day, day + timedelta(days=1))]
    assert [nights_of(client.get(path).content) for path in paths] == [sold, sold]
    with ledger.changing(home, now) as change:
        ledger.release(change, "r")
    assert [nights_of(client.get(path).content) for path in paths] == [[], []]


def test_a_sale_that_does_not_commit_is_in_no_export(client: Client, home: Property) -> None:
    path = cast.path_of(cast.an_export(home))
    before = client.get(path).content
    with pytest.raises(ZeroDivisionError), ledger.changing(home, timezone.now()) as change:
        ledger.close(change, cast.nights(20, 2))
        raise ZeroDivisionError
    assert client.get(path).content == before
    assert cast.busy(home) == []


def test_a_change_inside_somebody_elses_transaction_is_refused(home: Property) -> None:
    with (
        pytest.raises(RuntimeError),
        connection.cursor(),
        ledger.transaction.atomic(),
        ledger.changing(home, timezone.now()),
    ):
        pass
