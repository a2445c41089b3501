"""Who reads a link and how often, learnt in the statement that writes the receipts."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendars import receipts
from calendars.models import ExportLink, Readership
from domain.pulls import MOST_GAPS, VISIT, Habit, learnt
from properties.models import Property
from tests import cast

NOON = cast.NOW
HOUR = timedelta(hours=1)
READERS = ("Airbnb", "Booking.com", receipts.BROWSER)
JOINS_WITHIN_S = 60.0

# Answers lie near the edge of a visit, hours apart, and out of order from one batch to the next.
steps = st.sampled_from([0, 1, 119, 120, 121, 600, 3600, 40_000])
batches = st.lists(
    st.lists(st.tuples(st.sampled_from(READERS), steps, st.booleans()), max_size=12), max_size=6
)


def pulls_of(link: ExportLink, agent: str, *instants: datetime) -> list[receipts.Pull]:
    return [receipts.Pull(link.public_id, link.body_version, agent, at) for at in instants]


def habits(link: ExportLink) -> dict[str, tuple[Habit, int | None, int | None]]:
    """What the rows say, as plain values."""
    return {
        row.reader: (
            Habit(row.first_at, row.last_at, row.visits, tuple(row.gaps)), row.usual_s, row.slow_s,
        )
        for row in Readership.objects.filter(link=link)
    }  # fmt: skip


@given(batches)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_learns_what_plain_arithmetic_does(
    home: Property, given: list[list[tuple[str, int, bool]]]
) -> None:
    link = cast.an_export(home)
    expected: dict[str, Habit] = {}
    at = NOON
    for batch in given:
        noted = []
        for reader, step, is_late in batch:
            at += timedelta(seconds=step)
            noted.append((reader, at - 30 * HOUR if is_late else at))
        receipts.write([pull for reader, when in noted for pull in pulls_of(link, reader, when)])
        for reader in {reader for reader, _when in noted}:
            habit = learnt(expected.get(reader), [when for who, when in noted if who == reader])
            assert habit
            expected[reader] = habit
    assert habits(link) == {reader: (habit, habit.usual, habit.slow) for reader, habit in expected.items()}


def test_only_the_latest_intervals_are_kept_and_learnt_from(home: Property) -> None:
    link = cast.an_export(home)
    slow = [NOON + number * 10 * HOUR for number in range(30)]
    quick = [slow[-1] + number * HOUR for number in range(1, MOST_GAPS + 2)]
    receipts.write(pulls_of(link, "Airbnb", *slow, *quick))
    row = Readership.objects.get(link=link)
    assert (len(row.gaps), row.visits) == (MOST_GAPS, 30 + MOST_GAPS + 1)
    assert (row.usual_s, row.slow_s) == (3600, 3600)


@pytest.mark.django_db(transaction=True)
def test_many_processes_that_write_about_the_same_links_lose_nothing_and_never_block_each_other_for_good() -> (
    None
):
    organization = cast.an_organization()
    links = [cast.an_export(cast.a_property(organization, f"Casa {number}")) for number in range(6)]
    errors: list[BaseException] = []

    def write(order: int) -> None:
        try:
            for number in range(15):
                batch = [
                    each
                    for link in links[::order]
                    for each in pulls_of(link, "Airbnb", NOON + number * VISIT)
                ]
                receipts.write(batch)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOINS_WITHIN_S)
    assert errors == []
    for link in links:
        row = Readership.objects.get(link=link)
        assert (row.first_at, row.last_at) == (NOON, NOON + 14 * VISIT)
        assert sum(link.reads.values_list("times", flat=True)) == 60


def test_an_answer_waits_for_no_receipt(client: Client, home: Property) -> None:
    receipts.flush()
    link = cast.an_export(home)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(cast.path_of(link), headers={"User-Agent": "Airbnb"}).status_code == 200
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []
    assert not Readership.objects.exists()
    with CaptureQueriesContext(connection) as asked:
        assert receipts.flush() == 1
    assert len(asked) == 1
    assert Readership.objects.get().reader == "Airbnb"
