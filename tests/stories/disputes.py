"""Sites that sell the same nights, and the double bookings that come of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pytest_django import Settings

from calendars.models import Alert
from domain.spans import Span
from tests.stories.lookalikes import Site

type Opens = Callable[[str], Site]


@pytest.fixture
def site(settings: Settings) -> Iterator[Opens]:
    """Opens a site's calendar."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(Site(name))


@pytest.fixture
def airbnb(site: Opens) -> Site:
    return site("airbnb")


@pytest.fixture
def booking(site: Opens) -> Site:
    return site("booking")


@pytest.fixture
def vrbo(site: Opens) -> Site:
    return site("vrbo")


def disputed() -> list[tuple[str, str]]:
    """Arrival and departure of the open conflicts."""
    rows = Alert.objects.open().filter(kind=Alert.Kind.CONFLICT).order_by("opened_at", "pk")
    return [(alert.details["arrival"], alert.details["departure"]) for alert in rows]


def dates(span: Span) -> tuple[str, str]:
    return str(span.start), str(span.end)
