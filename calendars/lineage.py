"""Why a night is closed: feed, entry, class, first and last seen, and what would open it (promise P9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from calendars import polling
from calendars.echoes import is_mark
from calendars.glances import Claimed
from calendars.models import Block, Feed
from domain.channels import Channel
from domain.events import Kind
from properties import dates

AMPLISTAY = Channel("amplistay", "Amplistay", "A")
BY_HAND = replace(AMPLISTAY, initials="✕")  # nights that the host has closed
PRECEDENCE = ("sale", "hold", "closed", "host", "held", "yields")  # which claim on a night is drawn

STATES: Mapping[str, str] = {
    Block.Origin.SALE: "sale",
    Block.Origin.HOLD: "hold",
    Block.Origin.HOST: "host",
    Block.Origin.FEED: "closed",
}

MARK, OVER = "mark", "over"  # of an echo: a loop check's; ours that is gone, of a night that is over

KINDS: Mapping[Kind, str] = {
    Kind.RESERVATION: gettext_noop("a booking"),
    Kind.TENTATIVE: gettext_noop("a tentative booking"),
    Kind.OWNER: gettext_noop("kept for the owner"),
    Kind.PREPARATION: gettext_noop("preparation time"),
    Kind.GAP: gettext_noop("a gap too short to book"),
    Kind.ADVANCE_NOTICE: gettext_noop("too soon to book there"),
    Kind.BOOKING_WINDOW: gettext_noop("too far ahead to book there"),
    Kind.BLOCK: gettext_noop("closed there, without a reason"),
    Kind.HOURS: gettext_noop("only some hours of the day"),
}

ECHOES: Mapping[str, str] = {
    Block.Origin.SALE: gettext_noop("This is your own sale, read back by %(feed)s."),
    Block.Origin.HOST: gettext_noop("This is your own closure, read back by %(feed)s."),
    MARK: gettext_noop("This is Amplistay's test mark, read back by %(feed)s. Nobody stays there."),
    OVER: gettext_noop("This was your own night, read back by %(feed)s."),
    "": gettext_noop(
        "This was your own sale or closure, read back by %(feed)s. It is being freed: %(feed)s may need some hours."
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One claim on a night, in the host's words; `last_seen` is None where the claim isn't seen again by reading."""

    block: Block
    channel: Channel
    state: str
    title: str
    kind: str
    last_seen: datetime | None
    missing: str
    echo: str
    opens: str


def reasons(night: date, blocks: Iterable[Block], today: date) -> list[Reason]:
    """Every claim on the night: whose, what, since when, when last seen, and what would open it."""
    there = [block for block in blocks if (span := block.span) and night in span]
    return [_reason(block, night, there, today) for block in there]


def state_of(block: Claimed) -> str:
    """How a claim is drawn."""
    if block.missing_since:
        return "held"
    return "yields" if block.yields else STATES[block.origin]


def channel_of(block: Block) -> Channel:
    """Who makes the claim; ours are Amplistay's."""
    return block.feed.source if block.feed else own_channel(block)


def own_channel(block: Claimed) -> Channel:
    """Ours as it marks a claim that no feed makes: what the host has closed is told from what is sold."""
    return BY_HAND if block.origin == Block.Origin.HOST else AMPLISTAY


def _reason(block: Block, night: date, there: Iterable[Block], today: date) -> Reason:
    feed = block.feed
    is_seen = feed is not None and block.missing_since is None and night >= today
    echoed = _echoed(feed, night, there, today) if feed else None
    return Reason(
        block=block,
        channel=channel_of(block),
        state=state_of(block),
        title=_title(block),
        kind=_(KINDS[Kind(block.kind)]) if feed and echoed != MARK else "",
        last_seen=feed.last_good_at if feed and is_seen else None,
        missing=_missing(block),
        echo=_(ECHOES[echoed]) % {"feed": feed.title} if feed and echoed is not None else "",
        opens=_opens(block, feed, today, echoed) if feed else _opens_ours(block),
    )


def _title(block: Block) -> str:
    if block.feed and block.yields:
        return _("Closed by %(feed)s; you sell it") % {"feed": block.feed.title}
    if block.feed:
        return _("Closed by %(feed)s") % {"feed": block.feed.title}
    return {
        Block.Origin.SALE: _("Sold by you as an extra night"),
        Block.Origin.HOLD: _("A guest is booking it right now"),
        Block.Origin.HOST: _("Closed by you"),
    }[Block.Origin(block.origin)]


def _missing(block: Block) -> str:
    """Since when, and in how many reads, the feed no longer lists it."""
    if block.missing_since is None:
        return ""
    since = _when(block.missing_since)
    if not block.missing_reads:
        return _("since %(since)s, in a read that can't be trusted") % {"since": since}
    words = ngettext(
        "since %(since)s, seen missing once",
        "since %(since)s, seen missing %(count)s times",
        block.missing_reads,
    )
    return words % {"since": since, "count": block.missing_reads}


def _echoed(feed: Feed, night: date, there: Iterable[Block], today: date) -> str | None:
    """Whose claim the feed only reads back to us: the origin of ours, "" where ours is gone, None for no echo.

    Of a night that is over, nothing is being freed: MARK where only a loop check's mark lay there, else OVER.
    """
    if not any(night in span for span in feed.echo_spans):
        return None
    ours = {block.origin for block in there}
    if own := next((origin for origin in (Block.Origin.SALE, Block.Origin.HOST) if origin in ours), None):
        return own
    if night >= today:
        return ""
    return MARK if is_mark(feed, night) else OVER


def _opens_ours(block: Block) -> str:
    """What would open a night that nobody but us closes."""
    return {
        Block.Origin.SALE: _("It opens when the sale is cancelled."),
        Block.Origin.HOLD: _("It opens by itself when the guest doesn't finish within ten minutes."),
        Block.Origin.HOST: _("It opens when you open it again."),
    }[Block.Origin(block.origin)]


def _opens(block: Block, feed: Feed, today: date, echoed: str | None) -> str:
    """What would open a night that a feed closes."""
    name = {"feed": feed.title}
    if block.missing_since:
        waits = _(
            "%(feed)s no longer lists it. It stays closed until more reads agree, or until you free it."
        )
        return f"{waits % name} {_earliest(block, feed)}".strip()
    if block.yields:
        return _("You let such nights be sold, so this alone doesn't close it.")
    if echoed:
        return _("It opens some hours after yours is gone, once %(feed)s has noticed.") % name
    waits = _("It opens when %(feed)s no longer lists it and later reads agree.") % name
    rules = polling.rules()
    if block.nights.lower < today + rules.near:
        agree = {"reads": rules.long_reads, "time": _lasting(rules.long_wait)}
        soon = ngettext(
            "That is soon, so it takes %(reads)s read over %(time)s.",
            "That is soon, so it takes %(reads)s reads over %(time)s.",
            rules.long_reads,
        )
        return f"{waits} {soon % agree}"
    agree = {"reads": rules.reads, "time": _lasting(rules.wait), "longer": _lasting(rules.long_wait)}
    takes = ngettext(
        "That takes %(reads)s read over %(time)s, or %(longer)s when many nights go at once.",
        "That takes %(reads)s reads over %(time)s, or %(longer)s when many nights go at once.",
        rules.reads,
    )
    return f"{waits} {takes % agree}"


def _earliest(block: Block, feed: Feed) -> str:
    """When a night that waits can open by itself; nothing where no read counts towards it."""
    if feed.paused_at:
        return _("While the calendar is paused, nothing is read and it stays closed.")
    if block.missing_since is None or not block.missing_reads:
        return ""
    wait = settings.REMOVAL_WAIT_LONG if block.missing_slow else settings.REMOVAL_WAIT
    times = [block.missing_since + wait, *([feed.turn] if feed.turn else [])]
    return _("It can open at %(time)s at the earliest.") % {"time": _when(max(times))}


def _lasting(time: timedelta) -> str:
    """A wait in hours or minutes."""
    minutes = round(time.total_seconds() / 60)
    if minutes % 60 == 0 and minutes:
        return ngettext("%(count)s hour", "%(count)s hours", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def _when(moment: datetime) -> str:
    return dates.moment(localtime(moment))
