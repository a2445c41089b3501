"""A row of each kind that an address can name."""

from django.utils import timezone

from accounts import teams
from api import tokens
from calendars import ledger
from calendars.models import Alert, Feed, date_range
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.upsells.pages import instants
from upsells import certificates
from upsells.models import Purchase


def ids_of(home: Property) -> dict[str, str]:
    """One of the organization's rows for every kind of id, with nights that wait and a sale."""
    feed = cast.a_feed(home)
    cast.an_import(feed, cast.nights(40, 2), missing_since=cast.NOW, missing_reads=1)
    Feed.objects.filter(pk=feed.pk).update(held_nights=2)
    with ledger.changing(home, cast.NOW) as change:
        block = ledger.close(change, cast.nights(50, 2))
    cast.an_offer(home)
    link = cast.a_stay_link(home)
    nights = cast.nights(60, 2)
    sold = Purchase.objects.create(
        organization_id=home.organization_id,
        property=home,
        stay_link=link,
        state=Purchase.State.CONFIRMED,
        decided_at=cast.NOW,
        day=nights.start,
        nights=date_range(nights),
        period=instants(home.house.stay(nights)),
        amount=1,
        currency="EUR",
        created_at=cast.NOW,
        held_until=cast.NOW,
    )
    with ledger.changing(home, cast.NOW) as change:
        ledger.hold(change, nights, until=timezone.now(), reference=sold.public_id)
        ledger.confirm(change, sold.public_id)
        certificates.certify(sold, cast.NOW)
    cast.an_import(feed, cast.nights(61, 2), uid="twice")
    webhook, message = cast.a_message(home.organization)
    wanted = tokens.Wanted("PMS", ["calendar:read"])
    token, _text = tokens.make(home.organization, wanted, "alice@example.org", timezone.now())
    carol = cast.a_member(home.organization, "carol@example.org", Role.VIEWER)
    invited = teams.invite(home.organization, carol, "dave@example.org", timezone.now(), role=Role.VIEWER)
    return {
        "member_id": str(carol.memberships.get().pk),
        "invitation_id": invited.public_id,
        "token_id": token.public_id,
        "view_id": cast.a_saved_view(carol.memberships.get()).public_id,
        "webhook_id": webhook.public_id,
        "connection_id": cast.a_connection(home.organization, looked_at=cast.NOW).public_id,
        "message_id": message.public_id,
        "conflict_id": Alert.objects.get(kind=Alert.Kind.CONFLICT, property=home).public_id,
        "public_id": home.public_id,
        "feed_id": feed.public_id,
        "alert_id": an_alert(feed).public_id,
        "block_id": block.public_id,
        "link_id": cast.an_export(home).public_id,
        "people_id": cast.a_people_link(home).public_id,
        "purchase_id": sold.public_id,
        "kind": "extra_nights",
        "deed_id": cast.a_deed(home.organization).public_id,
        "token": cast.a_stay_link(home, cast.nights(70, 3)).token,
    }


def an_alert(feed: Feed) -> Alert:
    return Alert.objects.create(
        organization_id=feed.organization_id,
        property=feed.property,
        feed=feed,
        kind=Alert.Kind.HELD,
        key=f"held {feed.pk}",
        details={"feed": feed.title, "nights": 2},
        opened_at=cast.NOW,
    )
