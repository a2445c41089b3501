"""The loop check: a marker on a night that is over goes out in every channel's link, and we watch who gets it.

It ends by itself, and the marker goes with it: once waiting brings nothing more, or when the slowest channel should
have read. It closes nothing for anybody and is in no link for people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from django.db.models import Min

from calendars import ledger
from calendars.ledger import Changing
from calendars.models import Block, ExportLink, ExportRead, Feed, LoopCheck, Readership, date_range
from calendars.receipts import BROWSER
from domain.channels import CHANNELS, Channel
from domain.loops import Heard, Sight, due, read_back, written
from domain.pulls import patience, plan
from domain.readers import is_stranger
from domain.spans import NIGHT, Span, nights_in
from properties.models import Property

log = structlog.get_logger()

AT_ONCE = 100  # checks that one sweep looks after
RESULT = "result"  # in a check's `heard`, beside its feeds: what had been found when it ended
NIGHTS = 3  # of those that are over, among which the marker's is chosen


@dataclass(frozen=True, slots=True)
class Party:
    """One channel of a home as a check found it, and both ways.

    The link it reads us by may be revoked by now; `feeds` are those of its calendars that are still here, `silent`
    those of them that weren't read well. `first_read` is the title of a link made for another channel that it reads.
    """

    home: Property
    channel: str
    title: str
    sight: Sight
    link: ExportLink | None = None
    feeds: tuple[Feed, ...] = ()
    silent: tuple[Feed, ...] = ()
    first_read: str = ""

    @property
    def source(self) -> Channel:
        """The channel as the catalogue knows it."""
        return CHANNELS.get(self.channel, CHANNELS["other"])


def latest(property: Property) -> LoopCheck | None:
    """The check that runs, else the last one there was."""
    return LoopCheck.objects.filter(property=property).order_by("-since", "-pk").first()


def can_start(property: Property) -> bool:
    """Whether any channel has a link that a marker could go out in."""
    return ExportLink.objects.live().of_channels().filter(property=property).exists()


def start(change: Changing) -> LoopCheck:
    """Put the marker into every channel's link, and have every calendar read; the check that runs already stays."""
    home, now = change.property, change.now
    if running := LoopCheck.objects.filter(property=home, ended_at=None).first():
        return running
    night = _night(home, now)
    feeds = Feed.objects.by_link().filter(property=home).defer("url")
    closing = set(Block.objects.filter(feed__in=feeds, nights__contains=night).values_list("feed", flat=True))
    over_at = home.house.night(night).end
    check = LoopCheck(
        organization_id=home.organization_id,
        property=home,
        since=now,
        version=change.next_version(),
        night=night,
        until=now,
        heard={
            feed.public_id: {"anyway": True}
            for feed in feeds
            if feed.pk in closing or not feed.last_good_at or feed.last_good_at < over_at
        },
    )
    check.until = max((party.sight.due for party in parties(check, now)), default=now)
    check.save()
    feeds.reading().update(next_poll_at=now)
    change.touched = True
    return check


def end(change: Changing, check: LoopCheck) -> None:
    """Take the marker out of the links; what was found by now stays the result, whatever changes later."""
    row = LoopCheck.objects.select_for_update().filter(pk=check.pk, ended_at=None).first()
    if row is None:
        return
    row.property = change.property
    _listen(row, change.now)
    row.ended_at = change.now
    row.heard[RESULT] = [_kept(party) for party in parties(row, change.now)]
    row.save(update_fields=["ended_at", "heard"])
    change.touched = True


def follow(check: LoopCheck, now: datetime) -> list[Party]:
    """What a check has found by now; one that runs ends when nothing more is to come. Raises Crowded."""
    if check.ended_at:
        return parties(check, now)
    _listen(check, now)
    found = parties(check, now)
    if now >= check.until or all(party.sight.is_settled for party in found):
        with ledger.changing(check.property, now) as change:
            end(change, check)
        check.refresh_from_db(fields=["ended_at", "heard"])
        found = parties(check, now)
    return found


def sweep(now: datetime) -> list[int]:
    """Follow the checks that run; the feeds to be read now, since their channels have got the marker."""
    rows = LoopCheck.objects.filter(ended_at=None).select_related("property").order_by("until", "pk")
    wanted: list[int] = []
    for check in rows[:AT_ONCE]:
        try:
            found = follow(check, now)
        except ledger.Crowded:
            log.info("loop check goes on", property=check.property.public_id)
            continue
        if check.ended_at is None:
            wanted += [feed.pk for party in found for feed in _to_read(party)]
    return wanted


def parties(check: LoopCheck, now: datetime) -> list[Party]:
    """What the check has found at every channel that is connected here, as far as it was when the check ended."""
    if RESULT in check.heard:
        return _restored(check)
    at = check.ended_at or now
    links = ExportLink.objects.live().of_channels().filter(property=check.property_id, created_at__lte=at)
    feeds = Feed.objects.by_link().filter(property=check.property_id, created_at__lte=at).defer("url")
    linked = list(links.defer("body").order_by("created_at", "pk"))
    read = list(feeds.order_by("created_at", "pk"))
    for row in (*linked, *read):
        row.property = check.property
    pairs = _matched(linked, read)
    evidence = _Evidence(check, at, _reads(check, linked, at), _slow(linked))
    return [evidence.of(link, own) for link, own in pairs]


def is_outdated(check: LoopCheck) -> bool:
    """Whether a site was connected after the check had ended."""
    if check.ended_at is None:
        return False
    new = {"property": check.property_id, "created_at__gt": check.ended_at}
    links = ExportLink.objects.live().of_channels().filter(**new)
    return links.exists() or Feed.objects.by_link().filter(**new).exists()


def _night(home: Property, now: datetime) -> date:
    """The marker's night: the latest one that is over, of those that nothing has closed where there is such a one.

    The last night before a sale that begins today is none of them: its echo would look like somebody who leaves.
    """
    house, today = home.house, home.house.today(now)
    last = today - NIGHT if house.night(today - NIGHT).end <= now else today - 2 * NIGHT
    nights = [last - number * NIGHT for number in range(NIGHTS)]
    near = date_range(Span(nights[-1], today))
    spans = (block.span for block in Block.objects.filter(property=home, nights__overlap=near).only("nights"))
    taken = nights_in(span for span in spans if span)
    midnights = house.instant(today, time()), house.instant(today + NIGHT, time())
    if Block.objects.ours().filter(property=home, period__overlap=midnights).exists():
        taken |= {today - NIGHT}
    return next((night for night in nights if night not in taken), nights[0])


def _listen(check: LoopCheck, now: datetime) -> None:
    """Note which feeds were read well since the start, and which gave the marker back."""
    feeds = Feed.objects.by_link().filter(property=check.property_id).defer("url").in_bulk()
    with_it = Block.objects.filter(feed__in=feeds, nights__contains=check.night, missing_since=None)
    echoing = set(with_it.values_list("feed_id", flat=True))
    heard = {key: dict(found) for key, found in check.heard.items()}
    for feed in feeds.values():
        is_new = feed.created_at > check.since
        found = heard.setdefault(feed.public_id, {"anyway": True} if is_new else {})
        if feed.last_good_at and feed.last_good_at >= check.since:
            found.setdefault("good", feed.last_good_at.isoformat())
        if feed.pk in echoing and "anyway" not in found:
            found.setdefault("echo", now.isoformat())
    if heard != check.heard:
        check.heard = heard
        LoopCheck.objects.filter(pk=check.pk, ended_at=None).update(heard=heard)


def _matched(
    links: Sequence[ExportLink], feeds: Iterable[Feed]
) -> list[tuple[ExportLink | None, tuple[Feed, ...]]]:
    """Each link with the feeds of its channel; of several links of one channel the one with the feed's label.

    A feed whose label no link has goes to the link without one; a feed without any link stands alone.
    """
    own: dict[int, list[Feed]] = {link.pk: [] for link in links}
    alone: list[tuple[ExportLink | None, tuple[Feed, ...]]] = []
    for feed in feeds:
        found = [link for link in links if link.channel == feed.channel]
        if len(found) > 1:
            by_label = {link.label: link for link in reversed(found)}
            best = by_label.get(feed.label) or by_label.get("")
            found = [best] if best else []
        if found:
            own[found[0].pk].append(feed)
        else:
            alone.append((None, (feed,)))
    return [*((link, tuple(own[link.pk])) for link in links), *alone]


def _reads(check: LoopCheck, links: Sequence[ExportLink], at: datetime) -> dict[ExportLink, dict[str, Any]]:
    """For each link, who got the marker by it by the instant, and when first."""
    rows = ExportRead.objects.filter(link__in=links, body_version__gte=check.version, at__lte=at)
    found: dict[ExportLink, dict[str, Any]] = {link: {} for link in links}
    by_pk = {link.pk: link for link in links}
    for pk, reader, first in (
        rows.exclude(reader=BROWSER).values_list("link", "reader").annotate(first=Min("at")).order_by("first")
    ):
        found[by_pk[pk]][reader] = first
    return found


def _slow(links: Sequence[ExportLink]) -> dict[int, timedelta]:
    """How long each link may stay unread before its channel is late: learnt, else what is known of such channels."""
    rows = Readership.objects.filter(link__in=links, slow_s__isnull=False).exclude(reader=BROWSER)
    learnt: dict[int, int] = {}
    channels = {link.pk: link.source for link in links}
    for pk, reader, seconds in rows.values_list("link", "reader", "slow_s"):
        if not is_stranger(reader, channels[pk]):
            learnt[pk] = max(learnt.get(pk, 0), seconds or 0)
    return {link.pk: patience(learnt.get(link.pk), plan(link.source)) for link in links}


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a check goes by: who got the marker by which link, and when first; how slow the readers of each link are."""

    check: LoopCheck
    at: datetime
    reads: dict[ExportLink, dict[str, Any]]
    slow: dict[int, timedelta]

    def of(self, link: ExportLink | None, feeds: tuple[Feed, ...]) -> Party:
        """What it says of the channel with this link and these feeds."""
        readers = self.reads[link] if link else {}
        channel = (link or feeds[0]).source
        strangers = tuple(reader for reader in readers if is_stranger(reader, channel))
        own = [first for reader, first in readers.items() if reader not in strangers]
        elsewhere = None if own else self._elsewhere(channel)
        sight = Sight(
            since=self.check.since,
            at=self.at,
            due=due(self.check.since, self.slow[link.pk] if link else timedelta()),
            is_over=self.check.ended_at is not None,
            has_link=link is not None,
            read_at=min(own, default=None),
            strangers=strangers,
            elsewhere=elsewhere is not None,
            feeds=tuple(_heard(self.check, feed) for feed in feeds),
        )
        return Party(
            home=self.check.property,
            channel=channel.key,
            title=(link or feeds[0]).title,
            sight=sight,
            link=link,
            feeds=feeds,
            silent=tuple(feed for feed, found in zip(feeds, sight.feeds, strict=True) if not found.good_at),
            first_read=elsewhere.title if elsewhere else "",
        )

    def _elsewhere(self, channel: Channel) -> ExportLink | None:
        """A link made for another channel, by which this one got the marker."""
        name = channel.name
        found = (link for link, who in self.reads.items() if name in who and is_stranger(name, link.source))
        return next(found, None)


def _heard(check: LoopCheck, feed: Feed) -> Heard:
    found = check.heard.get(feed.public_id, {})
    good, echo = (found.get(name) and datetime.fromisoformat(found[name]) for name in ("good", "echo"))
    return Heard(good, feed.last_good_at, echo, feed.paused_at is not None, bool(found.get("anyway")))


def _kept(party: Party) -> dict[str, Any]:
    """The party as the check's result holds it, in JSON's own types."""
    return {
        "channel": party.channel,
        "title": party.title,
        "link": party.link and party.link.pk,
        "feeds": [feed.pk for feed in party.feeds],
        "silent": [feed.pk for feed in party.silent],
        "first_read": party.first_read,
        "sight": written(party.sight),
    }


def _restored(check: LoopCheck) -> list[Party]:
    """What was found when the check ended, with the rows that are still there."""
    at_home = {"property": check.property_id}
    links = ExportLink.objects.filter(**at_home).defer("body").in_bulk()
    feeds = Feed.objects.filter(**at_home).defer("url").in_bulk()
    for row in (*links.values(), *feeds.values()):
        row.property = check.property
    return [
        Party(
            home=check.property,
            channel=kept["channel"],
            title=kept["title"],
            sight=read_back(kept["sight"]),
            link=links.get(kept["link"]),
            feeds=tuple(feeds[pk] for pk in kept["feeds"] if pk in feeds),
            silent=tuple(feeds[pk] for pk in kept["silent"] if pk in feeds),
            first_read=kept["first_read"],
        )
        for kept in check.heard[RESULT]
    ]


def _to_read(party: Party) -> list[Feed]:
    """The calendars of a channel that has the marker, as far as nobody has looked at them since."""
    read_at = party.sight.read_at
    if read_at is None or not party.sight.may_echo:
        return []
    return [
        feed
        for feed in party.feeds
        if not feed.paused_at and (not feed.last_read_at or feed.last_read_at <= read_at)
    ]
