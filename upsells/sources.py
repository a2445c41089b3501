"""What a board of many homes is drawn from: rows chosen alike for who draws them and who asks what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import TypedDict

from django.db.models import Exists, Q, QuerySet
from psycopg.types.range import DateRange, TimestamptzRange

from accounts.models import Organization
from accounts.statements import Given, Statement
from calendars import ledger
from calendars.glances import columns
from calendars.models import Alert, Block, Feed, Suspension, date_range
from domain.board import Board
from domain.spans import NIGHT, Span
from properties.models import Property
from upsells.models import Offer, PayoutAccount, StayLink

OF_FEEDS = ("channel", "label", "host", "echoes", "failing_since")  # what is seen of them
READ = ("paused_at", "last_good_at")  # what the prices depend on as well
OF_CLAIMS = ("property_id", *ledger.CLAIMED)


class Where(TypedDict):
    """An organization and some of its homes, by their primary keys."""

    org: int
    homes: list[int]


class Near(TypedDict):
    """A stretch of time, for those who look for nights and for instants."""

    nights: DateRange
    instants: TimestamptzRange


@dataclass(frozen=True)
class Sources:
    """The rows of the database that a board of one organization's homes is drawn from."""

    organization: Organization
    homes: Sequence[Property]
    board: Board

    @cached_property
    def numbers(self) -> list[int]:
        """The homes' primary keys."""
        return [home.pk for home in self.homes]

    @property
    def where(self) -> Where:
        """Whose rows they are."""
        return {"org": self.organization.pk, "homes": self.numbers}

    def near(self, margin: timedelta = NIGHT) -> Near:
        """The nights of the board with a margin around them, and the instants that hold them anywhere on earth."""
        window = self.board.window
        first, last = window.start - margin, window.end + margin
        begins, ends = (datetime.combine(day, time(), UTC) for day in (first - NIGHT, last + NIGHT))
        return {"nights": date_range(Span(first, last)), "instants": TimestamptzRange(begins, ends)}


def feeds(org: int | Given, homes: Sequence[int] | Given) -> QuerySet[Feed]:
    """The homes' calendars."""
    return Feed.objects.of(org).filter(property__in=homes)


def blocks(
    org: int | Given,
    homes: Sequence[int] | Given,
    nights: DateRange | Given,
    instants: TimestamptzRange | Given,
) -> QuerySet[Block]:
    """What takes the homes' time in these nights, or between these instants."""
    near = Q(nights__overlap=nights) | Q(period__overlap=instants)
    return Block.objects.of(org).filter(near, property__in=homes)


def named(org: int | Given, homes: Sequence[int] | Given, nights: DateRange | Given) -> QuerySet[StayLink]:
    """The links that hosts made by hand for stays of these nights, such as direct bookings."""
    links = StayLink.objects.of(org).live()
    return links.filter(property__in=homes, by_hand=True, nights__overlap=nights)


def lengthened(org: int | Given, homes: Sequence[int] | Given) -> QuerySet[Suspension]:
    """Whose sales a site's own calendar shows as a longer stay of the same guest by now."""
    return Suspension.objects.of(org).filter(property__in=homes, shown_at__isnull=False)


def disputes(org: int | Given, homes: Sequence[int] | Given) -> QuerySet[Alert]:
    """The double bookings that nobody has settled."""
    rows = Alert.objects.of(org).open().filter(property__in=homes)
    return rows.filter(kind=Alert.Kind.CONFLICT)


# As the board asks

HERE = {"org": Given("org"), "homes": Given("homes")}
THEN = {"nights": Given("nights"), "instants": Given("instants")}
FEEDS = Statement(lambda: feeds(**HERE).only("property_id", *OF_FEEDS, *READ))
GLANCES = Statement(lambda: columns(blocks(**HERE, **THEN)))
CLAIMS = Statement(
    lambda: blocks(**HERE, **THEN).filter(yields=False).only(*OF_CLAIMS).order_by("nights", "pk")
)
OFFERS = Statement(
    lambda: (
        Offer.objects.of(Given("org"))
        .on()
        .filter(property__in=Given("homes"), kind__in=Offer.NIGHTLY)
        .annotate(takes_cards=Exists(PayoutAccount.objects.of(Given("org")).ready()))
    )
)
NAMED = Statement(lambda: named(**HERE, nights=Given("nights")).only("property_id", "nights"))
LENGTHENED = Statement(lambda: lengthened(**HERE).values_list("block", flat=True))
DISPUTES = Statement(lambda: disputes(**HERE).only("property_id", "details"))
