"""What a host finds: homes and their tabs, stays, sales, calendars, pages and help, of their own organization alone.

PostgreSQL compares without accents (`unaccent`), because what is sold has no bound that Python could hold; homes come
best first from there and are judged here together with their tabs. As many queries for every search: one for each
table that is looked into, none for an empty one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from itertools import product
from operator import and_, or_
from typing import Any

from babel import Locale
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organization
from amplistay.places import HELP, PAGES, TABS, Place, channel_help
from calendars.models import Block, Feed, date_range
from domain.channels import CHANNELS
from domain.events import Kind
from domain.money import MINOR_DIGITS, USUAL_DIGITS
from domain.search import SHORT, Asked, amount, asked, fit, fold
from domain.spans import NIGHT, Span
from properties import dates
from properties.models import Property
from properties.templatetags.stays import money
from upsells.models import Purchase, StayLink
from upsells.sentences import bought

HOMES = 50  # judged with their tabs, those that match best by name first
ROWS = 60  # of each table
REMEMBERED = timedelta(days=400)  # nights of other sites that ended earlier aren't looked for
NEVER_MORE = 1_000  # a score above that of every text


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: what it is, what tells it from others, and where it is."""

    title: str
    text: str
    href: str
    icon: str
    score: int


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind, best first; `has_more` where not all of it is in `hits`."""

    kind: str
    title: Any
    hits: Sequence[Hit]
    has_more: bool = False


TITLES = {
    "homes": gettext_lazy("Homes"),
    "days": gettext_lazy("Days"),
    "stays": gettext_lazy("Stays"),
    "sales": gettext_lazy("Sales"),
    "calendars": gettext_lazy("Connected calendars"),
    "pages": gettext_lazy("Pages and actions"),
    "help": gettext_lazy("Help"),
}


def first_places(most: int) -> list[Group]:
    """What is shown before anything is asked: the pages people go to most."""
    pages = [_at(place, 0) for place in PAGES if place.is_first]
    return [Group("pages", TITLES["pages"], pages[:most])]


def find(organization: Organization, text: str, today: date, most: int) -> list[Group]:
    """What answers a text, by kind, the kind with the best answer first; no more than `most` of each."""
    sought = asked(text, today, _months(), _named_days(today))
    if not sought:
        return []
    search = Search(organization, sought, today)
    found = {
        "homes": search.homes(),
        "days": search.days(),
        "stays": search.stays(),
        "sales": search.sales(),
        "calendars": search.calendars(),
        "pages": _places(PAGES, sought.words),
        "help": _help(sought.words),
    }
    groups = []
    for kind, hits in found.items():
        best = sorted(hits, key=lambda hit: -hit.score)  # stable: rows keep their order
        if best:
            groups.append(Group(kind, TITLES[kind], best[:most], len(best) > most))
    return sorted(groups, key=lambda group: -group.hits[0].score)


def _months() -> dict[str, int]:
    """Names of months in the reader's language and in English."""
    found: dict[str, int] = {}
    for name in dict.fromkeys((dates.locale(), "en")):
        months = Locale.parse(name).months["format"]
        for width in ("wide", "abbreviated"):
            found |= {fold(word).rstrip("."): number for number, word in months[width].items()}
    return found


def _named_days(today: date) -> dict[str, date]:
    near = {_("today"): today, _("tomorrow"): today + NIGHT, _("yesterday"): today - NIGHT}
    return {fold(word): day for word, day in near.items()}


def _at(place: Place, score: int) -> Hit:
    return Hit(str(place.title), "", place.href(), place.icon, score)


def _places(places: Iterable[Place], words: Sequence[str]) -> Iterator[Hit]:
    for place in places:
        if score := fit(words, str(place.title), place.sought):
            yield _at(place, score)


def _help(words: Sequence[str]) -> Iterator[Hit]:
    yield from _places(HELP, words)
    for title, beside, href in channel_help():
        if score := fit(words, title, beside):
            yield Hit(title, "", href, "circle-question-mark", score)


def _named(word: str, *columns: str) -> Q:
    """Rows in one of whose columns the word stands: anywhere, or, while it is short, at the beginning of a word."""
    lookup, value = (
        ("icontains", word) if len(word) >= SHORT else ("iregex", rf"\m{word.replace('.', '[.]')}")
    )
    return reduce(or_, (Q(**{f"{column}__unaccent__{lookup}": value}) for column in columns))


@dataclass(frozen=True, slots=True)
class Search:
    """One search in one organization's rows on a day."""

    organization: Organization
    asked: Asked
    today: date

    def homes(self) -> Iterator[Hit]:
        """Homes by name, and their tabs by name and tab ("casa offers"); a home that is alone shows its tabs."""
        matches = sum(
            (Case(When(_named(word, "name"), then=1), default=0) for word in self.asked.words), Value(0)
        )
        rows = Property.objects.of(self.organization).annotate(matches=matches)
        homes = list(rows.order_by("-matches", F("archived_at").desc(nulls_first=True), "name", "pk")[:HOMES])
        by_name = {home: score for home in homes if (score := fit(self.asked.words, home.name))}
        for home, score in by_name.items():
            text = _("archived") if home.archived_at else home.time_zone
            yield Hit(home.name, text, home.get_absolute_url(), "building-2", score)
        is_alone = len(by_name) == 1
        for home, place in product((home for home in homes if home.archived_at is None), TABS):
            score = fit(self.asked.words, f"{home.name} {place.title}", place.sought)
            if score and (is_alone or home not in by_name):
                title = f"{place.title} · {home.name}"
                score = 1 if home in by_name else score
                yield Hit(title, "", place.href(home.public_id), place.icon, score)

    def days(self) -> Iterator[Hit]:
        """The calendar of all homes from the day on."""
        if self.asked.days and not self.asked.rest:
            day = self.asked.days[0]
            title = _("Calendar of all homes from %(day)s") % {"day": dates.day(day)}
            yield Hit(title, "", f"{reverse('planner')}?from={day}", "calendar-days", NEVER_MORE)

    def stays(self) -> Iterator[Hit]:
        """Stays by guest, home, site and day: those with a link of their own, and what calendars say."""
        seen = set()
        for link in self._stay_links():
            seen.add((link.property_id, link.nights))
            site = CHANNELS[link.channel].name if link.channel in CHANNELS else ""
            href = reverse("upsells:stay", args=[link.property.public_id, link.token])
            yield self._stay(link, link.guest, site, href)
        for block in self._blocks():
            if (block.property_id, block.nights) not in seen:
                seen.add((block.property_id, block.nights))
                first = block.nights.lower
                month = reverse("calendars:month", args=[block.property.public_id])
                site = block.feed.title if block.feed else _("Closed by you")
                href = f"{month}?month={first:%Y-%m}&night={first}"
                yield self._stay(block, block.summary, site, href)

    def _stay(self, row: StayLink | Block, who: str, site: str, href: str) -> Hit:
        nights = Span(row.nights.lower, row.nights.upper)
        told = [row.property.name, dates.stay(nights), site]
        title = who or told.pop(1)
        text = " · ".join(filter(None, told))
        return Hit(title, text, href, "moon", self._score(nights, who, row.property.name, site))

    def _score(self, nights: Span, *texts: str) -> int:
        """How well a row answers: by its day, the likeliest before the others, or by its words."""
        for number, day in enumerate(self.asked.days):
            if nights.start <= day <= nights.end:
                return 40 - 10 * number + (fit(self.asked.rest, *texts) or 0)
        return fit(self.asked.words, *texts) or 1

    def _stay_links(self) -> Iterable[StayLink]:
        rows = StayLink.objects.of(self.organization).live().of_stays().filter(gone_at=None)
        found = rows.filter(self._said("guest", "property__name") & self._about("guest"))
        return found.select_related("property").order_by(*_soonest(self.today))[:ROWS]

    def _blocks(self) -> Iterable[Block]:
        guests = Q(origin=Block.Origin.FEED, kind=Kind.RESERVATION) | Q(origin=Block.Origin.HOST)
        rows = Block.objects.of(self.organization).filter(
            guests, nights__endswith__gt=self.today - REMEMBERED
        )
        found = rows.filter(self._said("summary", "property__name") & self._about("summary"))
        columns = (
            "nights",
            "summary",
            "property__name",
            "property__public_id",
            "feed__label",
            "feed__channel",
            "feed__host",
        )
        return found.select_related("property", "feed").only(*columns).order_by(*_soonest(self.today))[:ROWS]

    def _about(self, column: str) -> Q:
        """Of what only a day or a person leads to: a home's name alone doesn't list all its stays."""
        if self.asked.days:
            return Q()
        return reduce(or_, (_named(word, column) for word in self.asked.words))

    def _said(self, *columns: str) -> Q:
        """All words stand in the columns, or those beside the day do and the row is about the day."""
        condition = _all(self.asked.words, columns)
        if not self.asked.days:
            return condition
        on = (Q(nights__overlap=date_range(Span(day - NIGHT, day + NIGHT))) for day in self.asked.days)
        return condition | (_all(self.asked.rest, columns) & reduce(or_, on))

    def sales(self) -> Iterator[Hit]:
        """What was bought or asked for: by guest, address, reference, home, amount and day."""
        columns = ("guest_name", "guest_email", "property__name")
        condition = self._sold(self.asked.words, columns)
        if self.asked.days:
            on = (
                Q(day=day) | Q(nights__overlap=date_range(Span(day - NIGHT, day + NIGHT)))
                for day in self.asked.days
            )
            condition |= self._sold(self.asked.rest, columns) & reduce(or_, on)
        else:
            condition &= reduce(or_, (_of_sale(word, columns[:2]) for word in self.asked.words))
        rows = Purchase.objects.of(self.organization).filter(condition).exclude(guest_name="", guest_email="")
        for row in rows.select_related("property").order_by("-created_at", "-pk")[:ROWS]:
            home, reference = row.property, row.public_id[:6].upper()
            what, when = bought(row, home.house)
            text = " · ".join((what, when, home.name, money(row.price), row.get_state_display(), reference))
            nights = row.span or Span(row.day, row.day + NIGHT)
            score = self._score(nights, row.guest_name, row.guest_email, home.name, row.public_id)
            href = reverse("upsells:purchase", args=[home.public_id, row.public_id])
            yield Hit(row.guest_name or row.guest_email, text, href, "receipt-text", score)

    @staticmethod
    def _sold(words: Sequence[str], columns: Sequence[str]) -> Q:
        """Every word is part of the sale."""
        return reduce(and_, (_of_sale(word, columns) for word in words), Q())

    def calendars(self) -> Iterator[Hit]:
        """The calendars that are read: by site, label and home."""
        conditions = (
            _named(word, "label", "property__name") | Q(channel__in=_sites(word)) for word in self.asked.words
        )
        rows = Feed.objects.of(self.organization).in_use().filter(reduce(and_, conditions))
        for feed in rows.select_related("property").defer("url").order_by("property__name", "pk")[:ROWS]:
            home = feed.property
            score = fit(self.asked.words, feed.title, feed.source.name, home.name) or 1
            if fit(self.asked.words, home.name):
                continue  # the home itself is found
            href = reverse("calendars:log", args=[home.public_id, feed.public_id])
            yield Hit(feed.title, home.name, href, "link", score)


def _sites(word: str) -> list[str]:
    """The keys of the channels whose name has the word."""
    return [key for key, channel in CHANNELS.items() if fit([word], channel.name)]


def _all(words: Sequence[str], columns: Sequence[str]) -> Q:
    return reduce(and_, (_named(word, *columns) for word in words), Q())


def _of_sale(word: str, columns: Sequence[str]) -> Q:
    """Sales in which the word is part of a column, begins the reference, or is the amount."""
    condition = _named(word, *columns)
    if len(word) >= SHORT:
        condition |= Q(public_id__istartswith=word)
    by_digits = {digits: amount(word, digits) for digits in {USUAL_DIGITS, *MINOR_DIGITS.values()}}
    for digits, value in by_digits.items():
        if value is not None:
            other = [currency for currency, count in MINOR_DIGITS.items() if count == digits]
            of = ~Q(currency__in=list(MINOR_DIGITS)) if digits == USUAL_DIGITS else Q(currency__in=other)
            condition |= of & Q(amount=value)
    return condition


def _soonest(today: date) -> list[Any]:
    """An order of stays: those that aren't over, the next first; then those that are, the last first."""
    is_over = Case(When(nights__endswith__gte=today, then=0), default=1, output_field=IntegerField())
    coming = Case(When(nights__endswith__gte=today, then=F("nights__startswith")))
    return [is_over, coming, F("nights__startswith").desc(), "pk"]
