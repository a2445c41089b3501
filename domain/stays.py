"""Which stays a property's feeds name, and which link belongs to which of them.

A stay is known by its nights alone: the same booking comes with another UID tomorrow. A feed may drop the nights of a
stay that are over, so what has begun is told apart by its departure. A link never passes to a stay that could as well
be somebody else's.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from domain.spans import NIGHT, Span

type Key = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Named:
    """One entry that a feed calls a reservation.

    `channel` is the site it was booked at, "" where nobody knows. It is `ending` while its removal waits to be
    confirmed.
    """

    nights: Span
    channel: str = ""
    ending: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """All entries with the same nights: `channels` are the sites they could be booked at, likeliest first."""

    nights: Span
    channels: tuple[str, ...]
    ending: bool

    @property
    def channel(self) -> str:
        """The likeliest site; "" where nobody knows."""
        return self.channels[0] if self.channels else ""

    def is_of(self, channel: str) -> bool:
        """Whether a link to a stay at that site may be this one's."""
        return not channel or not self.channels or channel in self.channels


@dataclass(frozen=True, slots=True)
class Link:
    """A stay link as it is: `fixed` when the host made it, `stopped` when the host stopped it, `gone` when no feed
    names its stay any more.
    """

    id: int
    nights: Span
    channel: str = ""
    fixed: bool = False
    stopped: bool = False
    gone: bool = False

    @property
    def follows(self) -> bool:
        """Whether it goes where its stay goes, and ends with it."""
        return not (self.fixed or self.stopped or self.gone)


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of a property's stay links: new ones, others' nights and sites, those that are gone, or back."""

    new: tuple[Stay, ...] = ()
    moved: Mapping[int, tuple[Span, str]] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    back: frozenset[int] = frozenset()


def stays(named: Iterable[Named], today: date) -> dict[Key, Stay]:
    """The stays that aren't over on the day, by what they are known by."""
    groups: dict[Key, list[Named]] = {}
    for each in named:
        if each.nights.end >= today:
            groups.setdefault(_key(each.nights, today), []).append(each)
    return {key: _stay(group) for key, group in groups.items()}


def changes(named: Iterable[Named], links: Iterable[Link], today: date) -> Changes:
    """What becomes of the links now that the feeds name these stays.

    A changed stay keeps its link where nothing else could be meant; else it gets a new one. A link is gone when its
    stay has nights to come and no feed names it; it is back when a feed does again.
    """
    found, links = stays(named, today), [link for link in links if link.nights.end >= today]
    own = {link.id: stay for link in links if (stay := _own(link, found, today))}
    loose = [link for link in links if link.follows and (link.id not in own or own[link.id].ending)]
    served = {_key(link.nights, today) for link in links if link.id in own and not link.gone}
    free = {key: stay for key, stay in found.items() if key not in served and not stay.ending}
    moved = _moved(loose, free, today)
    free = {key: stay for key, stay in free.items() if stay not in moved.values()}
    back = _back([link for link in links if link.gone and not link.stopped], free, today)
    ended = {link.id for link in loose if link.nights.end > today or _key(link.nights, today) in found}
    lost = ended - own.keys() - moved.keys()
    told = {
        link.id: (_nights(link, moved[link.id], today), link.channel or moved[link.id].channel)
        for link in loose
        if link.id in moved
    }
    named_now = [link for link in links if link.follows and not link.channel and link.id in own]
    told |= {
        link.id: (link.nights, own[link.id].channel)
        for link in named_now
        if own[link.id].channel and link.id not in moved
    }
    new = sorted((stay for key, stay in free.items() if key not in back), key=lambda stay: stay.nights)
    return Changes(tuple(new), told, frozenset(lost), frozenset(back.values()))


def extended(nights: Span, sold: Iterable[tuple[str, Span]]) -> Span:
    """The stay with the nights that its guest bought beside it.

    Each comes with what its buyer did where they join: "leaving" (it follows the stay) or "arriving" (the other way).
    """
    sold = list(sold)
    after = {span.start: span.end for edge, span in sold if edge == "leaving"}
    before = {span.end: span.start for edge, span in sold if edge == "arriving"}
    start, end = nights.start, nights.end
    while end in after:
        end = after[end]
    while start in before:
        start = before[start]
    return Span(start, end)


def _key(nights: Span, today: date) -> Key:
    """What a stay is known by: its nights, or its departure alone once it has begun."""
    return max(nights.start, today), nights.end


def _stay(group: list[Named]) -> Stay:
    firm = [each for each in group if not each.ending] or group
    channels = tuple(dict.fromkeys(each.channel for each in firm if each.channel))
    nights = min(each.nights for each in group)  # one end, so that is the earliest arrival
    return Stay(nights, channels, ending=all(each.ending for each in group))


def _own(link: Link, found: Mapping[Key, Stay], today: date) -> Stay | None:
    """The stay with the link's nights; at another site it is somebody else's, unless the host says so."""
    stay = found.get(_key(link.nights, today))
    return stay if stay and (link.fixed or stay.is_of(link.channel)) else None


def _moved(loose: Iterable[Link], free: Mapping[Key, Stay], today: date) -> dict[int, Stay]:
    """The changed stay of each link that can be meant by no other, and means no other."""
    rest = sorted(free.values(), key=lambda stay: stay.nights)
    starts = [stay.nights.start for stay in rest]
    longest = max((len(stay.nights) for stay in rest), default=0) * NIGHT
    pairs = [
        (link, stay)
        for link in loose
        for stay in rest[
            bisect_left(starts, link.nights.start - longest) : bisect_left(starts, link.nights.end)
        ]
        if _is_like(link, stay, today)
    ]
    links, meant = Counter(link.id for link, _ in pairs), Counter(stay.nights for _, stay in pairs)
    return {link.id: stay for link, stay in pairs if links[link.id] == 1 and meant[stay.nights] == 1}


def _is_like(link: Link, stay: Stay, today: date) -> bool:
    """Whether the stay may be the link's, changed: of the same site, with an edge or most of the nights in common.

    Whoever has come doesn't come again.
    """
    both = link.nights.clip(stay.nights)
    if both is None or not stay.is_of(link.channel) or link.nights.start < today < stay.nights.start:
        return False
    shares_edge = link.nights.start == stay.nights.start or link.nights.end == stay.nights.end
    return shares_edge or 2 * len(both) >= max(len(link.nights), len(stay.nights))


def _back(gone: Iterable[Link], free: Mapping[Key, Stay], today: date) -> dict[Key, int]:
    """The youngest link of each stay that was gone and is named again."""
    found = {}
    for link in sorted(gone, key=lambda link: link.id):
        key = _key(link.nights, today)
        if key in free and free[key].is_of(link.channel):
            found[key] = link.id
    return found


def _nights(link: Link, stay: Stay, today: date) -> Span:
    """The nights of a changed stay; whoever has come stays arrived."""
    has_come = link.nights.start < today
    start = min(link.nights.start, stay.nights.start) if has_come else stay.nights.start
    return Span(start, stay.nights.end)
