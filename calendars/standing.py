"""How a feed stands: the one word that every page says of it, and what its row needs beside the word."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from calendars import sentences, servers
from calendars.alerts import patience
from calendars.models import Feed
from properties.dates import moment, when

SOON = timedelta(minutes=2)
FLOOR = timedelta(seconds=10)  # between two reads that a host asks for


class Standing(TextChoices):
    """From the best to the worst that a host has to do something about, and the two that pass."""

    FRESH = "fresh", _("Up to date")
    HELD = "held", _("Waiting to be confirmed")
    PARTLY = "partly", _("Partly readable")
    LATE = "late", _("Late")
    FAILING = "failing", _("Can't be read")
    QUARANTINED = "quarantined", _("Quarantined")
    PAUSED = "paused", _("Paused")
    CHECKING = "checking", _("Checking…")


def standing(feed: Feed, now: datetime) -> Standing:
    """How the feed stands at the instant `now`."""
    if feed.paused_at:
        return Standing.PAUSED
    if _is_being_read(feed, now):
        return Standing.CHECKING
    return _trouble(feed, now) or (Standing.HELD if feed.held_nights else Standing.FRESH)


def _trouble(feed: Feed, now: datetime) -> Standing | None:
    """What keeps a feed that is read from being trusted."""
    if feed.quarantined_at:
        return Standing.QUARANTINED
    if feed.failures:
        return Standing.FAILING
    if feed.problem and feed.failing_since and feed.problem["template"] not in sentences.RESTS:
        return Standing.PARTLY
    is_late = feed.last_good_at is None or now - feed.last_good_at > patience()
    return Standing.LATE if is_late and not _has_time(feed, now) else None


def _has_time(feed: Feed, now: datetime) -> bool:
    """Whether it is a unit whose turn hasn't long come: how often one is read follows from the account's budget."""
    return bool(feed.connection_id and feed.turn and now - feed.turn < patience())


def shown(feed: Feed, now: datetime) -> dict[str, Any]:
    """What a page shows of a feed: its state, and a sentence where something is wrong."""
    state = standing(feed, now)
    return {
        "feed": feed,
        "property": feed.property,
        "state": state,
        "problem": "" if state is Standing.PAUSED else sentences.sentence(feed.problem),
        "waits": state is Standing.CHECKING,
    }


def pace(feeds: Sequence[Feed]) -> str:
    """How often these calendars of one home are read: links by the clock, units of other systems on demand."""
    accounts = [feed.connection for feed in feeds if feed.connection]
    minutes = int(settings.POLL_INTERVAL.total_seconds() // 60)
    if not accounts:
        words = ngettext(
            "Every minute, and right before each sale.",
            "Every %(minutes)s minutes, and right before each sale.",
            minutes,
        )
        return words % {"minutes": minutes}
    words = gettext(
        "Whenever somebody reads a link of this home, at most %(floor)s, and right before each sale. Otherwise "
        "%(sweep)s, or less often where the account's requests don't allow more."
    )
    if len(accounts) < len(feeds):
        words = gettext(
            "Links %(links)s. Units of other systems whenever somebody reads a link of this home, at most %(floor)s; "
            "otherwise %(sweep)s, or less often where the account's requests don't allow more. All of them right "
            "before each sale."
        )
    return words % {
        "links": sentences.every(settings.POLL_INTERVAL.total_seconds()),
        "floor": sentences.every(max(account.least_interval for account in accounts).total_seconds()),
        "sweep": sentences.every(settings.MIRROR_INTERVAL.total_seconds()),
    }


def why_not_read(feed: Feed, now: datetime) -> str:
    """Why a host's wish to have it read now isn't granted, as a sentence; empty where it is or a read is under way."""
    zone = feed.property.house.zone
    if feed.paused_at:
        return gettext("%(feed)s is paused. Resume it to have it read.") % {"feed": feed.title}
    if _is_being_read(feed, now):
        return ""
    if until := servers.rests_until(feed.host, now):
        words = gettext("%(host)s is left alone until %(time)s, as it asked or because it is down.")
        at = moment(timezone.localtime(until, zone))
        return words % {"host": feed.host, "time": at}
    if feed.free_at and feed.free_at > now:
        words = gettext("%(system)s may be asked for %(feed)s again at %(time)s.")
        at = moment(timezone.localtime(feed.free_at, zone))
        return words % {"system": feed.source.name, "feed": feed.title, "time": at}
    if feed.last_read_at and now - feed.last_read_at < FLOOR:
        words = gettext("%(feed)s was read a moment ago, at %(time)s. Give the site a few seconds.")
        at = when(timezone.localtime(feed.last_read_at, zone), "Hms")
        return words % {"feed": feed.title, "time": at}
    return ""


def _is_being_read(feed: Feed, now: datetime) -> bool:
    """Whether a worker reads it or is about to; long overdue means that none comes, which must not look busy."""
    if feed.lease_until and feed.lease_until > now:
        return True
    if feed.turn is None:
        return False
    overdue = now - feed.turn
    is_new = feed.last_read_at is None and feed.problem is None
    return overdue < patience() if is_new else timedelta() <= overdue < SOON
