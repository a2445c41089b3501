import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization, User
from calendars import ledger
from calendars.models import Alert, Feed, date_range
from domain.spans import Span
from properties.models import Photo, Property
from tests import cast
from tests.api.callers import Caller, a_token
from tests.upsells.pages import instants
from upsells import certificates
from upsells.models import Delivery, Purchase, StayLink


@pytest.fixture
def api(organization: Organization) -> Caller:
    """Alice's software, which may do everything."""
    return Caller(a_token(organization))


@pytest.fixture
def mallorys_api(mallory: User) -> Caller:
    """Mallory's software, which may do everything in Mallory's own organization."""
    return Caller(a_token(mallory.organizations.get()))


def a_conflict(feed: Feed, sold: Purchase, start: int) -> Alert:
    """The sale's nights, read as booked elsewhere, too."""
    home = feed.property
    nights = sold.span
    assert nights
    with ledger.changing(home, timezone.now()) as change:
        ledger.hold(change, nights, until=timezone.now(), reference=sold.public_id, side="leaving")
        ledger.confirm(change, sold.public_id)
    cast.an_import(feed, nights, now=timezone.now(), uid=f"twice-{start}")
    return Alert.objects.get(kind=Alert.Kind.CONFLICT, key__contains=sold.public_id)


def a_purchase(home: Property, link: StayLink, start: int, **columns: Any) -> Purchase:
    """Two nights bought, `start` days from the real today."""
    now = timezone.now()
    first, end = cast.stay_of(home, start, start + 2)
    nights = Span(first, end)
    values = {
        "organization_id": home.organization_id,
        "property": home,
        "stay_link": link,
        "state": Purchase.State.CONFIRMED,
        "decided_at": now,
        "day": first,
        "nights": date_range(nights),
        "period": instants(home.house.stay(nights)),
        "amount": 19_800,
        "currency": "EUR",
        "created_at": now,
        "held_until": now,
        "guest_name": "Marta Puig",
        "guest_email": "marta@example.org",
    }
    return Purchase.objects.create(**values | columns)


def a_mail(sold: Purchase) -> Delivery:
    """The guest's, which couldn't be delivered."""
    times = dict.fromkeys(("created_at", "next_try_at", "given_up_at"), timezone.now())
    return Delivery.objects.create(
        organization_id=sold.organization_id, purchase=sold, news=Delivery.News.CONFIRMED,
        to=Delivery.To.GUEST, address="marta@example.org", **times,
    )  # fmt: skip


@pytest.fixture
def ids(home: Property) -> dict[str, str]:
    """One of Alice's rows for every kind of id in an address."""
    now = timezone.now()
    feed = cast.a_feed(home, last_good_at=now, last_read_at=now - timedelta(minutes=5))
    today = home.house.today(now)
    cast.an_import(feed, Span(today, today + timedelta(days=3)), now=now, uid="guest")
    with ledger.changing(home, now) as change:
        block = ledger.close(change, Span(today + timedelta(days=50), today + timedelta(days=52)), "Paint")
    cast.an_offer(home)
    link = cast.a_stay_link(home)
    sold = a_purchase(home, link, 60)
    with ledger.changing(home, now):
        certificates.certify(sold, now)
    conflict = a_conflict(feed, sold, 60)
    webhook, message = cast.a_message(home.organization)
    stay = cast.a_stay_link(home, Span(today, today + timedelta(days=3)))
    Photo.objects.create(organization_id=home.organization_id, property=home, created_at=now)
    return {
        "property_id": home.public_id,
        "feed_id": feed.public_id,
        "block_id": block.public_id,
        "export_id": cast.an_export(home).public_id,
        "purchase_id": sold.public_id,
        "conflict_id": conflict.public_id,
        "alert_id": conflict.public_id,
        "webhook_id": webhook.public_id,
        "connection_id": cast.a_connection(home.organization, looked_at=now).public_id,
        "message_id": message.public_id,
        "mail_id": str(a_mail(sold).pk),
        "link_id": name_of(stay),
        "kind": "extra_nights",
    }


def name_of(link: StayLink) -> str:
    """The id that the API has for a stay's link."""
    return hashlib.sha256(link.token.encode()).hexdigest()[:24]
