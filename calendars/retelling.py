"""What several calendars tell of one home, each stay once: the rule of `domain.retold` for its blocks."""

from collections.abc import Iterable, Mapping

from calendars.glances import Claimed
from calendars.models import Feed
from domain.channels import WORDLESS
from domain.conflicts import LONGEST_STAY
from domain.events import Kind
from domain.retold import Shown, Told, shown_once
from domain.spans import Period, Span

STAYS = frozenset({Kind.RESERVATION, Kind.TENTATIVE})


def is_stay(block: Claimed, feed: Feed) -> bool:
    """Whether somebody sleeps there; where the site's words don't tell, all but long closures may be a guest."""
    if block.kind in STAYS:
        return True
    is_wordless = feed.channel in WORDLESS and block.kind == Kind.BLOCK
    return bool(is_wordless and (span := block.span) and len(span) <= LONGEST_STAY)


def retold[B: Claimed](
    blocks: Iterable[B], feeds: Mapping[int, Feed], closed: Iterable[Span] = ()
) -> list[tuple[B, Shown]]:
    """The feeds' blocks that take nights, with what is to be seen of each, by their nights.

    Without what a feed only reads back from us; `closed` are nights that are shown as closed already. The order of
    the blocks decides between equals, but a site knows its own guests better than whoever repeats them.
    """
    told: list[Told] = []
    by_name: dict[str, B] = {}
    gathering: dict[str, bool] = {}
    for block in blocks:
        span = block.span
        if span is None:
            continue
        feed = feeds[block.feed_id or 0]
        source = str(feed.pk)
        if source not in gathering:
            gathering[source] = feed.gathers
        left, sleeps = span.minus(feed.echo_spans) if feed.echoes else (span,), is_stay(block, feed)
        hours = Period(block.period.lower, block.period.upper) if block.period and left == (span,) else None
        may_repeat = gathering[source] or (sleeps and block.kind not in STAYS)
        for part in left:
            name = str(len(by_name))
            by_name[name] = block
            told.append(Told(name, source, part, sleeps, may_repeat, hours))
    told.sort(key=lambda one: gathering[one.source])
    shown = sorted(
        shown_once(told, closed), key=lambda one: (one.nights.start, one.nights.end, int(one.name))
    )
    return [(by_name[one.name], one) for one in shown]
