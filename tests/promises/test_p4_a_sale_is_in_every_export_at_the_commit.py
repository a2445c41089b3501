from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from calendars import ledger
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
