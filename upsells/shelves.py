"""What a guest is shown: the quotes for one check-out or check-in day, or why there are none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import OperationalError, connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from psycopg.errors import LockNotAvailable

from accounts.statements import Given, Statement
from calendars import ledger
from calendars.models import Feed
from domain import offers
from domain.diary import Diary
from domain.house import House
from domain.offers import Desk, Found, Kind, Mode, Quote
from domain.spans import NIGHT, Span
from domain.stops import Stop, Why
from properties.models import Property
from upsells.models import Offer, PayoutAccount, Purchase

FARTHEST = timedelta(days=365)
AROUND = timedelta(days=62)  # of the diary that one stay can depend on: the most nights and the least gap
# Every guest of a rush asks one of these. As a queryset it takes six times as long, nearly all of it to be worded.
NIGHT_GONE = """SELECT EXISTS (SELECT FROM calendars_block WHERE property_id = %s AND NOT yields AND nights @> %s
                AND NOT (origin = 'hold' AND held_until <= %s))"""
MOMENT_GONE = """SELECT EXISTS (SELECT FROM calendars_block WHERE property_id = %s AND NOT yields AND period @> %s
                 AND NOT (origin = 'hold' AND held_until <= %s))"""
STEPS_OF_HOURS = (Offer.Kind.LATE_CHECK_OUT, Offer.Kind.EARLY_CHECK_IN)


class Side(StrEnum):
    """Which day of their stay a guest names: the one they leave on, or the one they arrive on."""

    LEAVING = "leaving"
    ARRIVING = "arriving"


@dataclass(frozen=True, slots=True)
class Stay:
    """The day of their stay that a guest names, and how many they are."""

    day: date
    side: Side
    persons: int = 1


KINDS: Mapping[Side, tuple[Kind, Kind]] = {
    Side.LEAVING: (Kind.EXTRA_NIGHTS, Kind.LATE_CHECK_OUT),
    Side.ARRIVING: (Kind.NIGHTS_BEFORE, Kind.EARLY_CHECK_IN),
}


class Nothing(StrEnum):
    """Why a guest is offered nothing."""

    OFF = "off"
    STALE = "stale"
    OVER = "over"
    FAR = "far"
    NO_STAY = "no_stay"
    TAKEN = "taken"  # somebody else needs the time
    SOLD = "sold"  # the guest, or who stays with them, has bought time beside that day already
    TOO_LATE = "too_late"  # it could have been bought earlier
    TOO_SOON = "too_soon"  # it can be bought later; `Shelf.opens` says when
    RULED_OUT = "ruled_out"  # the host doesn't sell it on that day


BY_THE_CLOCK = frozenset({Why.CUT_OFF, Why.OVER})
BY_THE_HOST = BY_THE_CLOCK | {Why.NOT_YET, Why.WEEKDAY, Why.BLACKOUT, Why.MOST, Why.LIMIT, Why.CLOSES_NIGHT}


@dataclass(frozen=True, slots=True)
class Choice:
    """A quote with how it may be bought."""

    quote: Quote
    mode: Mode


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is offered for one day of one stay; when that is nothing, why. `stops` is for the host alone."""

    stay: Stay
    choices: tuple[Choice, ...] = ()
    why: Nothing | None = None
    stops: tuple[tuple[Kind, Stop], ...] = ()
    offers: tuple[Offer, ...] = ()

    def of(self, kind: Kind) -> list[Choice]:
        """The choices of one kind."""
        return [choice for choice in self.choices if choice.quote.kind is kind]

    def collection(self, kind: Kind, channel: str) -> str:
        """How the money for one kind is collected from a guest of the channel."""
        return next(offer.collected(channel) for offer in self.offers if offer.kind == kind)

    def is_withdrawn(self, key: str) -> bool:
        """Whether the host or the clock, and not another booking, keeps the quote of that key off the shelf."""
        if self.why not in {None, Nothing.TAKEN, Nothing.SOLD}:
            return True
        kind = key.partition("-")[0]
        return {stop.why for stopped, stop in self.stops if stopped == kind} <= BY_THE_HOST

    def sells(self, side: Side) -> bool:
        """Whether anything is on sale to those who leave, or arrive."""
        return _sells(self.offers, side)

    def find(self, key: str) -> Choice | None:
        """The choice with the quote of that key."""
        return next((choice for choice in self.choices if choice.quote.key == key), None)

    @property
    def opens(self) -> datetime | None:
        """When the first of it may be bought, where it is too soon."""
        return min((stop.at for _, stop in self.stops if stop.why is Why.NOT_YET and stop.at), default=None)


@dataclass(frozen=True, slots=True)
class Stand:
    """What a property sells at the moment: its offers that are on, and how fresh its calendars are.

    `cleaned` is how many changed turnovers the cleaners have on the day that was asked about, `cleaned_before` how
    many on the arrival day, where that was asked about, too.
    """

    offers: tuple[Offer, ...]
    reads: tuple[datetime | None, ...]
    cleaned: int = 0
    cleaned_before: int = 0

    def mode(self, offer: Offer, now: datetime) -> Mode:
        """How the offer may be bought now."""
        return offers.mode(Mode(offer.mode), self.reads, now)

    def sells(self, side: Side) -> bool:
        """Whether anything is on sale to those who leave, or arrive."""
        return _sells(self.offers, side)


def _sells(on_sale: Iterable[Offer], side: Side) -> bool:
    return any(offer.kind in KINDS[side] for offer in on_sale)


def stand(
    home: Property, day: date, now: datetime, channel: str = "", *, arrival: date | None = None
) -> Stand:
    """The property's offers with the last good reads of its feeds, in one query; a paused feed was never read.

    What guests of the channel pay by card isn't on sale while the host's account takes none.
    """
    sells = home.archived_at is None and home.organization.ends_at is None
    found = _offered(home, day, arrival or day, now) if sells else []
    ready = any(getattr(offer, "takes_cards", False) for offer in found)
    payable = tuple(offer for offer in found if is_payable(offer, channel, takes_cards=ready))
    first = payable[0] if payable else None
    reads = tuple(getattr(first, "reads", ()))
    return Stand(payable, reads, getattr(first, "cleaned", 0), getattr(first, "cleaned_before", 0))


def _offered(home: Property, day: date, arrival: date, now: datetime) -> list[Offer]:
    which: dict[str, object] = {"home": home.pk, "currency": home.currency}
    if home.organization.cleanings_a_day is None:
        return _ON_SALE(**which)
    return _BY_CLEANINGS(**which, day=day, arrival=arrival, org=home.organization_id, now=now)


def _on_sale() -> QuerySet[Offer]:
    """What the host of a home sells, each with when the home's calendars were read and whether cards are taken."""
    read = Case(When(paused_at=None, then=F("last_good_at")))
    feeds = Feed.objects.filter(property=OuterRef("property")).annotate(read=read).values("read")
    accounts = PayoutAccount.objects.ready().filter(organization=OuterRef("organization"))
    rows = Offer.objects.filter(property=Given("home"), currency=Given("currency")).on()
    return rows.annotate(reads=ArraySubquery(feeds), takes_cards=Exists(accounts))


def _by_cleanings() -> QuerySet[Offer]:
    """The same, with how many cleanings are changed on both days of the stay."""
    there, before = (_changed_cleanings(Given("org"), Given(day), Given("now")) for day in ("day", "arrival"))
    return _on_sale().annotate(
        cleaned=Coalesce(Subquery(there), 0), cleaned_before=Coalesce(Subquery(before), 0)
    )


_ON_SALE, _BY_CLEANINGS = Statement(_on_sale), Statement(_by_cleanings)


def is_payable(offer: Offer, channel: str, *, takes_cards: bool) -> bool:
    """Whether guests of the channel can pay for it the way the host wants."""
    return offer.collected(channel) != Offer.Collection.CARD or (
        takes_cards and bool(settings.STRIPE_SECRET_KEY)
    )


def shelf(home: Property, stay: Stay, now: datetime, channel: str = "") -> Shelf:
    """What a guest of the channel leaving or arriving on the day may buy, priced; or the reason there is nothing."""
    found = stand(home, stay.day, now, channel)
    if bare := unstocked(home, stay, found, now):
        return bare
    return stocked(home, stay, found, ledger.diary(home, Span(stay.day - AROUND, stay.day + AROUND)), now)


def shelves_of(
    home: Property, nights: Span, persons: int, now: datetime, channel: str = ""
) -> tuple[Shelf, Shelf]:
    """Both shelves of a known stay: of leaving and of arriving."""
    found = stand(home, nights.end, now, channel, arrival=nights.start)
    stands = {Side.LEAVING: found, Side.ARRIVING: replace(found, cleaned=found.cleaned_before)}
    days = {Side.LEAVING: nights.end, Side.ARRIVING: nights.start}
    bare = {side: unstocked(home, Stay(days[side], side, persons), stands[side], now) for side in Side}
    around = Span(nights.start - AROUND, nights.end + AROUND)
    diary = ledger.diary(home, around) if None in bare.values() else Diary(home.house, ())
    leaving, arriving = (
        bare[side] or stocked(home, Stay(days[side], side, persons), stands[side], diary, now)
        for side in (Side.LEAVING, Side.ARRIVING)
    )
    return leaving, arriving


def unstocked(home: Property, stay: Stay, found: Stand, now: datetime) -> Shelf | None:
    """The empty shelf of a day that nothing is sold for, whatever the calendars say; None where they decide."""
    bare = Shelf(stay, offers=found.offers)
    if not found.sells(stay.side):
        return replace(bare, why=Nothing.OFF)
    if why := _unfit(stay.day, home.house.today(now)):
        return replace(bare, why=why)
    if all(found.mode(offer, now) is Mode.OFF for offer in found.offers):
        return replace(bare, why=Nothing.STALE)
    return None


def stocked(home: Property, stay: Stay, found: Stand, diary: Diary, now: datetime) -> Shelf:
    """The shelf by the calendars: empty where no stay begins or ends on a day to come."""
    night = stay.day - NIGHT if stay.side is Side.LEAVING else stay.day
    if stay.day > home.house.today(now) and not diary.is_slept(night):
        return Shelf(stay, offers=found.offers, why=Nothing.NO_STAY)
    return filled(home, stay, found, diary, now)


def filled(home: Property, stay: Stay, found: Stand, diary: Diary, now: datetime) -> Shelf:
    """The shelf for a stay in this diary, whether anybody stays or not."""
    choices: list[Choice] = []
    stops: list[tuple[Kind, Stop]] = []
    for kind in KINDS[stay.side]:
        for offer in found.offers:
            mode = found.mode(offer, now)
            if offer.kind != kind or mode is Mode.OFF:
                continue
            answer = quotes(home, offer, stay, diary, now, cleaned=found.cleaned)
            choices += [Choice(quote, mode) for quote in answer.quotes]
            stops += [(kind, stop) for stop in answer.stops]
    why = None if choices else _why(stop.why for _, stop in stops)
    return Shelf(stay, tuple(choices), why, tuple(stops), found.offers)


def quotes(
    home: Property, offer: Offer, stay: Stay, diary: Diary, now: datetime, *, cleaned: int | None = None
) -> Found:
    """What one offer has for the day; `cleaned` turnovers are changed on it, which are counted where not given.

    What would cost nothing, since the home's prices fell after the offer was made, is left out.
    """
    found = _quotes(home, offer, stay, diary, now, cleaned)
    return replace(found, quotes=tuple(quote for quote in found.quotes if quote.price.net.amount > 0))


def _quotes(  # noqa: PLR0917 - what an offer depends on
    home: Property, offer: Offer, stay: Stay, diary: Diary, now: datetime, cleaned: int | None
) -> Found:
    pricing = offer.price_rules(home.rates, home.tax_rules)
    if offer.is_nightly:
        desk = Desk(diary, pricing, now, stay.persons)
        sold = offers.nights_after if offer.kind == Kind.EXTRA_NIGHTS else offers.nights_before
        return sold(stay.day, offer.night_rules, desk)
    capacity = home.organization.cleanings_a_day
    if cleaned is None and capacity is not None:
        cleaned = next((row["count"] for row in _changed_cleanings(home.organization_id, stay.day, now)), 0)
    desk = Desk(diary, pricing, now, stay.persons, cleaned={stay.day: cleaned or 0})
    hours = replace(offer.hour_rules, capacity=capacity)
    changed = offers.late_check_out if offer.kind == Kind.LATE_CHECK_OUT else offers.early_check_in
    return changed(stay.day, hours, desk)


def is_gone(home: Property, stay: Stay, kind: str, now: datetime) -> bool:
    """Whether somebody has the night, or the moment, right beside the stay, so that nothing of the kind is left.

    One small query, to be asked before the lock and under it. It takes no hold that has run out for a claim; what it
    doesn't see, the shelf does.
    """
    if kind not in KINDS[stay.side] or _unfit(stay.day, home.house.today(now)):
        return False
    query, beside = _beside(home.house, stay, Kind(kind))
    with connection.cursor() as cursor:
        cursor.execute(query, [home.pk, beside, now])
        row = cursor.fetchone()
    return bool(row and row[0])


def _beside(house: House, stay: Stay, kind: Kind) -> tuple[str, date | datetime]:
    """The query, and what every quote of the kind begins or ends with: a night, or a moment by the house's times."""
    match kind:
        case Kind.EXTRA_NIGHTS:
            return NIGHT_GONE, stay.day
        case Kind.NIGHTS_BEFORE:
            return NIGHT_GONE, stay.day - NIGHT
        case Kind.LATE_CHECK_OUT:
            return MOMENT_GONE, house.instant(stay.day, house.check_out)
        case Kind.EARLY_CHECK_IN:
            return MOMENT_GONE, house.instant(stay.day, house.check_in) - timedelta.resolution


def count_cleanings_alone(home: Property, day: date) -> None:
    """Cleaners serve several properties: the changed turnovers of a day are counted by one purchase at a time.

    Raises Crowded when the turn doesn't come within the ledger's own patience.
    """
    if home.organization.cleanings_a_day is None:
        return
    key = f"cleanings {home.organization_id} {day}"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise ledger.Crowded from error
        raise


def _changed_cleanings(
    organization: int | Given, day: date | Given, now: datetime | Given
) -> QuerySet[Purchase, Any]:
    """How many late check-outs and early check-ins the organization has sold or keeps for the day, as a query."""
    keeps = ~Q(state=Purchase.State.HELD) | Q(held_until__gt=now)  # only that state ends by the clock alone
    rows = Purchase.objects.of(organization).filter(keeps, day=day, kind__in=STEPS_OF_HOURS)
    return rows.alive().order_by().values("organization").annotate(count=Count("pk")).values("count")


def _unfit(day: date, today: date) -> Nothing | None:
    """Whether the day is one that nobody can leave or arrive on any more, or not yet."""
    if day < today:
        return Nothing.OVER
    return Nothing.FAR if day > today + FARTHEST else None


def _why(stops: Iterable[Why]) -> Nothing:
    """What to tell a guest whom nothing can be offered for these reasons."""
    whys = frozenset(stops)
    if Why.SOLD in whys:
        return Nothing.SOLD
    if whys <= BY_THE_CLOCK:
        return Nothing.TOO_LATE
    if Why.NOT_YET in whys and whys <= BY_THE_HOST:
        return Nothing.TOO_SOON
    return Nothing.RULED_OUT if whys <= BY_THE_HOST else Nothing.TAKEN
