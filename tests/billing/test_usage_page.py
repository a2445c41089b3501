"""Requests by property and month, as the page shows them to owners."""

from calendar import monthrange
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from calendars.models import Connection, Spending
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.billing.desk import text

PAGE = "/plan/usage/"


def spent(home: Property, requests: int, months_ago: int = 0, listing: str = "101") -> None:
    """So many calendars of the unit were read in a month."""
    row = Connection.objects.first()
    if row is None:
        row = cast.a_connection(home.organization)
        cast.a_unit(home, row, listing)
    first = timezone.now().date().replace(day=1)
    for _ in range(months_ago):
        first = (first - timedelta(days=1)).replace(day=1)
    values = {"organization": home.organization, "connection": row, "since": first, "operation": "calendar"}
    Spending.objects.create(**values, listing=listing, requests=requests)
    Spending.objects.create(**values, requests=requests + 2)


def test_without_a_system_there_is_nothing_to_count(alices: Client, home: Property) -> None:
    page = text(alices.get(PAGE))
    assert "No system is connected" in page
    assert 'name="month"' not in page


def test_requests_are_counted_by_property_and_month(alices: Client, home: Property) -> None:
    spent(home, 4321)
    spent(home, 77, months_ago=1)
    said = text(alices.get(PAGE))
    today = timezone.now().date()
    most = f"{288 * monthrange(today.year, today.month)[1]:,}"  # 8,640 in thirty days
    for words in (home.name, "4,321", "4,323 of", most, "For no single property"):
        assert words in said
    assert ">77<" not in said
    before = (timezone.now().date().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    earlier = text(alices.get(PAGE, {"month": before}))
    assert ">77<" in earlier
    assert "4,321" not in earlier


@pytest.mark.parametrize("month", ["", "x", "2026-13", "1900-01", "9999-12", "2026-12-01"])
def test_a_month_that_there_is_none_of_is_that_of_now(alices: Client, home: Property, month: str) -> None:
    spent(home, 4321)
    assert "4,321" in text(alices.get(PAGE, {"month": month}))


def test_nobody_but_owners_and_no_other_tenant_sees_it(client: Client, home: Property, mallory: User) -> None:
    spent(home, 4321)
    client.force_login(mallory)
    assert "4,321" not in text(client.get(PAGE))
    client.force_login(cast.a_member(home.organization, "bob@example.org", Role.MANAGER))
    assert client.get(PAGE).status_code == 403
