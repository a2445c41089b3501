"""Show the public keys that certificates of sales are verified with."""

import json
from argparse import ArgumentParser
from base64 import b64encode
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from upsells import certificates


class Command(BaseCommand):
    """`certificate_keys`: the names and public keys to publish, the one that signs first."""

    help = "Shows the public keys of certificates, the one that signs now first."
    requires_system_checks: list[str] = []  # no database is asked

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to answer."""
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *_: Any, **options: Any) -> None:
        """Name each key with its public half."""
        try:
            keys = certificates.known_keys()
        except ValueError as error:
            message = "CERTIFICATE_KEYS or CERTIFICATE_RETIRED: a key is 32 bytes in base64."
            raise CommandError(message, returncode=1) from error
        found = [{"key": name, "public": b64encode(key.public).decode()} for name, key in keys.items()]
        if options["json"]:
            self.stdout.write(json.dumps({"keys": found}))
        else:
            self.stdout.write("\n".join(f"{each['key']}  {each['public']}" for each in found))
