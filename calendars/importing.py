"""Many homes at once: what a list would do, line by line, and then doing it.

Planning writes nothing. Carrying out judges nothing anew but what may have changed since: every line is a home of its
own, so that what goes wrong with one is no other's loss, and a list that comes twice does nothing the second time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import mode
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from calendars import ledger, linking
from calendars.forms import TWICE, NewFeed, about
from calendars.importforms import FOREIGN_PRICE, LineForm
from calendars.models import Feed
from connectors import links
from domain.channels import CHANNELS, Channel
from domain.listsheet import MOST_LINKS, Line, Sheet
from domain.listwords import Column
from properties.models import Property

log = structlog.get_logger()

ARCHIVED = _("%(name)s is archived. Bring it back on the list of properties first.")
AMBIGUOUS = _(
    "Several of your homes are called %(name)s. Paste these links on the right one's Connections page."
)
ELSEWHERE = _("is already connected to %(name)s. A home that shares it gets it on its own Connections page.")
OTHER_LINE = _("is in line %(number)s, too, for another home.")
OF_USUAL = ("time_zone", "check_in", "check_out", "turnaround", "currency")
TOO_MANY_LINKS = _("A line can have at most %(most)s links.")


class Effect(StrEnum):
    """What would come of a line."""

    NEW = "new"
    LINKS = "links"
    NOTHING = "nothing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a line: what it leads to, or what is wrong with it; `is_known` where the home is read by it."""

    feed: NewFeed | None
    problem: str = ""
    is_known: bool = False

    @property
    def channel(self) -> Channel:
        """The site it is from."""
        return CHANNELS[self.feed.channel if self.feed else "other"]

    @property
    def host(self) -> str:
        """Where it leads, without what is secret."""
        return links.host_of(self.feed.url) if self.feed else ""

    @property
    def digest(self) -> str:
        """What it is told from others by."""
        return links.digest(self.feed.url) if self.feed else ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would come of one line, and what is wrong with it, by column; what is wrong with a link is at the link.

    The home is one there is (`home`), one that an earlier line makes (`same_as`, its number), or that of the `form`.
    """

    line: Line
    links: tuple[Link, ...]
    wrong: Mapping[Column, list[str]]
    home: Property | None = None
    same_as: int | None = None
    form: LineForm | None = None

    @property
    def new(self) -> list[NewFeed]:
        """The links that the home would be read by from then on."""
        return [link.feed for link in self.links if link.feed and not link.is_known]

    @property
    def effect(self) -> Effect:
        """What would come of it."""
        if self.problems:
            return Effect.WRONG
        if self.form:
            return Effect.NEW
        return Effect.LINKS if self.new else Effect.NOTHING

    @property
    def problems(self) -> list[str]:
        """All that is wrong with it."""
        at_cells = [message for messages in self.wrong.values() for message in messages]
        return at_cells + [link.problem for link in self.links if link.problem]

    @property
    def future(self) -> Property | None:
        """The home as it would be."""
        return self.form.instance if self.form and not self.wrong else self.home


def usual(organization: Organization) -> Property:
    """A new home as is usual there, unsaved: the zone and currency of most homes, the hours of the newest one."""
    home = Property(organization=organization)
    if homes := list(Property.objects.of(organization).active().order_by("-pk").only(*OF_USUAL)):
        home.house = homes[0].house
        home.time_zone = mode(each.time_zone for each in homes)
        home.currency = mode(each.currency for each in homes)
    return home


def plan(
    organization: Organization, sheet: Sheet, defaults: Mapping[str, Any], refusal: str = ""
) -> list[Verdict]:
    """What would come of each line, in their order; `defaults` are the values of a DefaultsForm, as they were typed.

    `refusal` says why no home can be added at all, where none can.
    """
    planning = _Planning(organization, defaults, refusal)
    return [planning.verdict(line) for line in sheet.lines]


@dataclass
class _Planning:
    """What the lines so far come to, beside what the organization has."""

    organization: Organization
    defaults: Mapping[str, Any]
    refusal: str = ""
    homes: dict[str, list[Property]] = field(default_factory=lambda: defaultdict(list))
    readers: dict[str, list[Property]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by digest of the link
    names: dict[str, int] = field(default_factory=dict)  # the line that makes the home
    pasted: dict[str, tuple[int, str]] = field(default_factory=dict)  # by digest: first line, name

    def __post_init__(self) -> None:
        by_key = {home.pk: home for home in Property.objects.of(self.organization).order_by("pk")}
        for home in by_key.values():
            self.homes[home.name.casefold()].append(home)
        feeds = Feed.objects.of(self.organization)
        for digest, key in feeds.values_list("url_digest", "property_id"):
            if key in by_key:
                self.readers[digest].append(by_key[key])

    def verdict(self, line: Line) -> Verdict:
        folded = line.name.casefold()
        homes, same_as = self.homes.get(folded, []), self.names.get(folded)
        home = homes[0] if homes else None
        found: list[Link] = []
        for cell in line.links[:MOST_LINKS]:
            found.append(self._link(cell, line, home, found))
        wrong: dict[Column, list[str]] = {}
        form = None
        if homes:
            wrong |= _wrong_home(homes)
        elif same_as is None:
            form = self._form(line)
            wrong |= form.wrong()
            if self.refusal:
                wrong[Column.NAME] = [*wrong.get(Column.NAME, []), self.refusal]
        if len(line.links) > MOST_LINKS:
            wrong[Column.LINKS] = [str(TOO_MANY_LINKS % {"most": MOST_LINKS})]
        verdict = Verdict(line, tuple(found), wrong, home, same_as, form)
        if verdict.effect is Effect.NEW:
            self.names[folded] = line.number
        return verdict

    def _link(self, cell: str, line: Line, home: Property | None, before: Iterable[Link]) -> Link:
        try:
            link = Link(NewFeed.read(cell))
        except ValidationError as error:
            return Link(None, error.messages[0])
        folded = line.name.casefold()
        if link.digest in {each.digest for each in before}:
            return Link(link.feed, about(cell, TWICE).messages[0])
        number, name = self.pasted.setdefault(link.digest, (line.number, folded))
        readers = self.readers.get(link.digest, [])
        if home in readers or (number != line.number and name == folded):
            return Link(link.feed, is_known=True)
        if readers:
            return Link(link.feed, about(cell, ELSEWHERE, name=readers[0].name).messages[0])
        if number != line.number:
            return Link(link.feed, about(cell, OTHER_LINE, number=number).messages[0])
        return link

    def _form(self, line: Line) -> LineForm:
        data: dict[str, Any] = {**self.defaults, "name": line.name} | dict(line.settings)
        form = LineForm(data, instance=Property(organization=self.organization))
        usual = str(self.defaults.get(Column.CURRENCY, ""))
        own = data.get(Column.CURRENCY, "")
        if own != usual and Column.RATE not in line.settings and data.get(Column.RATE):
            form.add_error(Column.RATE, FOREIGN_PRICE % {"currency": own, "usual": usual})
        return form


def _wrong_home(homes: list[Property]) -> dict[Column, list[str]]:
    """Why links can't be added to the homes of a name."""
    active = [home for home in homes if home.archived_at is None]
    if len(homes) > 1:
        return {Column.NAME: [str(AMBIGUOUS % {"name": homes[0].name})]}
    return {} if active else {Column.NAME: [str(ARCHIVED % {"name": homes[0].name})]}


class Result(StrEnum):
    """What has come of a line."""

    NEW = "new"
    LINKS = "links"
    NOTHING = "nothing"
    LEFT_OUT = "left_out"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(slots=True)
class Outcome:
    """What has come of one line: the home's public id, the keys of the feeds that are new, why it was left out."""

    number: int
    name: str
    result: Result
    home: str = ""
    feeds: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def carry_out(
    organization: Organization, verdicts: Iterable[Verdict], since: datetime, now: datetime
) -> list[Outcome]:
    """Do what was planned at `since`, each line for itself, and leave out those with problems.

    What is there since then counts as this import's doing: who presses the button twice reads the same twice.
    """
    outcomes: list[Outcome] = []
    for verdict in verdicts:
        outcome = _outcome(organization, verdict, since, now)
        if outcome.result is Result.NEW and outcome.home in {each.home for each in outcomes}:
            outcome.result = Result.LINKS if outcome.feeds else Result.NOTHING
        outcomes.append(outcome)
    return outcomes


def _outcome(organization: Organization, verdict: Verdict, since: datetime, now: datetime) -> Outcome:
    outcome = Outcome(verdict.line.number, verdict.line.name, Result.LEFT_OUT, problems=verdict.problems)
    if verdict.effect is Effect.WRONG:
        return outcome
    try:
        home = _home(organization, verdict)
        outcome.home, outcome.name = home.public_id, home.name
        outcome.feeds = _feeds(home, verdict, since, now)
    except ledger.Crowded:
        outcome.result = Result.BUSY
    except (DatabaseError, Property.DoesNotExist):
        log.exception("line not imported", line=verdict.line.number)
        outcome.result = Result.FAILED
    else:
        outcome.result = (
            Result.NEW if home.created_at >= since else Result.LINKS if outcome.feeds else Result.NOTHING
        )
    return outcome


def _home(organization: Organization, verdict: Verdict) -> Property:
    """The line's home, which is made unless there is one of its name; one at a time in an organization.

    Raises DoesNotExist where an earlier line was to make it and hasn't.
    """
    if verdict.home:
        return verdict.home
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        names = Property.objects.of(organization).values_list("name", "pk")
        by_name = {name.casefold(): key for name, key in names}
        key = by_name.get(verdict.line.name.casefold())
        if key is None and verdict.form:
            home: Property = verdict.form.save()
            return home
        return Property.objects.of(organization).get(pk=key or 0)


def _feeds(home: Property, verdict: Verdict, since: datetime, now: datetime) -> list[int]:
    """The feeds that read the line's links since then, connected if they aren't yet."""
    wanted = {link.digest: link.feed for link in verdict.links if link.feed}
    feeds = Feed.objects.filter(property=home, url_digest__in=wanted)
    there = set(feeds.values_list("url_digest", flat=True))
    missing = [feed for digest, feed in wanted.items() if digest not in there]
    if missing:
        linking.connect(home, missing, now)
    return list(feeds.filter(created_at__gte=since).order_by("pk").values_list("pk", flat=True))
