"""Ask a live Escapia account what its documents leave open."""

import json
import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from connectors import escapia
from connectors.contract import Account, RateLimited, Tools
from connectors.first_day import QUESTIONS, Finding, FirstDay
from domain.spans import Span

ENOUGH = 100_000
NAMES = [each.name for each in escapia.SPEC.credentials]


class Command(BaseCommand):
    """`first_live_day KEYS`: touches neither the database nor any switch; without --close it only reads."""

    help = (
        "Asks a live Escapia account what its documents leave open, and says which switches that settles. KEYS is a "
        f"file, or - for standard input, with a JSON object of these: {', '.join(NAMES)}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The keys, and the nights that may be closed for a moment."""
        parser.add_argument("keys", metavar="KEYS")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
        parser.add_argument(
            "--close",
            nargs=3,
            metavar=("UNIT", "ARRIVAL", "DEPARTURE"),
            help="a unit's number and free nights that are closed and opened again, to see which way is accepted",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Probe, then tell."""
        unit, nights = closing(options["close"])
        day = FirstDay(Account(keys(options["keys"]), {}), self.tools())
        findings: list[Finding] = []
        try:
            for finding in day.findings(unit, nights):
                findings.append(finding)
                if not options["json"]:
                    self.tell(finding)
        except RateLimited as error:
            message = f"{error} Begin again later."
            raise CommandError(message) from error
        if options["json"]:
            self.stdout.write(json.dumps(document(findings), indent=1))
        else:
            self.stdout.write("\nTo ask Escapia's support:")
            for question in QUESTIONS:
                self.stdout.write(f"  {question}")

    def tools(self) -> Tools:
        """Ours, with every request told on standard error."""
        return Tools(
            spend=lambda operation: self.stderr.write(f"asking {operation}"),
            today=timezone.now().date(),
            user_agent=settings.USER_AGENT,
            loopback_ports=settings.LOOPBACK_FEED_PORTS,
            base_urls=getattr(settings, "MIRROR_BASE_URLS", {}).get(escapia.SPEC.key),
        )

    def tell(self, finding: Finding) -> None:
        """One finding for a person."""
        self.stdout.write(f"{finding.probe}: {finding.found}")
        if finding.asked:
            self.stdout.write(f"  asked: {finding.asked}")
        for switch, choice in finding.settles.items():
            self.stdout.write(f"  settles: {switch} = {choice}")


def keys(name: str) -> dict[str, str]:
    """What was entered. Raises CommandError, which says nothing of it."""
    try:
        text = sys.stdin.read(ENOUGH) if name == "-" else Path(name).read_text()[:ENOUGH]
        found = json.loads(text)
    except OSError as error:
        message = f"The file can't be read: {error.strerror}."
        raise CommandError(message) from None
    except (ValueError, RecursionError):
        message = "There is no JSON object of keys in it."
        raise CommandError(message) from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        message = "There is no JSON object of keys in it."
        raise CommandError(message)
    if unknown := found.keys() - set(NAMES):
        message = f"These are no keys of Escapia: {', '.join(sorted(unknown))}."
        raise CommandError(message)
    return found


def closing(given: list[str] | None) -> tuple[str, Span | None]:
    """The unit and the nights that may be closed. Raises CommandError."""
    if given is None:
        return "", None
    unit, arrival, departure = given
    try:
        return unit, Span(date.fromisoformat(arrival), date.fromisoformat(departure))
    except ValueError:
        message = (
            "--close wants a unit, an arrival and a later departure, such as 173738 2027-02-01 2027-02-04."
        )
        raise CommandError(message) from None


def document(findings: list[Finding]) -> dict[str, Any]:
    """The findings as scripts read them, with all switches that they settle together."""
    return {
        "findings": [
            {
                "probe": each.probe,
                "asked": each.asked,
                "found": each.found,
                "settles": dict(each.settles),
            }
            for each in findings
        ],
        "switches": {name: choice for each in findings for name, choice in each.settles.items()},
        "questions": list(QUESTIONS),
    }
