"""Writes docs/openapi.json, the committed description of the API, or tells whether it is the one that is served."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.docs import described

COPY = Path("docs") / "openapi.json"


class Command(BaseCommand):
    """`manage.py openapi [--check]`."""

    help = "Write the description of the API to docs/openapi.json."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument("--check", action="store_true", help="only compare; exit 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's contract
        """Write, or compare."""
        place = settings.BASE_DIR / COPY
        if not options["check"]:
            place.write_bytes(described())
        elif not place.is_file() or place.read_bytes() != described():
            message = f"{COPY} isn't what the API is. Run: bin/manage openapi"
            raise CommandError(message)
