"""The tenant wall in the schema: the database itself ties every row to the organization of what it hangs on."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from psycopg.types.range import TimestamptzRange

from accounts.models import AuditLine, Deed, Invitation, SavedView, SupportVisit, TenantModel, User
from api.models import ApiToken, KeptAnswer
from billing.models import Invoice, Subscription
from calendars.models import (
    Alert,
    Block,
    Busy,
    Calendar,
    Closure,
    Connection,
    ExportLink,
    ExportRead,
    Feed,
    LoopCheck,
    Readership,
    Spending,
    Suspension,
    date_range,
)
from directory.models import ShownHome, Vendor
from properties.models import Photo, Property
from tests import cast
from tests.upsells.pages import a_purchase, instants
from upsells.models import (
    CancelTerms,
    Certificate,
    Delivery,
    Offer,
    Payment,
    PayoutAccount,
    Purchase,
    StayLink,
    StayRegister,
)
from webhooks.models import Message, Sending, Webhook


def rows_on(home: Property, organization_id: int) -> dict[type[TenantModel], TenantModel]:
    """One unsaved row of every kind on the property, in the name of an organization."""
    at = {"organization_id": organization_id, "property": home}
    nights = date_range(cast.nights(1))
    link = StayLink(**at, created_at=cast.NOW)
    return {
        Calendar: Calendar(**at, changed_at=cast.NOW),
        Feed: Feed(
            **at,
            channel="other",
            url="https://x.example/a.ics",
            url_digest="a",
            host="x",
            created_at=cast.NOW,
        ),
        Block: Block(
            **at,
            origin=Block.Origin.HOST,
            nights=nights,
            period=TimestamptzRange(cast.NOW, None),
            since=cast.NOW,
            changed_at=cast.NOW,
        ),
        Busy: Busy(**at, nights=nights),
        Alert: Alert(**at, kind=Alert.Kind.CONFLICT, key="conflict", opened_at=cast.NOW),
        ExportLink: ExportLink(**at, channel="other", body=b"x", created_at=cast.NOW, changed_at=cast.NOW),
        Offer: Offer(**at, price=1, currency="EUR"),
        StayLink: link,
        StayRegister: StayRegister(**at),
        Photo: Photo(**at, created_at=cast.NOW),
        Purchase: Purchase(
            **at,
            stay_link=link,
            day=cast.TODAY,
            nights=nights,
            period=instants(home.house.stay(cast.nights(1))),
            amount=1,
            currency="EUR",
            created_at=cast.NOW,
            held_until=cast.NOW,
        ),
        Delivery: Delivery(
            organization_id=organization_id,
            news=Delivery.News.CONFIRMED,
            to=Delivery.To.HOST,
            address="alice@example.org",
            created_at=cast.NOW,
            next_try_at=cast.NOW,
        ),
        ExportRead: ExportRead(
            organization_id=organization_id,
            body_version=1,
            reader="Airbnb",
            at=cast.NOW,
            until=cast.NOW,
            times=1,
        ),
        Readership: Readership(
            organization_id=organization_id, reader="Airbnb", first_at=cast.NOW, last_at=cast.NOW
        ),
        Suspension: Suspension(since=cast.NOW, since_version=1, until=cast.NOW, **at),
        LoopCheck: LoopCheck(since=cast.NOW, version=1, night=cast.NOW.date(), until=cast.NOW, **at),
        Certificate: Certificate(organization_id=organization_id, body="{}", created_at=cast.NOW),
        Payment: Payment(organization_id=organization_id, account="acct_1", amount=1, created_at=cast.NOW),
        CancelTerms: CancelTerms(**at),
        ShownHome: ShownHome(**at, rules=["pace"]),
        Closure: Closure(**at, first=cast.TODAY, last=cast.nights(2).start, made_at=cast.NOW),
    }


OF_NO_PROPERTY = {Property, PayoutAccount, Webhook, Message, Sending, ApiToken, KeptAnswer}
OF_NO_PROPERTY |= {Connection, Invoice, Spending, Subscription, Vendor}
OF_NO_PROPERTY |= {AuditLine, Deed, Invitation, SavedView, SupportVisit}
KINDS = [
    model for model in apps.get_models() if issubclass(model, TenantModel) and model not in OF_NO_PROPERTY
]


@pytest.mark.parametrize("model", KINDS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
def test_the_database_ties_a_row_to_the_organization_of_its_property(
    model: type[TenantModel], own: bool, home: Property, mallory: User
) -> None:
    stranger = mallory.organizations.get().pk
    row = rows_on(home, home.organization_id if own else stranger)[model]
    if isinstance(row, Purchase):
        row.stay_link = cast.a_stay_link(home)
    if isinstance(row, (ExportRead, Readership, Suspension)):
        row.link = cast.an_export(home)
    if isinstance(row, (Suspension, Closure)):
        row.feed = cast.a_feed(home)
    if isinstance(row, Suspension):
        row.block = cast.a_sale(home)
    if isinstance(row, (Delivery, Certificate, Payment)):
        row.purchase = a_purchase(cast.a_stay_link(home))
    with transaction.atomic():
        row.save(force_insert=True)
        if own:
            connection.check_constraints()
            return
        with pytest.raises(IntegrityError, match="same_tenant"):
            connection.check_constraints()
        transaction.set_rollback(True)


@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
@pytest.mark.parametrize("model", [Feed, Spending], ids=["unit", "requests"])
def test_the_database_ties_a_unit_and_its_requests_to_the_organization_of_their_connection(
    model: type[TenantModel], own: bool, home: Property, mallory: User
) -> None:
    account = cast.a_connection(home.organization if own else mallory.organizations.get())
    with transaction.atomic():
        if model is Feed:
            cast.a_unit(home, account)
        else:
            Spending.objects.create(
                organization=home.organization, connection=account, since=cast.TODAY, operation="calendar"
            )
        if own:
            connection.check_constraints()
            return
        with pytest.raises(IntegrityError, match="same_tenant"):
            connection.check_constraints()
        transaction.set_rollback(True)


def test_a_feed_is_a_link_or_a_unit_and_never_both(home: Property) -> None:
    unit = cast.a_unit(home, cast.a_connection(home.organization))
    for columns in ({"host": "www.airbnb.com"}, {"listing": ""}, {"connection": None}):
        with transaction.atomic(), pytest.raises(IntegrityError, match="a_link_or_a_unit"):
            Feed.objects.filter(pk=unit.pk).update(**columns)


@pytest.mark.parametrize("kind", ["webhook", "message"])
def test_the_database_ties_what_is_sent_to_the_organization_of_its_webhook_and_message(
    kind: str, home: Property, mallory: User
) -> None:
    webhook, message = cast.a_message(home.organization)
    theirs = dict(zip(("webhook", "message"), cast.a_message(mallory.organizations.get()), strict=True))
    times = {"since": cast.NOW, "next_try_at": cast.NOW}
    row = Sending(
        **{
            "organization": home.organization,
            "webhook": webhook,
            "message": message,
            **times,
            kind: theirs[kind],
        }
    )
    with transaction.atomic():
        row.save(force_insert=True)
        with pytest.raises(IntegrityError, match="same_tenant"):
            connection.check_constraints()
        transaction.set_rollback(True)


@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
def test_the_database_ties_a_saved_view_to_the_organization_of_its_member(
    own: bool, alice: User, mallory: User
) -> None:
    member = alice.memberships.get()
    stranger = mallory.organizations.get()
    with transaction.atomic():
        cast.a_saved_view(member, organization=member.organization if own else stranger)
        if own:
            connection.check_constraints()
            return
        with pytest.raises(IntegrityError, match="same_tenant"):
            connection.check_constraints()
        transaction.set_rollback(True)


@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
def test_the_database_ties_an_invoice_to_the_organization_of_its_subscription(
    own: bool, alice: User, mallory: User
) -> None:
    mine, stranger = alice.organizations.get(), mallory.organizations.get()
    subscription = Subscription.objects.create(organization=mine)
    with transaction.atomic():
        cast.an_invoice(subscription, organization=mine if own else stranger)
        if own:
            connection.check_constraints()
            return
        with pytest.raises(IntegrityError, match="same_tenant"):
            connection.check_constraints()
        transaction.set_rollback(True)
