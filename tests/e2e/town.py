"""A host with something in every state, as the walk over all pages needs it: seen from today, not from cast.NOW."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from accounts import teams, wishes
from accounts.models import Organization, Topic, User
from api import tokens
from calendars import ledger
from calendars.models import Alert, Feed, date_range
from calendars.sentences import status
from directory import joining
from directory.models import JoinRequest
from domain.roles import Role
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.upsells.pages import instants
from upsells import certificates
from upsells.models import Payment, Purchase, StayLink

AIRBNB = "https://www.airbnb.com/calendar/ical/1.ics?s=secret"
VRBO = "https://www.vrbo.com/icalendar/1.ics"
EVERY_OFFER = {
    "extra_nights": 9_900,
    "nights_before": 9_900,
    "late_check_out": 1_500,
    "early_check_in": 1_500,
}
UNITS = [
    {
        "id": str(number),
        "name": f"Unit {number}",
        "code": "",
        "place": "",
        "is_active": True,
        "is_handed": handed,
    }
    for number, handed in enumerate((True, True, False), 101)
]
ENDED = {"declined": "taken"}
OPEN = {"paying", "checking", "capturing"}


@dataclass
class Town:
    """Alice's rows: one of each kind by the name of its part in addresses, and the guests' pages by what they show."""

    home: Property
    ids: dict[str, str] = field(default_factory=dict)
    guests: dict[str, str] = field(default_factory=dict)
    token: str = ""  # of the home's own guest page
    leaves: str = ""  # the day on which the guest of the home leaves


def a_town(alice: User) -> Town:
    """The town of Alice's organization, at this moment."""
    now = timezone.now()
    organization = alice.organizations.get()
    home = cast.a_property(organization)
    Property.objects.filter(pk=home.pk).update(turnaround=60)
    home.refresh_from_db()
    town = Town(home)
    for kind, price in EVERY_OFFER.items():
        cast.an_offer(home, price, kind=kind)
    _calendars(town, now)
    _guests(town, now)
    _trouble(town, now)
    _others(town, organization, alice)
    return town


def _span(town: Town, start: int, end: int) -> Span:
    return Span(*cast.stay_of(town.home, start, end))


def _calendars(town: Town, now: datetime) -> None:
    """Two sites, one of which can't be read; stays, nights that wait, and nights that the host has closed."""
    airbnb = cast.a_feed(town.home, AIRBNB, last_read_at=now, last_good_at=now)
    cast.a_feed(
        town.home,
        VRBO,
        last_read_at=now,
        last_good_at=now,
        failing_since=now - timedelta(hours=3),
        problem=status(404, "www.vrbo.com"),
    )
    for start, end in ((-2, 3), (9, 13), (26, 33)):
        cast.an_import(airbnb, _span(town, start, end), now, summary="Marta Puig")
    cast.an_import(airbnb, _span(town, 40, 42), now, missing_since=now, missing_reads=1)
    Feed.objects.filter(pk=airbnb.pk).update(held_nights=2)
    with ledger.changing(town.home, now) as change:
        closed = ledger.close(change, _span(town, 50, 52), "Painter")
    town.ids |= {
        "public_id": town.home.public_id,
        "feed_id": airbnb.public_id,
        "block_id": closed.public_id,
        "link_id": cast.an_export(town.home).public_id,
        "people_id": cast.a_people_link(town.home).public_id,
        "kind": "extra_nights",
    }


def _guests(town: Town, now: datetime) -> None:
    """The home's own page, that of one stay, and what was bought in every state that a purchase can be in."""
    link = cast.a_stay_link(town.home)
    own = cast.a_stay_link(town.home, _span(town, -2, 3))
    stopped = cast.a_stay_link(town.home, _span(town, 26, 33), revoked_at=now)
    leaves = cast.stay_of(town.home, -2, 3)[1]
    town.token, town.leaves = link.token, str(leaves)
    busy = cast.stay_of(town.home, 9, 11)[1]
    here = f"/g/{link.token}/"
    town.ids["token"] = own.token
    town.guests = {
        "which day": here,
        "which day, arriving": f"{here}?side=arriving",
        "what is free": f"{here}?departure={leaves}",
        "nothing free": f"{here}?departure={busy}",
        "a day that is none": f"{here}?departure=tomorrow",
        "a stay's own": f"/g/{own.token}/",
        "stopped": f"/g/{stopped.token}/",
    }
    for number, state in enumerate(Purchase.State.values):
        bought = _purchase(link, state, _span(town, 60 + 3 * number, 62 + 3 * number), now)
        town.guests[f"{state} purchase"] = f"{here}{bought.public_id}/"


def _purchase(link: StayLink, state: str, nights: Span, now: datetime) -> Purchase:
    home, pays = link.property, state in OPEN
    bought = Purchase.objects.create(
        organization_id=home.organization_id,
        property=home,
        stay_link=link,
        state=state,
        reason=ENDED.get(state, ""),
        decided_at=None if state in OPEN | {"held", "asked"} else now,
        requested_at=None if state in {"held", "lapsed"} else now,
        answer_by=now + timedelta(hours=20) if state == "asked" else None,
        guest_name="" if state == "held" else "Marta Puig",
        guest_email="" if state == "held" else "marta@example.org",
        collection="card" if pays else "property",
        day=nights.start,
        nights=date_range(nights),
        period=instants(home.house.stay(nights)),
        amount=19_800,
        currency="EUR",
        created_at=now,
        held_until=now + timedelta(minutes=10),
        **({"cancelled_by": "guest", "refund": 0} if state == "cancelled" else {}),
    )
    if pays:
        Payment.objects.create(
            organization_id=home.organization_id,
            purchase=bought,
            account="acct_1",
            amount=bought.amount,
            state="open",
            created_at=now,
        )
    return bought


def _trouble(town: Town, now: datetime) -> None:
    """A sale that a site sells as well, its certificate, and an alert of each kind."""
    home = town.home
    sold = Purchase.objects.get(property=home, state=Purchase.State.CONFIRMED)
    with ledger.changing(home, now) as change:
        ledger.hold(change, sold.span, until=now + timedelta(minutes=10), reference=sold.public_id)
        ledger.confirm(change, sold.public_id)
        certificates.certify(sold, now)
    feed = Feed.objects.get(property=home, channel="airbnb")
    cast.an_import(feed, Span(sold.span.start, sold.span.end + timedelta(days=1)), now, uid="twice")
    conflict = Alert.objects.get(kind=Alert.Kind.CONFLICT)
    told = {
        "feed": feed.title,
        "nights": 2,
        "first": "Airbnb",
        "second": "",
        "link": "Vrbo",
        "account": "Coast",
        "percent": 80,
        "system": "Escapia",
        "reason": "The nights are not free.",
    }
    days = {
        "arrival": str(sold.span.start),
        "departure": str(sold.span.end),
        "since": (now - timedelta(days=2)).isoformat(),
    }
    for kind in set(Alert.Kind.values) - {Alert.Kind.CONFLICT}:
        alert = Alert.objects.create(
            organization_id=home.organization_id,
            property=home,
            feed=feed,
            kind=kind,
            key=f"{kind} {feed.pk}",
            details=told | days,
            opened_at=now,
        )
    town.ids |= {
        "purchase_id": sold.public_id,
        "conflict_id": conflict.public_id,
        "alert_id": alert.public_id,
    }


def _others(town: Town, organization: Organization, alice: User) -> None:
    """A webhook that was told something, and the address that turns Alice's e-mails off."""
    webhook, message = cast.a_message(organization)
    member = alice.memberships.get()
    now = timezone.now()
    token, _text = tokens.make(organization, tokens.Wanted("PMS", ["calendar:read"]), alice.email, now)
    invited = teams.invite(organization, alice, "dave@example.org", now, role=Role.VIEWER)
    carol = cast.a_member(organization, "carol@example.org", Role.VIEWER)
    cast.a_shown_home(town.home)
    vendor = cast.a_vendor(organization, words="Old houses and a garden.", website="https://gracia.example/")
    wish = JoinRequest.objects.create(
        name="Ada Lovelace", email="ada@example.org", domain="ada.example", language="en", asked_at=now
    )
    town.ids |= {
        "slug": vendor.slug,
        "confirmation": joining.link(wish).rstrip("/").rpartition("/")[2],
    }
    town.ids |= {
        "member_id": str(carol.memberships.get().pk),
        "invitation_id": invited.public_id,
        "token_id": token.public_id,
        "view_id": cast.a_saved_view(member).public_id,
        "deed_id": "nothing",
        "webhook_id": webhook.public_id,
        "connection_id": cast.a_connection(
            organization, looked_at=now, units=UNITS, works=["listings"]
        ).public_id,
        "message_id": message.public_id,
        "signed": wishes.off_address(member, next(iter(Topic))).rstrip("/").rpartition("/")[2],
    }
