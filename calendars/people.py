"""What people read by a link of theirs: everything that takes the home's time, merged, with the hours.

For an owner, a cleaner or a family, in their own calendar. What is booked where, and what is known of the guest, is
told only where the host has ticked it. Whatever a site closes by a rule of its own (preparation, a short gap, advance
notice, the booking window) isn't here: nobody comes, and it moves on every day. Holds aren't either, nor what is ours
and only read back, nor what the host lets be sold all the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from hashlib import blake2b

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from calendars.models import Block, Feed, Suspension
from calendars.retelling import STAYS, is_stay, retold
from domain import encode
from domain.channels import WORDLESS
from domain.diary import MIDNIGHT
from domain.events import BY_RULE, Kind
from domain.house import House
from domain.retold import Shown
from domain.spans import NIGHT, Period
from domain.turnovers import Side, side_of
from properties.dates import clock
from properties.models import Property

OURS = "Amplistay"


@dataclass(frozen=True, slots=True)
class Ticks:
    """What the host lets a link tell beyond the times: titles (channel, kind, notes), and guests."""

    titles: bool = False
    guests: bool = False


class Agenda:
    """The calendar for people of one property, from its blocks as they now are."""

    def __init__(self, property: Property) -> None:
        self._property = property
        self._house = property.house
        self._feeds = Feed.objects.filter(property=property).defer("url").in_bulk()
        rows = Block.objects.filter(property=property, yields=False).exclude(kind__in=BY_RULE)
        rows = rows.exclude(origin=Block.Origin.HOLD).exclude(pk__in=_shown_by_the_channel(property))
        # A site's blocks get other keys whenever they are read anew, so their order comes from what they say.
        self._blocks = list(rows.order_by("feed_id", "nights", "period", "uid", "summary", "pk"))

    def body(self, ticks: Ticks) -> bytes:
        """The file: a function of what it tells alone, in one language whoever has it written."""
        with translation.override(settings.LANGUAGE_CODE):
            told = [*self._ours(ticks), *self._theirs(ticks)]
        # Its name may have been changed under this very lock.
        name = Property.objects.values_list("name", flat=True).get(pk=self._property.pk)
        return encode.agenda(told, self._house.zone, name=name, since=self._property.created_at)

    def _ours(self, ticks: Ticks) -> Iterator[encode.Entry | encode.Timed]:
        """What we have sold, with its hours, and the days that the host has closed."""
        for block in self._blocks:
            uid = f"{block.public_id}@amplistay"
            if block.origin == Block.Origin.SALE:
                words = _with_guest(_sold(block, ticks, self._house), block.summary, ticks)
                yield encode.Timed(uid, _sold_period(block, self._house), words, block.changed_at)
            elif block.origin == Block.Origin.HOST and (span := block.span):
                words = _("Closed")
                if block.summary and ticks.titles:
                    words = f"{words}: {block.summary}"
                yield encode.Entry(uid, span, words, block.changed_at)

    def _theirs(self, ticks: Ticks) -> Iterator[encode.Entry | encode.Timed]:
        """What the sites say, each stay once."""
        numbers: Counter[str] = Counter()
        for block, shown in self._shown:
            uid = self._uid(block)
            numbers[uid] += 1
            uid = f"{uid}{f'-{numbers[uid] - 1}' if numbers[uid] > 1 else ''}@amplistay"
            words = self._words(block, ticks)
            if shown is None:
                yield encode.Timed(uid, _period(block), words, block.changed_at)
            elif shown.hours is None and not self._is_stay(block):
                yield encode.Entry(uid, shown.nights, words, block.changed_at)
            else:
                hours = _stay(shown, self._house)
                is_tentative = block.kind == Kind.TENTATIVE
                yield encode.Timed(uid, hours, words, block.changed_at, is_tentative)

    @cached_property
    def _shown(self) -> list[tuple[Block, Shown | None]]:
        """The sites' blocks with what is to be seen of their nights; with None those that take hours alone."""
        theirs = [row for row in self._blocks if row.feed_id]
        closed = [span for row in self._blocks if row.origin == Block.Origin.HOST and (span := row.span)]
        return [*((row, None) for row in theirs if row.span is None), *retold(theirs, self._feeds, closed)]

    def _is_stay(self, block: Block) -> bool:
        return is_stay(block, self._feeds[block.feed_id])

    def _uid(self, block: Block) -> str:
        """The same for as long as it is the same entry there, though its nights change; it tells nothing of the site.

        Where the site makes its UIDs of the first night that it still lists, ours follow the arrival.
        """
        feed = self._feeds[block.feed_id]
        said = str(block.nights.lower) if feed.channel in WORDLESS and not block.nights.isempty else block.uid
        return blake2b(f"{feed.public_id}\n{said}".encode(), digest_size=12).hexdigest()

    def _words(self, block: Block, ticks: Ticks) -> str:
        is_stay = self._is_stay(block)
        words = _("Booked") if is_stay else _("Closed")
        if ticks.titles:
            kind = {
                Kind.RESERVATION: _("booking"),
                Kind.TENTATIVE: _("tentative booking"),
                Kind.OWNER: _("kept for the owner"),
                Kind.BLOCK: _("booking or closure") if is_stay else _("closed"),
                Kind.HOURS: _("some hours"),
            }.get(Kind(block.kind), _("closed"))
            words = f"{self._feeds[block.feed_id].title}: {kind}"
        return _with_guest(words, block.summary, ticks) if block.kind in STAYS else words


def _shown_by_the_channel(property: Property) -> Iterable[int]:
    """The sales that a channel's own calendar shows as a longer stay of the same guest by now."""
    rows = Suspension.objects.filter(property=property, shown_at__isnull=False)
    return rows.values_list("block", flat=True)


def _sold(block: Block, ticks: Ticks, house: House) -> str:
    """What a sale is called."""
    if block.kind != Kind.HOURS:
        words = _("extra nights")
        return f"{OURS}: {words}" if ticks.titles else _("Booked")
    hours = _period(block)
    if (block.side or side_of(hours, house)) == Side.LEAVING:
        words = _("Late check-out until %(time)s") % {"time": _clock(hours.end, house)}
    else:
        words = _("Early check-in from %(time)s") % {"time": _clock(hours.start, house)}
    return f"{OURS}: {words}" if ticks.titles else words


def _with_guest(words: str, guest: str, ticks: Ticks) -> str:
    return f"{words} ({guest})" if ticks.guests and guest else words


def _sold_period(block: Block, house: House) -> Period:
    """The hours of a sale. Whoever buys nights beside their own stay doesn't leave in between, nor come anew.

    The hours are those that the guest was sold, whatever the house's times are now.
    """
    period, joins = _period(block), block.joins
    if joins is None:
        return period
    if block.side == Side.LEAVING:
        return Period(house.instant(joins, _wall(period.end, house)), period.end)
    return Period(period.start, house.instant(joins, _wall(period.start, house)))


def _stay(shown: Shown, house: House) -> Period:
    """When somebody comes and leaves: at the hours that the calendar names, else at the house's own."""
    usual, nights, said = house.stay(shown.nights), shown.nights, shown.hours
    if said is None:
        return usual
    comes = (
        said.start if _names_an_hour(said.start, (nights.start, nights.start + NIGHT), house) else usual.start
    )
    leaves = said.end if _names_an_hour(said.end, (nights.end, nights.end - NIGHT), house) else usual.end
    return Period(comes, leaves) if comes < leaves else usual


def _names_an_hour(at: datetime, days: tuple[date, date], house: House) -> bool:
    """Whether it is an hour of one of the days; midnight, here or in UTC, is how some calendars write a date."""
    local = at.astimezone(house.zone)
    return local.date() in days and MIDNIGHT not in (local.time(), at.astimezone(UTC).time())


def _period(block: Block) -> Period:
    return Period(block.period.lower, block.period.upper)


def _wall(at: datetime, house: House) -> time:
    return at.astimezone(house.zone).time()


def _clock(at: datetime, house: House) -> str:
    return clock(_wall(at, house))
