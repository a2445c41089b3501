"""Recompute what is derived from blocks, and say where it differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from calendars import ledger
from calendars.models import Calendar


class Command(BaseCommand):
    """`verify_ledger`: exit status 1 when any property's Busy or export body isn't what its blocks say."""

    help = "Recomputes every property's merged nights and export bodies; exit 1 on a difference."

    def handle(self, *_: Any, **__: Any) -> None:
        """Look at each calendar under its lock, so that a change under way isn't taken for a difference."""
        wrong = 0
        ids = list(Calendar.objects.order_by("pk").values_list("pk", flat=True))
        for pk in ids:
            with transaction.atomic():
                calendar = (
                    Calendar.objects.select_for_update(no_key=True).select_related("property").get(pk=pk)
                )
                for difference in ledger.differences(calendar.property):
                    wrong += 1
                    self.stderr.write(f"{calendar.property.public_id}: {difference}")
        if wrong:
            message = f"{wrong} differences in {len(ids)} calendars."
            raise CommandError(message, returncode=1)
        self.stdout.write(f"{len(ids)} calendars checked, no difference.")
