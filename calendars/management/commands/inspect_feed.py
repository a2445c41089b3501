"""Show what one calendar closes, as a property would read it."""

import sys
from argparse import ArgumentParser
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from calendars import sentences
from calendars.forms import BAD_LINKS, NOT_A_LINK
from calendars.management import feed_command
from calendars.management.feed_command import ENOUGH, FeedCommand, count, dates, described
from connectors import http, links, sandbox
from domain import follow, reach
from domain.channels import CHANNELS, looks_like_listing_page, recognise
from domain.events import Event
from domain.house import House
from domain.ics import Reading, State, Window
from domain.spans import Span, merge
from domain.switches import Switches

OK = 200


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar's bytes and where they come from; `link` is empty for files. Neither is in a trace."""

    body: bytes = field(repr=False)
    channel: str
    link: str = field(default="", repr=False)


class Command(FeedCommand):
    """`inspect_feed FILE_OR_URL`: touches neither the database nor Redis; a refused calendar is an answer, too."""

    help = (
        "Reads one calendar and shows the nights it closes in [from, to), the entries behind them and what is "
        "wrong with it. A file, a link, or - for standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The source and the nights to show."""
        parser.add_argument("source", metavar="FILE_OR_URL")
        super().add_arguments(parser)
        parser.add_argument("--from", dest="first", metavar="D", help="the first night; default: all named")
        parser.add_argument("--to", dest="end", metavar="D", help="the day after the last night")
        parser.add_argument("--today", metavar="D", help="the property's date; default: now, over there")

    def handle(self, *_: Any, **options: Any) -> None:
        """Read, then print."""
        house, channel = feed_command.house(options), feed_command.channel(options)
        today = feed_command.day("--today", options["today"]) or house.today(timezone.now())
        first, end = feed_command.day("--from", options["first"]), feed_command.day("--to", options["end"])
        if first and end and first >= end:
            message = "--from must be before --to: the nights shown are [from, to)."
            raise CommandError(message)
        viewer = Viewer(house, today, Switches(ends_inclusive=options["ends_inclusive"]))
        source = (fetched if "://" in options["source"] else local)(options["source"], channel)
        window, reading = viewer.look(source, first, end)
        problems = told(source, reading)
        if options["json"]:
            self.answer(document(reading, problems))
        else:
            self.describe(window, reading, problems)

    def describe(self, window: Window, reading: Reading, problems: list[str]) -> None:
        """Print the reading for a person."""
        merged = closed(reading)
        nights = count(sum(map(len, merged)), "night")
        self.line(f"{reading.state}: {nights} closed from {window.start} to {window.end}")
        for run in merged:
            self.line(f"  {described(run)}")
        for title, lines in (("Entries", [shown(event) for event in reading.events]), ("Problems", problems)):
            if lines:
                self.line()
                self.line(f"{title}:")
            for line in lines:
                self.line(f"  {line}")


def local(name: str, channel: str) -> Source:
    """The file, or standard input for "-". Raises CommandError; doesn't repeat the name, which may be a link."""
    try:
        if name == "-":
            return Source(sys.stdin.buffer.read(ENOUGH), channel)
        with Path(name).open("rb") as file:
            return Source(file.read(ENOUGH), channel)
    except FileNotFoundError as error:
        message = "There is no such file. (A link begins with https:// or webcal://.)"
        raise CommandError(message) from error
    except IsADirectoryError as error:
        message = "That is a directory. Name one file; replay_feed reads directories."
        raise CommandError(message) from error
    except (OSError, ValueError) as error:
        message = f"The file can't be read: {getattr(error, 'strerror', None) or 'no file has such a name'}."
        raise CommandError(message) from error


def fetched(text: str, channel: str) -> Source:
    """What the link answers with. Raises CommandError; says nothing of the link but its host."""
    try:
        link = links.normalise(text, loopback_ports=settings.LOOPBACK_FEED_PORTS)
    except links.BadLink as error:
        message = f"The link {BAD_LINKS.get(error.code, NOT_A_LINK)}"
        raise CommandError(message) from error
    answer = http.fetch(
        http.Target(link), user_agent=settings.USER_AGENT, loopback_ports=settings.LOOPBACK_FEED_PORTS
    )
    host = links.host_of(link)
    if isinstance(answer, http.Failure):
        raise CommandError(sentences.sentence(sentences.failure(answer.code, host)))
    if answer.status != OK:
        raise CommandError(sentences.sentence(sentences.status(answer.status, host)))
    return Source(answer.body, channel or recognise(link), link)


@dataclass(frozen=True, slots=True)
class Viewer:
    """A property that reads the calendar, on its own date `today`."""

    house: House
    today: date
    switches: Switches

    def look(self, source: Source, first: date | None, end: date | None) -> tuple[Window, Reading]:
        """The nights shown and the reading of them; a side that isn't named reaches as far as the calendar."""
        if first is None and end is None:
            return reach.whole(source.body, self.today, lambda window: self.read(source, window))
        window = reach.window(source.body, self.today)
        window = Window(
            first or min(window.start, end - follow.PAST if end else window.start),
            end or max(window.end, first + follow.AHEAD if first else window.end),
        )
        return window, self.read(source, window)

    def read(self, source: Source, window: Window) -> Reading:
        """What the calendar closes, read in the child process as polling does. Raises CommandError."""
        try:
            return sandbox.read(
                source.body,
                self.house,
                window,
                channel=source.channel,
                today=self.today,
                switches=self.switches,
            )
        except sandbox.Quarantined as bad:
            return Reading(State.REFUSED, problems=(bad.problem,))
        except sandbox.NotStarted as error:
            message = "The process that reads calendars didn't start. Try again in a moment."
            raise CommandError(message) from error


def told(source: Source, reading: Reading) -> list[str]:
    """What is wrong, as sentences; the usual mistake with a link goes by its name."""
    if reading.state is State.REFUSED and looks_like_listing_page(source.link):
        return [sentences.sentence(sentences.listing_page(CHANNELS[recognise(source.link)].name))]
    return [feed_command.sentence(problem) for problem in reading.problems]


def closed(reading: Reading) -> tuple[Span, ...]:
    """The nights that the entries close, merged."""
    return merge(event.nights for event in reading.events if event.nights)


def document(reading: Reading, problems: list[str]) -> dict[str, Any]:
    """The reading as scripts rely on it."""
    return {
        "state": str(reading.state),
        "nights": dates(night for run in closed(reading) for night in run.nights()),
        "events": [
            {
                "uid": event.uid,
                "kind": str(event.kind),
                "start": event.start.isoformat(),
                "end": event.end.isoformat(),
                "summary": event.summary,
                "nights": dates(event.nights.nights()) if event.nights else [],
            }
            for event in reading.events
        ],
        "problems": problems,
    }


def shown(event: Event) -> str:
    """An entry in one line."""
    return f"{event.start} → {event.end}  {event.kind}  {event.summary or '-'}  ({event.uid})"
