"""Row-level security: the wall behind the tenant door, asked in PostgreSQL itself."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.acting import acting_for, acting_for_the_house
from accounts.models import Membership, Organization, TenantModel, TenantQuerySet, User
from calendars import ledger
from calendars.models import Block, Busy, Calendar, Feed
from properties.models import Property
from tests import cast

HANGING = {"calendars_feedread", "calendars_snapshot", "properties_photofile"}  # on a tenant's row
OF_PERSONS = {"accounts_letter", "mfa_authenticator", "usersessions_usersession"}  # no tenant sees any
OF_PERSONS |= {"directory_joinrequest", "directory_spentcode"}
WHO = {"accounts_organization", "accounts_membership", "accounts_user", "account_emailaddress", *OF_PERSONS}


def tables() -> set[str]:
    return {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}


def asked(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.fixture
def villa(mallory: User) -> Property:
    """Mallory's home, with a calendar that is closed."""
    villa = cast.a_property(mallory.organizations.get(), "Villa Mallory")
    cast.an_import(cast.a_feed(villa), cast.nights(3, 2))
    return villa


@pytest.fixture
def flat(organization: Organization, home: Property) -> Property:
    """A second home of Alice's, closed as the first one is."""
    flat = cast.a_property(organization, "Pis de Dalt")
    for each in (home, flat):
        cast.an_import(cast.a_feed(each), cast.nights(3, 2))
    return flat


@pytest.mark.django_db
def test_every_tenants_table_is_behind_the_wall_even_for_its_owner() -> None:
    walled = asked("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    assert {name for (name,) in walled} >= tables() | HANGING | WHO
    policies = asked(
        "SELECT tablename, array_agg(policyname::text ORDER BY policyname) FROM pg_policies GROUP BY 1"
    )
    assert {str(table): names for table, names in policies} == {
        table: ["house", "owner", "tenant"] for table in tables() | HANGING | WHO
    }


@pytest.mark.django_db
def test_the_roles_own_nothing_and_can_neither_log_in_nor_go_round_the_wall() -> None:
    assert asked(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole FROM pg_roles"
        " WHERE rolname LIKE 'amplistay%' ORDER BY 1"
    ) == [("amplistay_house", *[False] * 4), ("amplistay_tenant", *[False] * 4)]
    assert asked("SELECT count(*) FROM pg_tables WHERE tableowner LIKE 'amplistay\\_%'") == [(0,)]


@pytest.mark.django_db
def test_without_an_organization_the_tenants_role_sees_no_row_of_any_table(flat: Property) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE amplistay_tenant")
        for table in sorted(tables() | HANGING | WHO):
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of our own tables
            assert cursor.fetchone() == (0,), table


def test_whoever_acts_for_an_organization_sees_and_changes_its_rows_only(
    flat: Property, villa: Property
) -> None:
    with acting_for(flat.organization_id):
        for model in (Property, Calendar, Feed, Block, Busy):
            assert {row.organization_id for row in model._default_manager.all()} == {flat.organization_id}
        assert Property.objects.filter(pk=villa.pk).update(name="Ours now") == 0
        assert Organization.objects.get().pk == flat.organization_id
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            cast.a_property(villa.organization, "In Mallory's name")
    assert Property.objects.filter(name__in=["Ours now", "In Mallory's name"]).count() == 0


def test_of_a_members_homes_everything_that_hangs_on_the_others_is_hidden(
    home: Property, flat: Property
) -> None:
    with acting_for(home.organization_id, frozenset({flat.pk})):
        assert list(Property.objects.all()) == [flat]
        assert {feed.property_id for feed in Feed.objects.all()} == {flat.pk}
        assert {block.property_id for block in Block.objects.all()} == {flat.pk}
    with acting_for(home.organization_id, frozenset()):
        assert not Property.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_under_the_ledgers_lock_the_whole_organization_is_seen_and_no_other(
    home: Property, flat: Property, villa: Property
) -> None:
    with acting_for(home.organization_id, frozenset({home.pk})):
        with ledger.changing(home, cast.NOW):
            assert set(Property.objects.all()) == {home, flat}
        assert list(Property.objects.all()) == [home]


@pytest.fixture
def wire(transactional_db: None) -> object:
    """The connection outside of any transaction."""
    connection.ensure_connection()
    return connection.connection


def test_nothing_of_it_outlives_a_statement_or_a_transaction(wire: object, home: Property) -> None:
    question = "SELECT current_user, current_setting('amplistay.organization', true)"
    ((outside, _none),) = asked(question)
    with acting_for(home.organization_id):
        assert asked(question) == [("amplistay_tenant", str(home.organization_id))]
        with acting_for_the_house():
            assert asked(question)[0][0] == outside
        with transaction.atomic():
            assert asked(question) == [("amplistay_tenant", str(home.organization_id))]
            with acting_for_the_house():
                assert asked(question)[0][0] == outside
            assert asked(question) == [("amplistay_tenant", str(home.organization_id))]
        with pytest.raises(DatabaseError):
            asked("SELECT 1 / 0")
        assert asked("SELECT current_user") == [("amplistay_tenant",)]
        name = connection.connection.execute(
            question
        ).fetchone()  # past Django: what the next user of it would find
        assert name[0] == outside
        assert not name[1]
    assert asked(question)[0][0] == outside


def test_with_the_door_off_its_hinges_the_wall_still_stands(
    monkeypatch: pytest.MonkeyPatch, client: Client, bob: User, home: Property, villa: Property
) -> None:
    monkeypatch.setattr(TenantQuerySet, "of", lambda rows, _organization: rows)
    client.force_login(bob)
    assert client.get(villa.get_absolute_url()).status_code == 404
    assert client.get(home.get_absolute_url()).status_code == 200
    listing = client.get(reverse("properties:list")).content.decode()
    assert home.name in listing
    assert villa.name not in listing


def test_a_member_of_some_homes_finds_no_others(
    client: Client, bob: User, home: Property, flat: Property
) -> None:
    Membership.objects.filter(user=bob).update(homes=[flat.pk], role=Membership.Role.MANAGER)
    client.force_login(bob)
    assert client.get(flat.get_absolute_url()).status_code == 200
    assert client.get(home.get_absolute_url()).status_code == 404
    page = client.get(reverse("planner")).content.decode()
    assert flat.name in page
    assert home.name not in page
