"""Promise P7: the walk over every address stands in tests/test_tenancy.py, what the schema refuses in
tests/test_tenancy_schema.py; these are its sharpest corners."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from calendars.models import Busy, Feed, date_range
from properties.models import Property
from tests import cast

CANARY = "canary-of-alice"


@pytest.fixture
def mallorys(client: Client, mallory: User) -> Client:
    client.force_login(mallory)
    return client


def test_another_tenants_page_does_not_exist(mallorys: Client, home: Property) -> None:
    feed = cast.a_feed(home, label=CANARY)
    for name, args in [
        ("calendars:month", [home.public_id]),
        ("calendars:connections", [home.public_id]),
        ("calendars:log", [home.public_id, feed.public_id]),
        ("upsells:offers", [home.public_id]),
        ("properties:settings", [home.public_id]),
    ]:
        answer = mallorys.get(reverse(name, args=args))
        assert (answer.status_code, CANARY in answer.content.decode()) == (404, False), name


def test_no_list_shows_another_tenants_rows(mallorys: Client, home: Property) -> None:
    Property.objects.filter(pk=home.pk).update(name=CANARY)
    for path in (reverse("home"), reverse("properties:list")):
        assert CANARY not in mallorys.get(path).content.decode()


def test_a_feed_of_alices_cannot_be_reached_through_a_property_of_mallorys(
    mallorys: Client, mallory: User, home: Property
) -> None:
    feed = cast.a_feed(home)
    own = cast.a_property(mallory.organizations.get(), "Own")
    answer = mallorys.post(reverse("calendars:remove", args=[own.public_id, feed.public_id]))
    assert answer.status_code == 404
    assert Feed.objects.filter(pk=feed.pk).exists()


def test_the_schema_refuses_a_block_that_names_a_feed_of_another_property(
    home: Property, mallory: User
) -> None:
    own = cast.a_property(mallory.organizations.get(), "Own")
    block = cast.an_import(cast.a_feed(home), cast.nights(3))
    with pytest.raises(IntegrityError), transaction.atomic():
        type(block).objects.filter(pk=block.pk).update(property=own, organization=own.organization_id)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_schema_refuses_a_row_of_one_tenant_on_a_property_of_another(
    home: Property, mallory: User
) -> None:
    row = Busy(organization=mallory.organizations.get(), property=home, nights=date_range(cast.nights(3)))
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
