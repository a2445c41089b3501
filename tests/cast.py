"""The people and homes of the tests: Alice and Bob in one organization, Mallory in another."""

from datetime import UTC, date, datetime, time, timedelta

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.deeds import Change, What
from accounts.models import Deed, Membership, Organization, SavedView, User
from billing.models import Invoice, Subscription
from calendars import exports, ledger, linking
from calendars.models import Block, Connection, ExportLink, Feed, date_range
from calendars.people import Ticks
from connectors import links
from domain.channels import recognise
from domain.events import Kind
from domain.roles import Role
from domain.spans import Span
from properties.models import Property
from upsells.models import Offer, Purchase, StayLink
from upsells.shelves import Side, Stay
from webhooks.models import Event, Message, Sending, Webhook

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
PASSWORD = "correct-horse-battery"


def nights(start: int, count: int = 1) -> Span:
    """`count` nights that begin `start` days from today."""
    first = TODAY + timedelta(days=start)
    return Span(first, first + timedelta(days=count))


def an_organization(name: str = "Gràcia Homes") -> Organization:
    return Organization.objects.create(name=name)


def a_member(
    organization: Organization, email: str, role: Role = Role.OWNER, homes: list[int] | None = None
) -> User:
    """Somebody whose address is proven."""
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    Membership.objects.create(organization=organization, user=user, role=role, homes=homes)
    return user


def a_property(
    organization: Organization, name: str = "Casa Gràcia", zone: str = "Europe/Madrid"
) -> Property:
    return Property.objects.create(
        organization=organization,
        name=name,
        time_zone=zone,
        check_in=time(15),
        check_out=time(11),
        turnaround=240,
        currency="EUR",
        nightly_rate=12_000,
    )


def a_feed(
    home: Property, url: str = "https://www.airbnb.com/calendar/ical/1.ics?s=secret", **columns: object
) -> Feed:
    values = {"channel": recognise(url), "created_at": NOW, "next_poll_at": NOW, **columns}
    return Feed.objects.create(
        organization_id=home.organization_id,
        property=home,
        url=url,
        url_digest=links.digest(url),
        host=links.host_of(url),
        **values,
    )


def a_connection(organization: Organization, system: str = "escapia", **columns: object) -> Connection:
    """An account at a property-management system."""
    values = {"name": "Gràcia at Escapia", "time_zone": "Europe/Madrid", "created_at": NOW, **columns}
    return Connection.objects.create(organization=organization, system=system, **values)


def a_unit(home: Property, connection: Connection, listing: str = "101", **columns: object) -> Feed:
    """A feed that mirrors one unit of the system."""
    values = {"created_at": NOW, "next_poll_at": NOW, **columns}
    return Feed.objects.create(
        organization_id=home.organization_id,
        property=home,
        channel=connection.system,
        url="",
        url_digest=f"{connection.public_id} {listing}",
        host="",
        connection=connection,
        listing=listing,
        **values,
    )


def an_import(feed: Feed, span: Span, now: datetime = NOW, **columns: object) -> Block:
    """Nights that a feed closes, through the one writer."""
    with ledger.changing(feed.property, now) as change:
        values = {"uid": f"stay-{span.start}", "summary": "Reserved", "kind": Kind.RESERVATION, **columns}
        block = Block.objects.create(
            organization_id=feed.organization_id,
            property=feed.property,
            feed=feed,
            origin=Block.Origin.FEED,
            nights=date_range(span),
            since=now,
            changed_at=now,
            **values,
        )
        change.touched = True
    return block


def an_export(home: Property, channel: str = "airbnb") -> ExportLink:
    with ledger.changing(home, NOW) as change:
        return linking.new_link(change, channel)


def a_people_link(home: Property, *, titles: bool = False, guests: bool = False) -> ExportLink:
    with ledger.changing(home, NOW) as change:
        return linking.new_people_link(change, "Family", Ticks(titles, guests))


def a_sale(home: Property, span: Span | None = None, *, reference: str = "sold") -> Block:
    """Nights sold after the guest's own stay."""
    span = span or nights(3, 2)
    with ledger.changing(home, NOW) as change:
        ledger.hold(change, span, until=NOW + timedelta(minutes=10), reference=reference, side="leaving")
        return ledger.confirm(change, reference)


def a_message(organization: Organization) -> tuple[Webhook, Message]:
    """A webhook, and what it was told."""
    values = {"organization": organization, "created_at": NOW}
    webhook = Webhook.objects.create(
        url="https://hooks.example/1", host="hooks.example", events=[Event.SALE_CONFIRMED], **values
    )
    message = Message.objects.create(event=Event.SALE_CONFIRMED, body="{}", **values)
    Sending.objects.create(
        organization=organization,
        webhook=webhook,
        message=message,
        since=NOW,
        next_try_at=NOW,
        given_up_at=NOW,
    )
    return webhook, message


def an_invoice(subscription: Subscription, **columns: object) -> Invoice:
    """An invoice for the last thirty days, paid."""
    values = {
        "organization": subscription.organization,
        "stripe_id": "in_1",
        "number": "SIM-0001",
        "state": Invoice.State.PAID,
        "amount": 500,
        "currency": "USD",
        "issued_at": NOW,
        "period_start": NOW - timedelta(days=30),
        "period_end": NOW,
        **columns,
    }
    return Invoice.objects.create(subscription=subscription, **values)


def a_saved_view(
    member: Membership,
    name: str = "Christmas",
    query: str = "q=marta",
    listing: str = "sales",
    **columns: object,
) -> SavedView:
    """A filter that a member keeps."""
    values = {"organization": member.organization, "created_at": NOW, **columns}
    return SavedView.objects.create(membership=member, listing=listing, name=name, query=query, **values)


def a_deed(organization: Organization) -> Deed:
    """The organization's first calendar lost its label; undone, it has another one."""
    feed = Feed.objects.filter(organization=organization).first()
    changes = [Change.of(feed, {"label": "Undone"}, {"label": feed.label})] if feed else []
    return Deed.objects.create(
        organization=organization,
        way="columns",
        name="A calendar",
        place="/",
        what=What(changes).packed(),
        until=timezone.now() + timedelta(minutes=10),
    )


def path_of(link: ExportLink) -> str:
    """The link's path, for the test client."""
    return "/" + exports.address(link).split("/", 3)[3]


def an_offer(
    home: Property, price: int = 9_900, most: int = 7, kind: str = "extra_nights", **columns: object
) -> Offer:
    """An offer at so much a night, or an hour, sold at once."""
    hourly = kind in {"late_check_out", "early_check_in"}
    values = {"mode": "instant", "priced_by": "per_hour" if hourly else "fixed", **columns}
    return Offer.objects.create(
        organization_id=home.organization_id,
        property=home,
        kind=kind,
        price=price,
        currency=home.currency,
        most_nights=most,
        **values,
    )


def a_stay_link(home: Property, stay: Span | None = None, **columns: object) -> StayLink:
    """The property's own link, or that of one stay."""
    values = {"nights": stay and date_range(stay), "created_at": NOW, **columns}
    return StayLink.objects.create(organization_id=home.organization_id, property=home, **values)


def busy(home: Property) -> list[tuple[date, date]]:
    """The merged calendar as plain pairs."""
    return [(s.start, s.end) for s in ledger.taken(home, Span(date(2020, 1, 1), date(2032, 1, 1)))]


def the_states() -> list[str]:
    """The states of all purchases, in order of their making."""
    return list(Purchase.objects.order_by("pk").values_list("state", flat=True))


def stay_of(home: Property, start: int, end: int) -> tuple[date, date]:
    """Arrival and departure, in days from the real today of the home."""
    today = home.house.today(timezone.now())
    return today + timedelta(days=start), today + timedelta(days=end)


def leaving(home: Property, days: int = 3) -> Stay:
    """The stay that the `place` fixture books, as its guest names it: it ends in so many days."""
    return Stay(stay_of(home, 0, days)[1], Side.LEAVING)


def more_nights(home: Property, count: int = 2) -> Span:
    """Nights right after the stay that the `place` fixture books."""
    today = home.house.today(timezone.now())
    return Span(today + timedelta(days=3), today + timedelta(days=3 + count))
