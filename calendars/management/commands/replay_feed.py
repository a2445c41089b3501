"""Replay the history of one feed through the rules of polling."""

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from calendars.management import feed_command
from calendars.management.feed_command import ENOUGH, FeedCommand, count, dates, described
from domain import follow
from domain.follow import Memory, Step
from domain.moments import EARLIEST, LATEST
from domain.spans import runs
from domain.switches import Switches

NAME = re.compile(r"\d{8}T\d{6}Z\.ics")
SPELLING = "%Y%m%dT%H%M%SZ.ics"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a feed answered at the instant that the file's name says."""

    at: datetime
    path: Path


class Command(FeedCommand):
    """`replay_feed DIR`: touches neither the database nor Redis; each snapshot is one read."""

    help = (
        "Replays snapshots of one feed, named YYYYMMDDTHHMMSSZ.ics (UTC), through the rules by which feeds are "
        "read, and shows which nights each read closed, opened or held back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The snapshots and what the host allows."""
        parser.add_argument("directory", metavar="DIR")
        super().add_arguments(parser)
        parser.add_argument(
            "--sells-around", action="store_true", help="preparation nights and gaps are sold"
        )
        parser.add_argument("--sells-tentative", action="store_true", help="tentative entries are sold over")

    def handle(self, *_: Any, **options: Any) -> None:
        """Read the snapshots in the order of their instants, then print."""
        house, channel = feed_command.house(options), feed_command.channel(options)
        switches = Switches(
            sells_around=options["sells_around"],
            sells_tentative=options["sells_tentative"],
            ends_inclusive=options["ends_inclusive"],
        )
        memory, reads = Memory(), []
        for snapshot in self.snapshots(Path(options["directory"])):
            step = follow.step(
                memory, content(snapshot.path), house, now=snapshot.at, channel=channel, switches=switches
            )
            memory = step.memory
            reads.append((snapshot.at, step))
        if options["json"]:
            self.answer(document(reads, memory))
        else:
            self.describe(reads, memory)

    def snapshots(self, directory: Path) -> list[Snapshot]:
        """The snapshots in order; other files are named on stderr. Raises CommandError when there are none."""
        try:
            paths = sorted(directory.iterdir())
        except NotADirectoryError as error:
            message = "That is a file. Name a directory of snapshots."
            raise CommandError(message) from error
        except (OSError, ValueError) as error:
            message = "There is no such directory, or it can't be read."
            raise CommandError(message) from error
        found = []
        for path in paths:
            at = instant(path.name) if path.is_file() or path.is_dir() else None
            if at is None:
                self.stderr.write(f"skipped, it is no file named like 20261201T140500Z.ics: {path.name!a}")
            else:
                found.append(Snapshot(at, path))
        if not found:
            message = "The directory holds no snapshots named like 20261201T140500Z.ics."
            raise CommandError(message)
        return found

    def describe(self, reads: Sequence[tuple[datetime, Step]], memory: Memory) -> None:
        """Print the reads that changed something or couldn't be trusted, and what is closed in the end."""
        before = None
        for at, step in reads:
            now = (step.state, step.held)
            if step.closed or step.opened or now != before:
                self.line(f"{at:%Y-%m-%d %H:%M:%S} UTC  {step.state}{changes(step)}")
            before = now
        nights = sum(map(len, memory.busy))
        self.line()
        self.line(
            f"{count(len(reads), 'read')}; {count(nights, 'night')} closed in the end, past ones included:"
        )
        for run in memory.busy:
            self.line(f"  {described(run)}")


def instant(name: str) -> datetime | None:
    """The instant that a file's name says, None when it says none."""
    if not NAME.fullmatch(name):
        return None
    try:
        at = datetime.strptime(name, SPELLING).replace(tzinfo=UTC)
    except ValueError:
        return None
    return at if EARLIEST < at.date() < LATEST else None


def content(path: Path) -> bytes:
    """The snapshot's bytes. Raises CommandError."""
    try:
        with path.open("rb") as file:
            return file.read(ENOUGH)
    except OSError as error:
        message = f"The snapshot {path.name} can't be read: {error.strerror}."
        raise CommandError(message) from error


def changes(step: Step) -> str:
    """What a read did, in one line."""
    parts = (("closed", step.closed), ("opened", step.opened), ("held back", step.held))
    found = [
        f"{name} {', '.join(f'{run.start} → {run.end}' for run in runs(nights))}"
        for name, nights in parts
        if nights
    ]
    return f": {'; '.join(found)}" if found else ""


def document(reads: Iterable[tuple[datetime, Step]], memory: Memory) -> dict[str, Any]:
    """The replay as scripts rely on it; `held` are the nights that wait after each read."""
    return {
        "reads": [
            {
                "at": at.isoformat(),
                "state": str(step.state),
                "closed": dates(step.closed),
                "opened": dates(step.opened),
                "held": dates(step.held),
            }
            for at, step in reads
        ],
        "busy": [[run.start.isoformat(), run.end.isoformat()] for run in memory.busy],
    }
