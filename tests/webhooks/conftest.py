from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pytest_django import Settings

from accounts.models import Organization
from tests import cast
from tests.webhooks.listeners import Does, Listener, a_webhook
from webhooks import sending
from webhooks.models import Webhook

type Listens = Callable[..., tuple[Webhook, Listener]]


@pytest.fixture
def listens(
    organization: Organization, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Listens]:
    """Opens a listener and the organization's webhook for it; nobody waits for long for an answer."""
    monkeypatch.setattr(sending, "LIMITS", sending.replace(sending.LIMITS, total_s=3))
    with ExitStack() as stack:

        def opened(does: Does | None = None, **columns: object) -> tuple[Webhook, Listener]:
            listener = stack.enter_context(Listener(*[does] if does else []))
            return a_webhook(organization, listener, cast.NOW, settings, **columns), listener

        yield opened
