"""A Statement finds what its query would, with whatever values; its SQL is written once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, TextField, Value, When
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg.types.range import DateRange

from accounts.models import Organization
from accounts.statements import Given, Number, Statement
from calendars.models import Block
from domain.spans import NIGHT
from properties.models import Property
from tests import cast

pytestmark = pytest.mark.django_db


def homes() -> QuerySet[Property]:
    rows = Property.objects.of(Given("org")).filter(pk__in=Given("homes"))
    return rows.filter(created_at__lt=Given("until")).select_related("organization").order_by("-name")


def test_it_finds_whole_rows_for_each_value_and_writes_its_sql_once() -> None:
    ours, theirs = cast.an_organization(), cast.an_organization("Mallory")
    casa, villa, other = (cast.a_property(*each) for each in ((ours, "Casa"), (ours, "Villa"), (theirs, "X")))
    built: list[int] = []

    def build() -> QuerySet[Property]:
        built.append(1)
        return homes()

    asked = Statement(build)
    now, every = timezone.now() + NIGHT, [casa.pk, villa.pk, other.pk]
    assert asked(org=ours.pk, homes=every, until=now) == [villa, casa]
    assert asked(org=theirs.pk, homes=every, until=now) == [other]
    assert asked(org=ours.pk, homes=[casa.pk], until=now) == [casa]
    assert (
        asked(org=ours.pk, homes=[], until=now)
        == asked(org=ours.pk, homes=every, until=now - 2 * NIGHT)
        == []
    )
    with CaptureQueriesContext(connection) as queries:
        (found,) = asked(org=ours.pk, homes=[casa.pk], until=now)
        assert (found.organization, found.name, found.weekday_rates) == (ours, "Casa", casa.weekday_rates)
    assert len(queries) == 1
    assert built == [1]


def test_columns_counts_and_cases_are_found_as_well() -> None:
    ours = cast.an_organization()
    casa = cast.a_property(ours, "Casa")
    cast.a_member(ours, "alice@example.com")
    first, now = cast.TODAY, timezone.now()
    taken = DateRange(first, first + 2 * NIGHT)
    Block.objects.create(
        organization=ours, property=casa, origin=Block.Origin.HOST, nights=taken, since=now, changed_at=now
    )

    def build() -> QuerySet[Any, Any]:
        near = Block.objects.filter(organization=Given("org"), nights__overlap=Given("near"))
        kind = Case(
            When(nights__contains=Given("day"), then=Value("in")),
            default=Value("out"),
            output_field=TextField(),
        )
        either = (
            near.annotate(at=kind)
            .values("pk", "at")
            .union(Block.objects.filter(pk=Given("own")).annotate(at=F("summary")).values("pk", "at"))
        )
        named = Count("members", filter=Q(members__email=Given("email")))
        rows = Organization.objects.filter(pk=Given("org")).annotate(people=named)
        return rows.values_list(
            Number(near.values("pk")),
            Number(either),
            Exists(near.filter(organization=OuterRef("pk"))),
            "people",
        )

    asked = Statement(build)
    given: dict[str, Any] = {"org": ours.pk, "day": first, "own": 0, "email": "alice@example.com"}
    assert asked(near=DateRange(first, first + NIGHT), **given) == [(1, 1, True, 1)]
    assert asked(near=DateRange(first - NIGHT, first), **given | {"email": "bob@example.com"}) == [
        (0, 0, False, 0)
    ]


def test_a_value_too_few_or_too_many_is_refused() -> None:
    asked = Statement(homes)
    with pytest.raises(TypeError, match="takes"):
        asked(org=1, homes=[1])
    with pytest.raises(TypeError, match="takes"):
        asked(org=1, homes=[1], until=timezone.now(), nights=timedelta())


@pytest.mark.django_db(transaction=True)
def test_threads_ask_on_their_own_connections_with_their_own_values() -> None:
    organizations = [cast.an_organization(f"Host {number}") for number in range(4)]
    made = {each.pk: cast.a_property(each, "Casa") for each in organizations}
    asked = Statement(homes)
    until = timezone.now() + NIGHT

    def ask(number: int) -> bool:
        org = organizations[number % 4].pk
        try:
            return asked(org=org, homes=[home.pk for home in made.values()], until=until) == [made[org]]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(40)))
