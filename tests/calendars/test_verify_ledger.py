from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from calendars import ledger
from calendars.models import Busy, ExportLink
from properties.models import Property
from tests import cast


def verify() -> str:
    """What the command says; raises CommandError where it finds a difference."""
    out = StringIO()
    call_command("verify_ledger", stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def closed(home: Property) -> Property:
    cast.an_export(home)
    with ledger.changing(home, timezone.now()) as change:
        ledger.close(change, cast.nights(10, 3))
    return home


def test_a_true_ledger_is_confirmed(closed: Property) -> None:
    assert "1 calendars checked, no difference" in verify()


def test_a_night_that_is_missing_from_the_merged_calendar_is_found(closed: Property) -> None:
    Busy.objects.all().delete()
    with pytest.raises(CommandError) as found:
        verify()
    assert found.value.returncode == 1


def test_an_export_that_is_not_what_the_blocks_say_is_found(closed: Property) -> None:
    ExportLink.objects.update(body=b"BEGIN:VCALENDAR")
    with pytest.raises(CommandError):
        verify()
