"""What the two commands that read calendars without a database have in common."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import date, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from calendars import sentences
from domain.channels import CHANNELS
from domain.events import CONTROL
from domain.house import House
from domain.moments import EARLIEST, LATEST
from domain.prescan import MOST_BYTES
from domain.problems import Problem
from domain.spans import Span

ENOUGH = MOST_BYTES + 1  # bytes: what the reader needs to see that there are too many


class FeedCommand(BaseCommand):
    """A command about one calendar, as a property with this clock reads it."""

    requires_system_checks: list[str] = []  # none of them is about reading, and no database need be there

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The property's clock, where the calendar comes from, and how to answer."""
        parser.add_argument("--timezone", required=True, metavar="TZ", help="IANA name, as Europe/Madrid")
        parser.add_argument("--check-in", default="15:00", metavar="HH:MM", help="local; default 15:00")
        parser.add_argument("--check-out", default="11:00", metavar="HH:MM", help="local; default 11:00")
        parser.add_argument("--channel", default="", metavar="KEY", help="the site it comes from, as airbnb")
        parser.add_argument(
            "--ends-inclusive", action="store_true", help="all-day entries end with their last night"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def answer(self, document: dict[str, Any]) -> None:
        """Print the one JSON document."""
        self.stdout.write(json.dumps(document))

    def line(self, text: str = "") -> None:
        """Print a line that may quote the calendar, without what would command a terminal."""
        self.stdout.write(CONTROL.sub(" ", text))


def house(options: dict[str, Any]) -> House:
    """The property's clock. Raises CommandError with a sentence about the option that is wrong."""
    name = options["timezone"]
    try:
        zone = ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        message = f"--timezone: “{name}” is no IANA time zone, such as Europe/Madrid."
        raise CommandError(message) from error
    check_in, check_out = clock("--check-in", options["check_in"]), clock("--check-out", options["check_out"])
    if check_out > check_in:
        message = "--check-out must not be later than --check-in, or two nights would overlap."
        raise CommandError(message)
    return House(zone, check_in, check_out)


def channel(options: dict[str, Any]) -> str:
    """The key of the channel, "" when none is named. Raises CommandError for one that isn't known."""
    key: str = options["channel"]
    if key and key not in CHANNELS:
        message = f"--channel: “{key}” is not known. Choose from: {', '.join(CHANNELS)}."
        raise CommandError(message)
    return key


def clock(option: str, text: str) -> time:
    """A wall time. Raises CommandError."""
    try:
        at = time.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo:
        message = f"{option}: “{text}” is no time of day, such as 15:00."
        raise CommandError(message)
    return at


def day(option: str, text: str | None) -> date | None:
    """A date, None where the option isn't given. Raises CommandError."""
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        message = f"{option}: “{text}” is no date, such as 2026-12-01."
        raise CommandError(message) from error
    if not EARLIEST <= found <= LATEST:
        message = f"{option}: {found} is outside {EARLIEST} to {LATEST}, the dates that are read."
        raise CommandError(message)
    return found


def dates(nights: Iterable[date]) -> list[str]:
    """The nights in order, as ISO dates."""
    return [iso(night) for night in sorted(nights)]


@cache
def iso(night: date) -> str:
    """The night as text; many entries may share one."""
    return night.isoformat()


def sentence(found: Problem) -> str:
    """A problem of reading as a person reads it."""
    return sentences.sentence(sentences.problem(found))


def count(number: int, noun: str) -> str:
    """A number of things in English: "1 night", "2 nights"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def described(span: Span) -> str:
    """A run of nights, with the departure day as its end."""
    return f"{span.start} → {span.end}  {count(len(span), 'night')}"
