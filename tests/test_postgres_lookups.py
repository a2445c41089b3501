"""`in` on our connection: as Django means it, and one parameter however many the values."""

from collections.abc import Iterable
from datetime import date

import pytest
from django.core.exceptions import EmptyResultSet
from django.db.models import Case, CharField, F, Value, When

from properties.models import Property
from tests import cast
from upsells.models import Offer, Purchase

pytestmark = pytest.mark.django_db


@pytest.fixture
def homes() -> list[Property]:
    organization = cast.an_organization()
    return [cast.a_property(organization, f"Casa {number}") for number in range(3)]


def names(rows: Iterable[Property]) -> list[str]:
    return sorted(home.name for home in rows)


def test_a_hundred_values_are_one_parameter(homes: list[Property]) -> None:
    few = Property.objects.filter(pk__in=[1, 2]).query.sql_with_params()
    many = Property.objects.filter(pk__in=range(100)).query.sql_with_params()
    assert few[0] == many[0]
    assert few[1:] == (([1, 2],),)
    of_rows = Offer.objects.filter(property__in=homes).query.sql_with_params()
    assert of_rows[1] == ([home.pk for home in homes],)


def test_rows_are_found_by_values_of_any_kind_and_by_other_rows(homes: list[Property]) -> None:
    first, second, third = homes
    every = Property.objects.all()
    assert names(every.filter(pk__in=[first.pk, third.pk])) == ["Casa 0", "Casa 2"]
    assert names(every.filter(pk__in={str(first.pk)})) == ["Casa 0"]
    assert names(every.filter(name__in=("Casa 1", 'it\'s {odd}, "said"', "Casa 1"))) == ["Casa 1"]
    assert names(every.filter(created_at__date__in=[first.created_at.date(), date(2000, 1, 1)])) == names(
        homes
    )
    assert names(every.filter(organization__in=[first.organization])) == names(homes)
    assert names(every.filter(currency__in=[F("currency"), Value("USD")])) == names(homes)
    assert names(every.filter(pk__in=every.filter(name="Casa 2"))) == ["Casa 2"]
    assert second not in every.exclude(pk__in=[second.pk])
    assert not Purchase.objects.filter(state__in=Purchase.ALIVE).exists()
    assert not Offer.objects.filter(kind__in=Offer.NIGHTLY, property__in=every).exists()


def test_null_is_no_value_and_without_a_value_nothing_is_asked(homes: list[Property]) -> None:
    every = Property.objects.all()
    assert names(every.filter(archived_at__in=[None])) == []
    assert names(every.filter(pk__in=[None, homes[0].pk])) == ["Casa 0"]
    assert names(every.exclude(pk__in=[])) == names(homes)
    with pytest.raises(EmptyResultSet):
        every.filter(pk__in=[]).query.sql_with_params()


def test_what_isnt_a_column_can_be_among_values_too(homes: list[Property]) -> None:
    sort = Case(When(name="Casa 0", then=Value("odd")), default=Value("usual"), output_field=CharField())
    assert names(Property.objects.annotate(sort=sort).filter(sort__in=["odd", "never"])) == ["Casa 0"]
