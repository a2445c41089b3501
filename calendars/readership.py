"""Whether the loop is closed, as far as it shows: who reads each link, how often, and which sales they have seen.

Sentences are those of the active language, their times of the property's zone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from psycopg.types.range import TimestamptzRange

from accounts.statements import Given, Statement
from calendars import receipts
from calendars.models import Block, ExportLink, Readership, Suspension
from calendars.sentences import every
from calendars.unread import NEW
from domain.pulls import Plan, is_late, patience, plan
from domain.readers import NAMELESS, VISITORS, counted, is_stranger
from properties import dates
from properties.models import Property

MOST_SALES = 40
MOST_NAMED = 3
LATELY = timedelta(days=7)
MINUTE = timedelta(minutes=1)


class State(TextChoices):
    """How a link is read, in a word."""

    NEW = "new", gettext_lazy("Not read yet")
    READ = "read", gettext_lazy("Read")
    UNREAD = "unread", gettext_lazy("Never read")
    STOPPED = "stopped", gettext_lazy("No longer read")
    UNSEEN = "unseen", gettext_lazy("Sale not seen yet")
    STRANGER = "stranger", gettext_lazy("Read by another site")


TONES = {State.READ: "ok", State.NEW: "info", State.UNREAD: "bad", State.STOPPED: "bad"}


@dataclass(frozen=True, slots=True)
class Exposure:
    """A sale in one link: since when it is there, when the site first read it, and whether that takes too long."""

    link: ExportLink
    since: datetime
    seen: datetime | None
    is_late: bool
    says: str

    @property
    def title(self) -> str:
        """The link's name."""
        return self.link.title


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads one link: the site it is for, or what may be it, and sites that it is surely not for.

    `openers` are other programs that opened it, which don't count: previews of an address, monitors, tools, and what
    isn't called as the site is where the site reads under its own name. `back` tells, by their keys, when sales came
    back into the link.
    """

    link: ExportLink
    own: tuple[Readership, ...] = ()
    strangers: tuple[Readership, ...] = ()
    browser: Readership | None = None
    openers: tuple[Readership, ...] = ()
    back: Mapping[int, datetime] = field(default_factory=dict)

    def told_since(self, block: Block) -> datetime:
        """Since when the link tells of the sale; one that was left out for a while counts from its coming back."""
        return max(block.changed_at, self.link.created_at, self.back.get(block.pk, block.changed_at))

    @property
    def expected(self) -> Plan:
        """What is known of the site where nothing is learnt."""
        return plan(self.link.source)

    @property
    def last(self) -> Readership | None:
        """Who read it last."""
        return max(self.own, key=lambda each: each.last_at, default=None)

    @property
    def learnt(self) -> Readership | None:
        """Whose intervals are known; of several the one that came most often."""
        known = (each for each in self.own if each.usual_s is not None)
        return max(known, key=lambda each: (each.visits, -each.pk), default=None)

    def has_stopped(self, now: datetime) -> bool:
        """Whether all have been silent for four of their intervals."""
        late = [is_late(each.last_at, each.usual_s, self.expected, now) for each in self.own]
        return bool(late) and all(late)

    @property
    def patience(self) -> timedelta:
        """After how long a sale should have been seen."""
        return patience(self.learnt.slow_s if self.learnt else None, self.expected)

    @property
    def usually(self) -> str:
        """How often it is read; where that isn't learnt, what is known of the site."""
        if self.learnt and self.learnt.usual_s is not None:
            return _("It usually reads %(every)s.") % {"every": every(self.learnt.usual_s)}
        words = {"every": every(self.expected.usual.total_seconds()), "site": self.link.site}
        if self.link.source.key == "other":
            return _("How often it reads isn't known yet; most sites read %(every)s.") % words
        return _("How often it reads isn't known yet; %(site)s is said to read %(every)s.") % words


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a page shows of a link: its state as a chip, and sentences."""

    state: State
    says: tuple[str, ...]
    advice: str = ""
    sales: tuple[str, ...] = field(default=())

    @property
    def tone(self) -> str:
        """The chip's."""
        return TONES.get(self.state, "warn")


# Reading the rows


_ROWS = Statement(lambda: Readership.objects.filter(link__in=Given("links")).order_by("pk"))
_BACK = Statement(
    lambda: Suspension.objects.filter(link__in=Given("links"), back_at__isnull=False).values_list(
        "link", "block", "back_at"
    )
)


def readers(links: Iterable[ExportLink]) -> dict[int, Readers]:
    """Who reads each of the links, by their ids."""
    links = list(links)
    rows: dict[int, list[Readership]] = defaultdict(list)
    numbers = [link.pk for link in links]
    if not numbers:
        return {}
    for row in _ROWS(links=numbers):
        rows[row.link_id].append(row)
    back: dict[int, dict[int, datetime]] = defaultdict(dict)
    for pk, sale, at in _BACK(links=numbers):
        if at:
            back[pk][sale] = at
    return {link.pk: replace(_sorted(link, rows[link.pk]), back=back[link.pk]) for link in links}


def _sorted(link: ExportLink, rows: Sequence[Readership]) -> Readers:
    programs = [row for row in rows if row.reader != receipts.BROWSER]
    names = counted((row.reader for row in programs), link.source)
    others = [row for row in programs if row.reader not in names]
    strangers = [row for row in others if row.reader not in VISITORS and is_stranger(row.reader, link.source)]
    return Readers(
        link,
        own=tuple(row for row in programs if row.reader in names),
        strangers=tuple(strangers),
        browser=next((row for row in rows if row.reader == receipts.BROWSER), None),
        openers=tuple(row for row in others if row not in strangers),
    )


def exposures(block: Block, now: datetime) -> list[Exposure]:
    """How long each link's site didn't know of the sale, or hasn't known so far."""
    seen = receipts.seen(block)
    known = readers(seen)
    return [_exposure(block, known[link.pk], at, now) for link, at in seen.items()]


def _exposure(block: Block, known: Readers, seen: datetime | None, now: datetime) -> Exposure:
    since = known.told_since(block)
    is_late = seen is None and _is_late(block, known, now)
    if seen:
        says = _("Read there %(time)s after the sale.") % {"time": _time(since, seen)}
    elif is_late:
        says = _(
            "Still open there after %(time)s, longer than usual: have it refresh its calendars, or close the nights "
            "there yourself."
        ) % {"time": _time(since, now)}
    else:
        says = _("Still open there, for %(time)s so far.") % {"time": _time(since, now)}
        never = _("It has never read its link: paste it there.")
        says = f"{says} {known.usually if known.own else never}"
    return Exposure(known.link, since, seen, is_late, says)


def _is_late(block: Block, known: Readers, now: datetime) -> bool:
    """Whether the sale, which wasn't seen, should have been."""
    return known.told_since(block) + known.patience <= now


def shown(property: Property, links: Iterable[ExportLink], now: datetime) -> dict[int, Receipt]:
    """What the Connections page shows of each link of the property, by their ids."""
    known = readers(links)
    to_come = TimestamptzRange(now, None)
    sales = Block.objects.filter(property=property, origin=Block.Origin.SALE, nights__isempty=False)
    blocks = list(sales.filter(period__overlap=to_come).order_by("nights")[:MOST_SALES])
    seen = receipts.seen_each(blocks)
    with timezone.override(property.house.zone):
        return {
            pk: _receipt(each, {block: seen[block.pk] for block in blocks}, now) for pk, each in known.items()
        }


# Saying it


def _receipt(known: Readers, seen: dict[Block, dict[ExportLink, datetime | None]], now: datetime) -> Receipt:
    told = {block: at[known.link] for block, at in seen.items() if known.link in at}
    has_late = any(at is None and _is_late(block, known, now) for block, at in told.items())
    state = _state(known, now, has_late=has_late)
    return Receipt(state, _says(known, now), _advice(known, state), _sales(known, told, now))


def _state(known: Readers, now: datetime, *, has_late: bool) -> State:
    if not known.own:
        if known.strangers:
            return State.STRANGER
        is_new = now - known.link.created_at < NEW and not has_late
        return State.NEW if is_new else State.UNREAD
    if known.has_stopped(now):
        return State.STOPPED
    if has_late:
        return State.UNSEEN
    return State.STRANGER if _lately(known.strangers, now) else State.READ


def _lately(rows: Iterable[Readership], now: datetime) -> list[Readership]:
    return [row for row in rows if now - row.last_at < LATELY]


def _says(known: Readers, now: datetime) -> tuple[str, ...]:
    found = []
    if last := known.last:
        words = {"ago": _ago(last.last_at, now), "day": _moment(last.last_at), "reader": _name(last.reader)}
        found.append(_("Last read %(ago)s (%(day)s) by %(reader)s.") % words)
        found.append(known.usually)
    elif browser := known.browser:
        words = {"day": _moment(browser.last_at)}
        found.append(_("Somebody opened it in a browser %(day)s; that doesn't count as reading.") % words)
    for row in sorted(_lately(known.openers, now), key=lambda row: row.last_at)[-MOST_NAMED:]:
        words = {"reader": _name(row.reader), "day": _moment(row.last_at)}
        found.append(_("Opened by %(reader)s, last %(day)s; that doesn't count as reading.") % words)
    for row in _lately(known.strangers, now) if known.own else known.strangers:
        words = {"other": row.reader, "site": known.link.site, "day": _moment(row.last_at)}
        found.append(_("%(other)s reads this link, which is made for %(site)s: last %(day)s.") % words)
    return tuple(found)


ADVICE = {
    State.NEW: gettext_lazy(
        "%(site)s hasn't read it. Paste it there; until then, what you sell here stays open there. Such sites read "
        "%(every)s."
    ),
    State.STOPPED: gettext_lazy(
        "That is much longer than usual. Look whether the link still stands in %(site)s, and paste it once more; until "
        "then, what you sell here stays open there."
    ),
    State.UNSEEN: gettext_lazy(
        "That takes longer than usual. Have %(site)s refresh its calendars, or close the nights there yourself."
    ),
    State.STRANGER: gettext_lazy(
        "Give each site the link that is made for it; otherwise nobody can tell what it has seen."
    ),
    State.READ: "",
}
ALONE = gettext_lazy(
    "%(site)s itself hasn't read it, and what you sell here stays open there. Give each site the link that is made "
    "for it."
)


def _advice(known: Readers, state: State) -> str:
    words = {"site": known.link.site, "every": every(known.expected.usual.total_seconds())}
    is_alone = state == State.STRANGER and not known.own
    template = ALONE if is_alone else ADVICE[State.NEW if state == State.UNREAD else state]
    return str(template) % words


def _sales(known: Readers, told: dict[Block, datetime | None], now: datetime) -> tuple[str, ...]:
    """Which of the sales to come the site has seen, those that it hasn't by name."""
    if not known.own:
        return ()
    missing = [block for block, at in told.items() if at is None]
    found = []
    for block in missing[:MOST_NAMED]:
        since = known.told_since(block)
        words = {"nights": _nights(block), "time": _time(since, now), "day": _moment(since)}
        found.append(_("Hasn't seen your sale of %(nights)s, in the link for %(time)s (%(day)s).") % words)
    if missing[MOST_NAMED:]:
        more = len(missing[MOST_NAMED:])
        rest = ngettext(
            "And %(count)s more that it hasn't seen.", "And %(count)s more that it hasn't seen.", more
        )
        found.append(rest % {"count": more})
    seen = [(at, block) for block, at in told.items() if at]
    if len(seen) == 1:
        ((at, block),) = seen
        words = {"nights": _nights(block), "day": _moment(at)}
        found.append(_("Has seen your sale of %(nights)s: %(day)s.") % words)
    elif seen:
        counted = {"count": str(len(seen)), "day": _moment(max(at for at, _block in seen))}
        sales = ngettext(
            "Has seen %(count)s sale to come, the latest %(day)s.",
            "Has seen %(count)s sales to come, the latest %(day)s.",
            len(seen),
        )
        found.append(sales % counted)
    return tuple(found)


def _nights(block: Block) -> str:
    return dates.between(block.nights.lower, block.nights.upper, "MMMd")


def _name(reader: str) -> str:
    return _("a program without a name") if reader == NAMELESS else reader


def _time(since: datetime, until: datetime) -> str:
    return dates.spelt(until - since) if until - since >= MINUTE else _("less than a minute")


def _ago(at: datetime, now: datetime) -> str:
    if now - at < MINUTE:
        return _("just now")
    return dates.ago(now - at)


def _moment(at: datetime) -> str:
    return dates.moment(timezone.localtime(at))
