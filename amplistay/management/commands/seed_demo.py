"""Fill an installation with a demo host, three homes and their simulated channels."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Organization, User
from amplistay.context import DEMO_EMAIL, DEMO_PASSWORD
from calendars import exports, ledger, linking
from calendars.models import ExportLink, Feed
from connectors import links
from domain.channels import recognise
from properties.models import Property
from upsells.models import Offer, PayoutAccount, StayLink

TIMEOUT_S = 10
DEMO_ACCOUNT = "acct_calmcoast"


@dataclass(frozen=True, slots=True)
class Listing:
    """One simulated listing: its channel, and stays as (arrival offset, nights, guest) from today."""

    channel: str
    stays: tuple[tuple[int, int, str], ...]
    blocks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """One property of the demo with its listings."""

    key: str
    name: str
    zone: str
    currency: str
    rate: int
    extra_night: int
    pays_by_card: bool = field(default=False, kw_only=True)
    listings: tuple[Listing, ...] = field(default_factory=tuple)


HOMES = (
    Home(
        "barcelona",
        "Casa Gràcia",
        "Europe/Madrid",
        "EUR",
        12_000,
        9_900,
        (
            Listing(
                "airbnb", ((-2, 5, "Marta Puig"), (9, 4, "Jonas Weber"), (26, 7, "Ana Costa")), ((16, 1),)
            ),
            Listing("booking", ((5, 2, "Emily Clark"), (18, 5, "Paul Martin"))),
        ),
        pays_by_card=True,
    ),
    Home(
        "lisbon",
        "Alfama Terrace",
        "Europe/Lisbon",
        "EUR",
        9_500,
        8_000,
        (Listing("manager", ((-1, 3, "Inês Rocha"), (4, 3, "Luca Bianchi"), (12, 6, "Sofia Lund"))),),
    ),
    Home(
        "orlando",
        "Lake House Orlando",
        "America/New_York",
        "USD",
        18_900,
        15_900,
        (
            Listing("vrbo", ((-3, 6, "Kevin Jones"), (10, 7, "Maria Lopez"))),
            Listing("booking_legacy", ((4, 3, "Chen Wei"), (21, 4, "Olga Novak"))),
            Listing("google", ((31, 3, "Family visit"),)),
        ),
    ),
)


class Command(BaseCommand):
    """`seed_demo`: may be run again; what is there already is left alone."""

    help = "Makes the demo host, three homes and their listings in the running simulator."

    def handle(self, *_: Any, **__: Any) -> None:
        """Homes one by one, then the words that `bin/up` shows."""
        if not settings.DEMO:
            message = "This fills a demo. Set DEMO=1 where that is wanted."
            raise CommandError(message)
        organization = self._host()
        try:
            takes_cards = self._account(organization)
            for home in HOMES:
                self._home(organization, home, takes_cards=takes_cards)
        except requests.RequestException as error:
            message = f"The simulator doesn't answer at {settings.SIMULATOR_URL}: {type(error).__name__}."
            raise CommandError(message) from error
        self.stdout.write(f"Demo log-in: {DEMO_EMAIL} / {DEMO_PASSWORD}")

    def _host(self) -> Organization:
        user = User.objects.filter(email=DEMO_EMAIL).first()
        if user is not None:
            return user.memberships.select_related("organization").get().organization
        with transaction.atomic():
            user = User.objects.create_user(DEMO_EMAIL, DEMO_PASSWORD)
            EmailAddress.objects.create(user=user, email=DEMO_EMAIL, verified=True, primary=True)
            organization = Organization.objects.create(name="Calm Coast Homes")
            Membership.objects.create(organization=organization, user=user, role=Membership.Role.OWNER)
        return organization

    def _account(self, organization: Organization) -> bool:
        """The demo host's account at the simulated Stripe; False where payments aren't the simulator's."""
        if not (settings.STRIPE_SIMULATED and settings.STRIPE_SECRET_KEY):
            return False
        _post("/api/stripe/accounts", {"id": DEMO_ACCOUNT, "country": "ES", "email": DEMO_EMAIL})
        now = timezone.now()
        told = {"charges_enabled": True, "details_submitted": True, "wanted_at": now, "checked_at": now}
        PayoutAccount.objects.get_or_create(
            organization=organization, defaults={"stripe_id": DEMO_ACCOUNT, "country": "ES", **told}
        )
        return True

    def _home(self, organization: Organization, home: Home, *, takes_cards: bool) -> None:
        now = timezone.now()
        row, new = Property.objects.get_or_create(
            organization=organization,
            name=home.name,
            defaults={"time_zone": home.zone, "currency": home.currency, "nightly_rate": home.rate},
        )
        today = row.house.today(now)
        for listing in home.listings:
            self._listing(row, home, listing, today, now)
        if new:
            for kind, price in {
                Offer.Kind.EXTRA_NIGHTS: home.extra_night,
                Offer.Kind.NIGHTS_BEFORE: home.extra_night,
                Offer.Kind.LATE_CHECK_OUT: home.extra_night // 800 * 100,
                Offer.Kind.EARLY_CHECK_IN: home.extra_night // 800 * 100,
            }.items():
                Offer.objects.create(
                    organization=organization,
                    property=row,
                    kind=kind,
                    mode=Offer.Mode.INSTANT,
                    currency=home.currency,
                    priced_by=Offer.PricedBy.FIXED if kind in Offer.NIGHTLY else Offer.PricedBy.PER_HOUR,
                    price=price,
                    collection={"": Offer.Collection.CARD} if takes_cards and home.pays_by_card else {},
                )
            StayLink.objects.create(organization=organization, property=row, created_at=now)

    def _listing(self, row: Property, home: Home, listing: Listing, today: date, now: datetime) -> None:
        """The simulated listing, our feed of it, and its import of our export link."""
        key = f"{home.key}-{listing.channel}"
        wanted: dict[str, object] = {
            "id": key,
            "channel": listing.channel,
            "name": home.name,
            "timezone": home.zone,
        }
        answer = _post("/api/listings", wanted)
        url = links.normalise(answer.json()["export_url"], loopback_ports=settings.LOOPBACK_FEED_PORTS)
        if not answer.json()["bookings"]:
            self._book(key, listing, today)
        feed, new = Feed.objects.get_or_create(
            property=row,
            organization_id=row.organization_id,
            url_digest=links.digest(url),
            defaults={
                "url": url,
                "host": urlsplit(url).hostname or "",
                "channel": recognise(url),
                "created_at": now,
                "next_poll_at": now,
            },
        )
        if new and not ExportLink.objects.filter(property=row, channel=feed.channel).exists():
            with ledger.changing(row, now) as change:
                linking.new_link(change, feed.channel)
        if not answer.json()["imports"]:
            link = ExportLink.objects.live().filter(property=row, channel=feed.channel).get()
            _post(f"/api/listings/{key}/imports", {"url": exports.address(link), "label": "Amplistay"})

    def _book(self, key: str, listing: Listing, today: date) -> None:
        wanted = [(start, nights, guest, "booking") for start, nights, guest in listing.stays]
        wanted += [(start, nights, "", "block") for start, nights in listing.blocks]
        for start, nights, guest, kind in wanted:
            arrival = today + timedelta(days=start)
            departure = arrival + timedelta(days=nights)
            _post(
                f"/api/listings/{key}/bookings",
                {"arrival": str(arrival), "departure": str(departure), "guest": guest, "kind": kind},
            )


def _post(path: str, body: dict[str, object]) -> requests.Response:
    answer = requests.post(settings.SIMULATOR_URL + path, json=body, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer
