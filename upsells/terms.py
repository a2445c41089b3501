"""An offer's terms: sensible ones to begin with, what in them contradicts what, the same ones for another home."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.conf import settings
from django.db.models import Case, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.deeds import Change
from billing.limits import why_not_sell
from domain.money import Money, minor_digits
from domain.prices import HUNDRED
from properties.dates import clock, in_hours
from properties.fields import HOUR
from properties.models import Property
from properties.templatetags.stays import percent
from upsells.models import Offer, PayoutAccount

DAY = 24 * HOUR
LATEST, EARLIEST = time(15), time(9)
DEAREST = 10**12  # minor units of one sale
OWN_TOOL = frozenset({"airbnb"})  # sites that want every charge to go through their own tool
FITTING = ("currency", "nightly_rate", "weekday_rates", "seasons", "taxes", "check_in", "check_out")
OF_THE_HOME = frozenset({"id", "organization", "property", "kind", "currency"})
Contradiction = tuple[str, str]  # the field of the form, the sentence


def start(home: Property, kind: str, collection: Mapping[str, str] | None = None) -> Offer:
    """A sensible unsaved offer: nights at their usual rate, hours at an eighth of it, both for a few at most.

    Its money comes in as the host's other offers' does, or as `collection` says.
    """
    offer = Offer(organization_id=home.organization_id, property=home, kind=kind, currency=home.currency)
    offer.collection = dict(usual_collection(home) if collection is None else collection)
    if offer.is_nightly:
        offer.priced_by = Offer.PricedBy.PERCENT
        return offer
    unit = 10 ** minor_digits(home.currency)
    offer.priced_by = Offer.PricedBy.PER_HOUR
    offer.price = max(home.rate.share(1, 8).rounded(unit).amount, unit)
    if kind == Offer.Kind.LATE_CHECK_OUT and home.check_out <= time(LATEST.hour - 1):
        offer.limit = LATEST
    if kind == Offer.Kind.EARLY_CHECK_IN and home.check_in >= time(EARLIEST.hour + 1):
        offer.limit = EARLIEST
    return offer


def at_home(home: Property, offers: Iterable[Offer]) -> dict[str, Offer]:
    """An offer of each kind: the saved one, else one to start with that is off."""
    saved = {offer.kind: offer for offer in offers}
    on_sale = (offer.collection for offer in saved.values() if offer.mode != Offer.Mode.OFF)
    collection = next(on_sale, None)
    if collection is None and len(saved) < len(Offer.Kind.values):
        collection = usual_collection(home)
    return {kind: saved.get(kind) or start(home, kind, collection) for kind in Offer.Kind.values}


def usual_collection(home: Property) -> dict[str, str]:
    """How the money of another offer on sale comes in, at this home or else at the one that has the newest.

    Of the first offer of all, or while no card can be taken: at the property, but where a site has a tool of its own.
    """
    own_first = Case(When(property=home, then=0), default=1)
    rows = Offer.objects.filter(organization=home.organization_id).on().order_by(own_first, "-pk")
    found: dict[str, str] | None = rows.values_list("collection", flat=True).first()
    if found is None or (Offer.Collection.CARD in found.values() and not takes_cards(home)):
        return dict.fromkeys(OWN_TOOL, Offer.Collection.CHANNEL.value)
    return found


def takes_cards(home: Property) -> bool:
    """Whether guests of the home can pay by card at the moment."""
    accounts = PayoutAccount.objects.ready().filter(organization=home.organization_id)
    return bool(settings.STRIPE_SECRET_KEY) and accounts.exists()


def by_card(offer: Offer) -> dict[str, str]:
    """How its money would be collected if guests paid by card wherever the site hasn't a tool of its own."""
    own = {site: how for site, how in offer.collection.items() if how == Offer.Collection.CHANNEL and site}
    return own | {"": Offer.Collection.CARD.value}


def unpayable(home: Property, offers: Iterable[Offer]) -> list[Offer]:
    """Those on sale that some guests would pay by card, and can't."""
    by_card = [
        offer
        for offer in offers
        if offer.mode != Offer.Mode.OFF and Offer.Collection.CARD in offer.collection.values()
    ]
    return by_card if by_card and not takes_cards(home) else []


def refusal(offer: Offer, now: datetime) -> str:
    """Why it can't be put on sale now; empty where it can, is on sale already, or shall be off."""
    if offer.mode == Offer.Mode.OFF or not (why := why_not_sell(offer.organization_id, now)):
        return ""
    rows = Offer.objects.filter(property=offer.property, kind=offer.kind).exclude(mode=Offer.Mode.OFF)
    return "" if rows.exists() else why


# Contradictions


def contradictions(offer: Offer, home: Property) -> list[Contradiction]:
    """What in an offer's terms can't be meant, each with the field that says it; nothing when all of it can."""
    checks = (_nights, _steps) if offer.is_nightly else (_hours, _slots)
    found = [each for check in checks for each in check(offer, home)]
    found += [*_days(offer), *_late(offer)]
    return found or list(_price(offer, home))


def _nights(offer: Offer, _home: Property) -> Iterator[Contradiction]:
    most, gap = offer.most_nights, offer.least_gap
    if gap > most:
        words = _(
            "You sell at most %(most)s and want %(gap)s left: a gap of %(bad)s could never be sold. Sell "
            "more nights, or leave fewer."
        )
        counted = {"most": most, "gap": gap, "bad": most + 1}
        yield "least_gap", words % {name: _count(n) for name, n in counted.items()}


def _count(n: int) -> str:
    return ngettext("%(n)s night", "%(n)s nights", n) % {"n": n}


def _steps(offer: Offer, _home: Property) -> Iterator[Contradiction]:
    for (first, less), (second, more) in pairwise(offer.steps):
        if second <= first or more <= less:
            words = _("Each row must begin later and take more off than the row before: night %(n)s doesn't.")
            yield "steps", words % {"n": second}
            return
    if offer.steps and offer.steps[-1][0] > offer.most_nights:
        words = _("Night %(n)s never comes: you sell at most %(most)s.")
        yield "steps", words % {"n": offer.steps[-1][0], "most": offer.most_nights}


def _hours(offer: Offer, home: Property) -> Iterator[Contradiction]:
    if offer.step_minutes > offer.most_minutes:
        yield (
            "step_minutes",
            _("One step is more than the most you sell. Choose a smaller step or more hours."),
        )
        return
    if offer.limit is None:
        return
    step = timedelta(minutes=offer.step_minutes)
    late = offer.kind == Offer.Kind.LATE_CHECK_OUT
    usual = home.check_out if late else home.check_in
    room = _between(usual, offer.limit) if late else _between(offer.limit, usual)
    if room <= timedelta():
        words = (
            _("Check-out is at %(usual)s anyway. The latest time must be after it.")
            if late
            else _("Check-in is from %(usual)s anyway. The earliest time must be before it.")
        )
        yield "limit", words % {"usual": clock(usual)}
    elif room < step:
        words = _("Not even one step fits between %(usual)s and %(limit)s.")
        yield "limit", words % {"usual": clock(usual), "limit": clock(offer.limit)}


def _between(start: time, end: time) -> timedelta:
    day = date(2000, 1, 1)
    return datetime.combine(day, end) - datetime.combine(day, start)


def _slots(offer: Offer, _home: Property) -> Iterator[Contradiction]:
    if offer.priced_by != Offer.PricedBy.SLOTS:
        return
    if not offer.slots:
        yield "slots", _("Enter at least one slot with its price.")
        return
    for (first, cheap), (second, dear) in pairwise(offer.slots):
        if second <= first or dear < cheap:
            yield "slots", _("Each slot must be longer than the one before, and may not cost less.")
            return
    lengths = [minutes for minutes, _amount in offer.slots]
    for before, length in pairwise([0, *lengths]):
        if before // offer.step_minutes == length // offer.step_minutes:
            words = _("No step ends within the slot up to %(hours)s. Choose smaller steps or a longer slot.")
            yield "slots", words % {"hours": in_hours(length / HOUR)}
            return
    if offer.slots[-1][0] > offer.most_minutes:
        words = _("A slot of %(hours)s never comes: you sell at most %(most)s.")
        hours, most = (in_hours(minutes / HOUR) for minutes in (offer.slots[-1][0], offer.most_minutes))
        yield "slots", words % {"hours": hours, "most": most}


def _days(offer: Offer) -> Iterator[Contradiction]:
    if not offer.weekdays:
        yield "weekdays", _("Choose at least one day, or switch the offer off.")
    for first, end in offer.blackouts:
        if end <= first:
            yield "blackouts", _("A range can't end before it begins.")
            return
    if offer.opens_days is not None and offer.cut_off_minutes >= offer.opens_days * DAY:
        yield "cut_off", _("It would end before it opens. Let it open earlier, or end later.")


def _late(offer: Offer) -> Iterator[Contradiction]:
    """Whether anybody can buy late: `last_minute_hours` count to the guest's own check-out or check-in."""
    if not offer.last_minute_off:
        return
    least = offer.cut_off_minutes
    if offer.kind == Offer.Kind.NIGHTS_BEFORE:
        least += DAY  # what is sold begins a night before the guest comes
    if offer.kind == Offer.Kind.EARLY_CHECK_IN:
        least += offer.step_minutes
    if not offer.last_minute_hours:
        yield "last_minute_hours", _("Enter how many hours before the stay is late.")
    elif offer.last_minute_hours * HOUR <= least:
        yield "last_minute_hours", _("By then nothing is sold any more, so nobody would ever get it.")


def _price(offer: Offer, home: Property) -> Iterator[Contradiction]:
    steps = max((off for _begins, off in offer.steps), default=0) if offer.is_nightly else 0
    weekend = offer.weekend_off if offer.is_nightly else 0
    if steps + weekend >= HUNDRED:
        words = _("With the %(steps)s off for longer stays nothing would be left of the price.")
        yield "weekend_off", words % {"steps": percent(steps)}
        return
    low, high = _range(offer, home)
    off = max(offer.last_minute_off, offer.gap_off if offer.is_nightly else 0)
    least = Money(low, home.currency).share(HUNDRED - steps - max(weekend, 0)).share(HUNDRED - off)
    net = max(least.amount, offer.minimum)
    if net <= 0:
        yield _priced_field(offer), _("Nothing would be left of the price.")
    elif Money(net, home.currency).rounded(offer.rounding).amount <= 0:
        yield (
            "rounding",
            _("The lowest price would be rounded down to nothing. Round less, or set a minimum."),
        )
    nights = offer.most_nights if offer.is_nightly else 1
    if high * nights * (HUNDRED - min(weekend, 0)) > DEAREST * HUNDRED:
        yield _priced_field(offer), _("That would be more than one sale can cost.")


def _priced_field(offer: Offer) -> str:
    by = offer.priced_by
    return by if by in {Offer.PricedBy.PERCENT, Offer.PricedBy.SLOTS} else "price"


def _range(offer: Offer, home: Property) -> tuple[int, int]:
    """The lowest and the highest price of one night or one slot, before anything falls off, in minor units."""
    by = Offer.PricedBy
    match offer.priced_by:
        case by.FIXED:
            return offer.price, offer.price
        case by.PER_HOUR:
            each = (offer.step_minutes, offer.most_minutes)
            low, high = (
                Money(offer.price * minutes, home.currency).share(1, HOUR).amount for minutes in each
            )
            return low, high
        case by.SLOTS:
            return offer.slots[0][1], offer.slots[-1][1]
    rates = home.rates
    amounts = [rates.base, *(amount for _day, amount in rates.weekdays)]
    for season in rates.seasons:
        amounts += [season.base, *(amount for _day, amount in season.weekdays)]
    shares = [Money(amount, home.currency).share(offer.percent).amount for amount in amounts]
    return min(shares), max(shares)


# The same terms elsewhere


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of copying one offer to one home: `refusal` says why it wasn't."""

    home: Property
    offer: Offer
    refusal: str = ""


def copied(offer: Offer, home: Property, now: datetime) -> Copied:
    """The offer with the same terms for another home, unsaved; refused where they can't hold there."""
    twin = copy(offer)
    twin.pk, twin._state = None, copy(offer._state)  # noqa: SLF001 - Django's own way to copy a row
    twin._state.adding = True  # noqa: SLF001 - the documented way to copy a row
    twin.property, twin.organization_id, twin.currency = home, home.organization_id, home.currency
    if _has_amounts(offer) and offer.currency != home.currency:
        words = _("its amounts are in %(one)s, and that home sells in %(other)s")
        return Copied(home, twin, words % {"one": offer.currency, "other": home.currency})
    if why := refusal(twin, now):
        return Copied(home, twin, why)
    found = contradictions(twin, home)
    return Copied(home, twin, found[0][1] if found else "")


def save(offer: Offer) -> Change:
    """Write the terms over those of the same kind at the same home; what that changed."""
    columns = Offer._meta.concrete_fields
    names = [column.name for column in columns if column.name not in OF_THE_HOME]
    values = {name: getattr(offer, name) for name in [*names, "currency"]}
    before = Offer.objects.filter(property=offer.property, kind=offer.kind).values(*values).first()
    row, _is_new = Offer.objects.update_or_create(
        organization_id=offer.organization_id, property=offer.property, kind=offer.kind, defaults=values
    )
    return Change.of(row, before, values)


def of_the_home(home: Property) -> Change:
    """No change, but what must still hold at the home for an offer that fitted it to be put on sale again."""
    same = {name: getattr(home, name) for name in FITTING}
    return Change.of(home, same, same)


def _has_amounts(offer: Offer) -> bool:
    return offer.priced_by != Offer.PricedBy.PERCENT or offer.minimum > 0 or offer.rounding > 1


def farthest(offer: Offer, home: Property) -> str:
    """The local time that the hours of an offer end at, when nothing else stops them; "" for nights."""
    if offer.is_nightly:
        return ""
    late = offer.kind == Offer.Kind.LATE_CHECK_OUT
    usual = home.check_out if late else home.check_in
    span = timedelta(minutes=offer.most_minutes)
    day = datetime(2000, 1, 2)  # noqa: DTZ001 - local wall times of any day
    far = datetime.combine(day, usual) + (span if late else -span)
    if offer.limit is not None:
        limit = datetime.combine(day, offer.limit)
        far = min(far, limit) if late else max(far, limit)
    return clock(far)
