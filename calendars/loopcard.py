"""What the Connections tab says of a loop check: each channel in a word, a sentence, and what to do about it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calendars import loops
from calendars.ledger import Crowded
from calendars.loops import Party
from calendars.models import LoopCheck
from domain.channels import Channel
from domain.loops import Verdict, Way
from properties.dates import moment
from properties.models import Property

TONES = {
    Verdict.BOTH: ("ok", "circle-check"),
    Verdict.IMPORTS_US: ("warn", "arrow-up-right"),
    Verdict.EXPORTS_TO_US: ("warn", "arrow-down-left"),
    Verdict.NEITHER: ("bad", "unlink"),
    Verdict.WAITING: ("info", "hourglass"),
    Verdict.UNKNOWN: ("", "circle-question-mark"),
}
GAPS = (Verdict.IMPORTS_US, Verdict.EXPORTS_TO_US, Verdict.NEITHER)
OWN_CALENDARS = frozenset({"google", "other"})  # perhaps nobody books there


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that the host can do, and where."""

    said: str
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One channel as the card shows it."""

    source: Channel
    title: str
    word: str
    tone: str
    icon: str
    said: str
    todos: tuple[Todo, ...]
    notes: tuple[str, ...]


def shown(property: Property, now: datetime) -> dict[str, Any]:
    """What the card needs: nothing but the check's state and the lines of its channels.

    `state` is empty (nothing to check), new, running, closed, gaps or early. Looking at a check may end it.
    """
    check = loops.latest(property)
    if check is None:
        return {"state": _at_first(property)}
    check.property = property
    try:
        found = loops.follow(check, now)
    except Crowded:  # the sweep ends it
        found = loops.parties(check, now)
    counts = Counter(party.sight.verdict for party in found)
    gaps = sum(counts[verdict] for verdict in GAPS)
    return {
        "state": _state(check, counts, gaps),
        "check": check,
        "lines": [_line(party) for party in found],
        "good": counts[Verdict.BOTH],
        "gaps": gaps,
        "count": len(found),
        "outdated": loops.is_outdated(check),
        "untold": ", ".join(party.title for party in found if any(f.anyway for f in party.sight.feeds)),
    }


def _at_first(property: Property) -> str:
    return "new" if loops.can_start(property) else "empty"


def _state(check: LoopCheck, counts: Counter[Verdict], gaps: int) -> str:
    if check.ended_at is None:
        return "running"
    if not counts:
        return _at_first(check.property)
    if gaps:
        return "gaps"
    return "early" if counts[Verdict.UNKNOWN] else "closed"


def _line(party: Party) -> Line:
    verdict = party.sight.verdict
    tone, icon = TONES[verdict]
    return Line(
        source=party.source,
        title=party.title,
        word=_word(verdict),
        tone=tone,
        icon=icon,
        said=f"{_importing(party)} {_exporting(party)}",
        todos=tuple(todo for todo in (_to_be_read(party), _to_read(party)) if todo),
        notes=tuple(_notes(party)),
    )


def _word(verdict: Verdict) -> str:
    return {
        Verdict.BOTH: _("Both ways"),
        Verdict.IMPORTS_US: _("It reads us only"),
        Verdict.EXPORTS_TO_US: _("We read it only"),
        Verdict.NEITHER: _("Neither way"),
        Verdict.WAITING: _("Waiting"),
        Verdict.UNKNOWN: _("Not known"),
    }[verdict]


def _importing(party: Party) -> str:
    """Whether the channel reads us, in a sentence."""
    sight = party.sight
    words = {
        "name": party.title,
        "reader": ", ".join(sight.strangers),
        "other": party.first_read,
        "read": _clock(sight.read_at or sight.due, party),
        "due": _clock(sight.due, party),
    }
    if sight.read_at:
        said = _("%(name)s read our link on %(read)s.")
    elif sight.imports is Way.MISSING:
        said = _("%(name)s has no link to read us by.")
    elif party.first_read:
        said = _("%(name)s reads the link that was made for %(other)s.")
    elif sight.strangers:
        said = _("The link for %(name)s seems to be pasted into %(reader)s.")
    elif sight.imports is Way.WAITING:
        said = _("%(name)s should read our link by %(due)s.")
    elif sight.imports is Way.UNKNOWN:
        said = _("%(name)s didn't read our link before the test was ended; it often takes until %(due)s.")
    else:
        said = _("%(name)s didn't read our link during this test.")
    return said % words


def _exporting(party: Party) -> str:
    """Whether we read the channel, in a sentence."""
    count, way = len(party.sight.feeds), party.sight.exports
    if way is Way.OPEN:
        return ngettext("We read its calendar.", "We read its calendars.", count)
    if way is Way.MISSING:
        return _("Its own calendar isn't connected here.")
    if way is Way.WAITING:
        return ngettext("We are reading its calendar.", "We are reading its calendars.", count)
    if way is Way.UNKNOWN:
        return _("Its calendar wasn't read before the test was ended.")
    if any(feed.is_paused for feed in party.sight.feeds):
        return _("Reading its calendar is paused.")
    return ngettext(
        "Its calendar couldn't be read during this test.",
        "Not all of its calendars could be read during this test.",
        count,
    )


def _to_be_read(party: Party) -> Todo | None:
    """What lets the channel read us."""
    sight, words = party.sight, {"name": party.title}
    if sight.imports in (Way.OPEN, Way.WAITING, Way.UNKNOWN) and not sight.strangers:
        return None
    url = _tab(party) + "#export"
    if sight.imports is Way.MISSING:
        said = _("Make a link for %(name)s and paste it there, so that it learns what is sold here.")
        return Todo(said % words, url, _("Make the link"))
    if party.first_read:
        said = _("Paste its own link into %(name)s instead: only then can we tell who has seen a sale.")
    elif sight.strangers:
        words["reader"] = ", ".join(sight.strangers)
        said = _("Paste this link into %(name)s only, and give %(reader)s a link of its own.")
    elif party.source.key in OWN_CALENDARS:
        said = _("If guests book there, paste our link there. If it is only your own calendar, all is well.")
    else:
        said = _("Paste our link into %(name)s, or let it refresh its calendars there, and check again.")
    return Todo(said % words, url, _("Copy the link"))


def _to_read(party: Party) -> Todo | None:
    """What lets us read the channel."""
    way = party.sight.exports
    if way is Way.MISSING:
        said = _("Connect the calendar of %(name)s, so that its bookings close nights here.")
        return Todo(said % {"name": party.title}, _tab(party) + "#add", _("Add its calendar"))
    feed = next(iter(party.silent), None)
    if way is not Way.SHUT or feed is None:  # or it is gone since
        return None
    url = reverse("calendars:log", args=[party.home.public_id, feed.public_id])
    if feed.paused_at:
        return Todo(_("Resume it, or its bookings can be sold a second time."), url, _("Open its page"))
    return Todo(_("Its page tells what is wrong and what helps."), url, _("Open its page"))


def _notes(party: Party) -> list[str]:
    """What else was seen, that needs nothing done."""
    words = {"name": party.title, "reader": ", ".join(party.sight.strangers)}
    notes = []
    if party.sight.strangers and party.sight.read_at:
        notes.append(_("%(reader)s reads the link for %(name)s, too.") % words)
    if party.sight.passes_on:
        said = _(
            "%(name)s passes on what it reads: our mark came back in its calendar. We recognise our own nights, but "
            "don't paste the calendar of %(name)s into another site."
        )
        notes.append(said % words)
    return notes


def _tab(party: Party) -> str:
    return reverse("calendars:connections", args=[party.home.public_id])


def _clock(at: datetime, party: Party) -> str:
    """The instant on the home's own clock."""
    return moment(localtime(at, party.home.house.zone))
