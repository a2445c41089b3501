"""Since when channels could read us: what tells a channel that stopped reading from a product that was away.

Web processes that reach the database say so once a minute; ten minutes without a word, and what was is over: the
time begins anew. It is kept as a hint. Losing it puts off, by one interval of each link, that hosts are told.
"""

from datetime import datetime, timedelta

from django.core.cache import cache

KEY = "answering-since"
LASTS = timedelta(minutes=10)
BEAT_S = 60.0


def beat(now: datetime) -> None:
    """Say that links are answered."""
    seconds = LASTS.total_seconds()
    if not cache.add(KEY, now, seconds) and (since := cache.get(KEY)):
        cache.set(KEY, since, seconds)


def since() -> datetime | None:
    """Since when links have been answered without a longer break; None while they aren't, or nobody knows."""
    found: datetime | None = cache.get(KEY)
    return found
