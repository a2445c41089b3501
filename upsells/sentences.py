"""What a host reads about offers: which rule stopped what, what a price is made of, what an offer costs at a glance."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from calendars.models import Feed
from domain.house import House
from domain.money import Money
from domain.offers import NIGHTLY, Kind, Mode
from domain.prices import Item, Line, Price
from domain.stops import Stop, Why
from properties import dates
from properties.dates import clock, day, stay
from properties.models import Property
from properties.templatetags.stays import money, percent
from upsells.models import Offer, Payment, Purchase

LATE_SIDE = frozenset({Kind.EXTRA_NIGHTS, Kind.LATE_CHECK_OUT})
ITEMS: Mapping[str, Any] = {
    Item.NIGHT: gettext_lazy("Night"),
    Item.HOURS: gettext_lazy("Hours"),
    Item.LOST_NIGHT: gettext_lazy("Lost night"),
    Item.LENGTH: gettext_lazy("Longer stay"),
    Item.WEEKEND: gettext_lazy("Weekend"),
    Item.LAST_MINUTE: gettext_lazy("Bought late"),
    Item.GAP: gettext_lazy("Fills the gap"),
    Item.MINIMUM: gettext_lazy("Up to the minimum"),
    Item.ROUNDING: gettext_lazy("Rounded"),
    Item.TAX: gettext_lazy("Tax"),
}


# Why not more


def stopped(kind: Kind, stop: Stop, house: House, *, some: bool) -> str:
    """Which rule stopped an offer, in one sentence; `some` when there are quotes and it stopped only more."""
    words = _of_nights(kind, stop, house) if kind in NIGHTLY else _of_hours(kind, stop, house)
    return _("Why not more: %(why)s") % {"why": words} if some else capfirst(words)


def _of_nights(kind: Kind, stop: Stop, house: House) -> str:
    count = {"n": stop.count}
    match stop.why:
        case Why.MOST:
            most = stop.count - 1
            return ngettext("you sell %(n)s night at most.", "you sell %(n)s nights at most.", most) % {
                "n": most
            }
        case Why.ORPHAN:
            return (
                ngettext(
                    "%(n)s night would leave a gap that is too short for anybody else.",
                    "%(n)s nights would leave a gap that is too short for anybody else.",
                    stop.count,
                )
                % count
            )
        case Why.OVER if stop.count:
            return _("the night of %(night)s has begun or is over.") % _at(stop, house)
        case Why.TURNAROUND:
            words = (
                _("the next guest arrives early, on %(at)s, and the home couldn't be cleaned before.")
                if kind in LATE_SIDE
                else _("the guest before leaves late, on %(at)s, and the home couldn't be cleaned after.")
            )
            return words % _at(stop, house)
        case Why.HOURS:
            words = (
                _("something else is in the calendar from %(at)s on.")
                if kind in LATE_SIDE
                else _("something else is in the calendar until %(at)s.")
            )
            return words % _at(stop, house)
    return _of_days(stop, house)


def _of_hours(kind: Kind, stop: Stop, house: House) -> str:
    late = kind in LATE_SIDE
    match stop.why:
        case Why.MOST:
            words = (
                _("you sell it until %(time)s at most.")
                if late
                else _("you sell it from %(time)s at the earliest.")
            )
        case Why.LIMIT:
            words = _("your latest time is %(time)s.") if late else _("your earliest time is %(time)s.")
        case Why.TURNAROUND:
            words = (
                _("the next guest comes at %(time)s, so cleaning must begin by %(turn)s.")
                if late
                else _("the guest before leaves at %(time)s, so cleaning isn't done until %(turn)s.")
            )
        case Why.HOURS:
            words = (
                _("something else is in the calendar from %(time)s on.")
                if late
                else _("something else is in the calendar until %(time)s.")
            )
        case Why.CLOSES_NIGHT:
            words = (
                _("any later, nobody could arrive for the night of %(night)s, and you don't allow that.")
                if late
                else _("any earlier, nobody could stay the night of %(night)s, and you don't allow that.")
            )
        case Why.CUT_OFF if not late and stop.turn:
            words = _("%(turn)s can't be bought any more; that was possible until %(at)s.")
        case _other:
            return _of_days(stop, house)
    return words % _at(stop, house)


DAYS: Mapping[Why, Any] = {
    Why.OVER: gettext_lazy("%(night)s is over."),
    Why.CUT_OFF: gettext_lazy("it was on sale until %(at)s."),
    Why.NOT_YET: gettext_lazy("it goes on sale on %(at)s."),
    Why.TAKEN: gettext_lazy("the night of %(night)s is taken."),
    Why.WEEKDAY: gettext_lazy("you don't sell it for a %(weekday)s."),
    Why.BLACKOUT: gettext_lazy("%(night)s is among the dates that you excluded."),
    Why.CLEANERS: gettext_lazy(
        "the cleaners can take no more late check-outs and early check-ins on %(night)s."
    ),
    Why.SOLD: gettext_lazy("nights or hours beside %(night)s are already sold to its guest."),
}


def _of_days(stop: Stop, house: House) -> str:
    """The rules that nights and hours share."""
    words = DAYS[stop.why]
    if stop.why is Why.SOLD and stop.at:
        words = _("its guest is booking nights or hours beside %(night)s; they are kept until %(at)s.")
    text: str = words % _at(stop, house)
    return text


def _at(stop: Stop, house: House) -> dict[str, Any]:
    return {
        "n": stop.count,
        "night": day(stop.night) if stop.night else "",
        "weekday": dates.when(stop.night, "cccc"),
        "at": moment(stop.at, house) if stop.at else "",
        "time": _clock(stop.at, house),
        "turn": _clock(stop.turn, house),
    }


def _clock(at: datetime | None, house: House) -> str:
    return clock(at.astimezone(house.zone)) if at else ""


def moment(at: datetime, house: House) -> str:
    """A local day and time: 4 Dec, 11:00."""
    return dates.moment(at.astimezone(house.zone))


def feeds(feeds: Iterable[Feed], mode: Mode, zone: tzinfo) -> str:
    """What the calendars leave of an offer, in one sentence; empty while all is well.

    `mode` is what freshness leaves of "at once".
    """
    feed = least_known(feeds)
    if feed is None:
        return _(
            "No calendar is connected: nobody knows which nights are free, so guests are offered nothing."
        )
    if feed.paused_at:
        words = _("%(feed)s is paused: nobody knows which nights it takes, so guests are offered nothing.")
    elif mode is Mode.INSTANT:
        return ""
    elif feed.last_good_at is None:
        words = _(
            "%(feed)s hasn't been read yet: nobody knows which nights it takes, so guests are offered nothing."
        )
    elif mode is Mode.APPROVAL:
        words = _("%(feed)s was last read on %(at)s. Until the next good read, guests can only ask.")
    else:
        words = _(
            "%(feed)s was last read on %(at)s, more than an hour ago. Offers come back with the next good read."
        )
    at = dates.moment(feed.last_good_at.astimezone(zone)) if feed.last_good_at else ""
    return words % {"feed": feed.title, "at": at}


def least_known(feeds: Iterable[Feed]) -> Feed | None:
    """Of several calendars the one of which least is known: a paused one, one never read, that read longest ago."""
    return min(feeds, key=_age, default=None)


def _age(feed: Feed) -> tuple[bool, bool, float]:
    read = feed.last_good_at
    return feed.paused_at is None, read is not None, read.timestamp() if read else 0


# What it costs


def line(each: Line) -> str:
    """What one line of a price is for."""
    if each.item is Item.TAX:
        return each.name
    return f"{ITEMS[each.item]}, {day(each.on)}" if each.on else str(ITEMS[each.item])


def lines(price: Price) -> list[tuple[str, str]]:
    """A price as it is made up: what for, and how much."""
    return [(line(each), money(each.amount)) for each in price.lines]


def kept_lines(purchase: Purchase) -> list[tuple[str, str]]:
    """The same of a purchase, as its guest was shown it."""
    found = []
    for item, amount, on, name in purchase.lines:
        words = name if item == Item.TAX else str(ITEMS.get(item, item))
        night = f", {day(_date(on))}" if on else ""
        found.append((words + night, money(Money(amount, purchase.currency))))
    return found


def _date(text: str) -> Any:
    return datetime.fromisoformat(text).date()


def glance(offer: Offer, home: Property) -> str:
    """The price of an offer in a few words."""
    amount = money(Money(offer.price, offer.currency))
    by = Offer.PricedBy
    if offer.currency != home.currency:
        return _("its price is still in %(currency)s") % {"currency": offer.currency}
    match offer.priced_by:
        case by.PERCENT:
            example = money(home.rate.share(offer.percent))
            words = _("%(percent)s of the night's price, usually %(amount)s")
            return words % {"percent": percent(offer.percent), "amount": example}
        case by.PER_HOUR:
            return _("%(amount)s an hour") % {"amount": amount}
        case by.SLOTS:
            first = money(Money(offer.slots[0][1], offer.currency))
            return _("from %(amount)s, by length") % {"amount": first}
    words = _("%(amount)s a night") if offer.is_nightly else _("%(amount)s, however long")
    return words % {"amount": amount}


def reach(offer: Offer, home: Property, farthest: str) -> str:
    """How far an offer goes, in a few words; `farthest` is the local time that hours end at."""
    if offer.is_nightly:
        return ngettext("at most %(n)s night", "at most %(n)s nights", offer.most_nights) % {
            "n": offer.most_nights
        }
    late = offer.kind == Offer.Kind.LATE_CHECK_OUT
    words = _("until %(time)s instead of %(usual)s") if late else _("from %(time)s instead of %(usual)s")
    usual = home.check_out if late else home.check_in
    return words % {"time": farthest, "usual": clock(usual)}


def bought(purchase: Purchase, house: House) -> tuple[str, str]:
    """What a guest bought or asks for, and when that is."""
    span = purchase.span
    if purchase.is_nightly and span:
        words = ngettext("%(n)s extra night", "%(n)s extra nights", len(span))
        if purchase.kind == Kind.NIGHTS_BEFORE:
            words = ngettext("%(n)s night before the stay", "%(n)s nights before the stay", len(span))
        return words % {"n": len(span)}, stay(span)
    late = purchase.kind == Kind.LATE_CHECK_OUT
    at = (purchase.takes.end if late else purchase.takes.start).astimezone(house.zone)
    words = _("Late check-out, until %(time)s") if late else _("Early check-in, from %(time)s")
    return words % {"time": clock(at)}, day(purchase.day)


def stuck(payment: Payment) -> tuple[str, ...]:
    """What a host does about a payment that doesn't move: first why, then what there is to do; empty when it moves."""
    if payment.refused_since:
        return _refused(payment)
    if not payment.came_back or not payment.owed:
        return ()
    words = {"amount": money(payment.owed), "payment": payment.intent_id}
    return (
        _("The guest's bank has sent %(amount)s back to your Stripe account (%(payment)s).") % words,
        _("It is tried again by itself, at growing intervals and at least once a day."),
        _(
            "If it keeps coming back, ask the guest to talk to their bank: it can only go to the card that paid."
        ),
    )


def _refused(payment: Payment) -> tuple[str, ...]:
    state, amount = payment.purchase.state, money(payment.owed or payment.total)
    words = {"amount": amount, "trouble": payment.trouble, "payment": payment.intent_id or payment.public_id}
    first = _("Stripe refuses to act on this payment: %(trouble)s") % words
    if payment.owed:
        return (
            first,
            _("%(amount)s should go back to the guest. Give it back in your Stripe dashboard (%(payment)s).")
            % words,
            _("Or connect your account to Amplistay again: then it goes back by itself, and only once."),
        )
    if payment.captured:
        return (first,)
    if state == Purchase.State.CAPTURING:
        return (
            first,
            _("It is sold and closed everywhere, but %(amount)s couldn't be charged so far.") % words,
            _(
                "Connect your account again within a day; after that the sale ends and its time is open again."
            ),
        )
    if state in Purchase.ALIVE:
        return (
            first,
            _("Connect your account again; if that takes too long, the guest is told and pays nothing."),
        )
    return (
        first,
        _("Nothing was charged. What may be reserved on the card is released by itself within seven days."),
    )
