"""What docs/webhooks.md tells other people is true."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import time_machine
from django.utils import timezone

from accounts.models import Organization
from tests import cast
from tests.webhooks.conftest import Listens
from webhooks import outbox, sending
from webhooks.models import Event, Webhook

DOCS = (Path(__file__).resolve().parent.parent.parent / "docs" / "webhooks.md").read_text()


def the_check() -> Callable[[dict[str, str], bytes, str], bool]:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    names: dict[str, Callable[[dict[str, str], bytes, str], bool]] = {}
    exec(code, names)  # noqa: S102 - our own documentation
    return names["is_ours"]


def test_the_check_in_the_docs_takes_our_messages_and_no_others(
    organization: Organization, listens: Listens
) -> None:
    webhook, listener = listens()
    old, is_ours = webhook.secret, the_check()
    outbox.rotate(webhook, cast.NOW)
    outbox.announce(organization.pk, Event.SALE_CONFIRMED, dict, cast.NOW)
    with time_machine.travel(cast.NOW):
        sending.send_due(timezone.now())
        (heard,) = listener.heard
        for secret in (old, Webhook.objects.get().secret):
            assert is_ours(heard.headers, heard.body, secret)
            assert not is_ours(heard.headers, heard.body + b" ", secret)
        assert not is_ours(heard.headers, heard.body, "whsec_" + "A" * 44)
    with time_machine.travel(cast.NOW + timedelta(minutes=6)):
        assert not is_ours(heard.headers, heard.body, old)


def test_every_event_is_in_the_docs() -> None:
    assert [event for event in Event if f"`{event.value}`" not in DOCS] == []
