"""Check the certificate of a sale."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from domain.certificate import LARGEST_FILE
from upsells import certificates
from upsells.certificates import Doubtful, Key


class Command(BaseCommand):
    """`verify_certificate FILE`: exit status 1 with a sentence unless we signed exactly these bytes."""

    help = "Checks a sale's certificate and says what it certifies; exit 1 when it is forged, altered or unknown."
    requires_system_checks: list[str] = []  # no database is asked

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the certificate is, whose signature is believed, and how to answer."""
        parser.add_argument("file", metavar="FILE", help="the downloaded certificate; - reads standard input")
        parser.add_argument("--key", metavar="PUBLIC", help="believe this public key (base64) and no other")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *_: Any, **options: Any) -> None:
        """Verify, then tell."""
        keys = _keys(options["key"])
        try:
            signed = certificates.verify(_content(options["file"]), keys)
        except Doubtful as error:
            if options["json"]:
                self.stdout.write(json.dumps({"valid": False, "problem": str(error)}))
            raise CommandError(str(error), returncode=1) from error
        document = signed.document
        if options["json"]:
            self.stdout.write(json.dumps({"valid": True, "key": signed.key, "certificate": document}))
        else:
            self.stdout.write("\n".join(_summary(document, signed.key)))


def _content(path: str) -> bytes:
    """The bytes of the file, or a little more than the largest certificate. Raises CommandError."""
    if path == "-":
        return sys.stdin.buffer.read(LARGEST_FILE + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}."
        raise CommandError(message, returncode=1) from error


def _keys(public: str | None) -> dict[str, Key]:
    """The keys that are believed. Raises CommandError."""
    try:
        if public is None:
            return certificates.known_keys()
        key = certificates.public_key(public)
    except ValueError as error:
        where = "--key" if public else "CERTIFICATE_KEYS or CERTIFICATE_RETIRED"
        message = f"{where}: a key is 32 bytes in base64."
        raise CommandError(message, returncode=1) from error
    return {key.name: key}


def _summary(document: dict[str, Any], key: str) -> list[str]:
    """What is certified, for a person."""
    sale, verdict = document["sale"], document["verdict"]
    nights = " to ".join(sale["nights"]) if sale["nights"] else "no whole night"
    price = sale["price"]
    asked = f"  asked for at {sale['requested_at']}, decided at {sale['decided_at']} by the {verdict['by']},"
    return [
        f"Valid. Signed with the key {key}.",
        f"Purchase {sale['purchase']} at property {sale['property']}: {sale['kind']}, {nights}",
        f"  from {sale['period'][0]} to {sale['period'][1]}",
        f"  {price['amount']} minor units of {price['currency']}",
        f"{asked} on version {document['ledger_version']} of the calendar",
        *(_line(feed) for feed in document["feeds"]),
    ]


def _line(feed: dict[str, Any]) -> str:
    nights = ", ".join(" to ".join(span) for span in feed["closed"]) or "no night nearby"
    when = "after the request" if feed["read_after_request"] else "NOT after the request"
    return (
        f"  {feed['channel']} ({feed['feed']}), read at {feed['last_good_read_at']}, {when}: closed {nights}"
    )
