"""Schemathesis asks the API what its description allows, and what it doesn't, in this process.

Requests that fit the description are never malformed (400), those that don't are refused, no request ends in a fault
of ours, and every answer is one that is described: its status, its media type, its shape.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck
from hypothesis.errors import Unsatisfiable
from pytest_django import Settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from tests.api.callers import Caller

SIMPLE, RICH = 1, 3  # examples of an operation without body and query, and of one with
CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "412", "422"]},
        "ignored_auth": {"enabled": False},  # tried with every operation by the test of walls
    },
}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests leave the test's own connection open, as with Django's test client."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is changed inside is as before afterwards, also where a story wants a transaction of its own."""
    inner = transaction.atomic()
    inner._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark for tests
    with inner:
        yield
        transaction.set_rollback(True)


def ask(operation: Any, mode: GenerationMode, headers: dict[str, str], known: dict[str, str]) -> None:
    """Ask some of what an operation allows, or doesn't, about known rows."""
    strategy = operation.as_strategy(mode, path_parameters=known)
    most = RICH if len(operation.body) or len(operation.query) else SIMPLE

    @hypothesis.settings(
        max_examples=most, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[hypothesis.Phase.generate],
    )  # fmt: skip
    @hypothesis.given(case=strategy)
    def one(case: schemathesis.Case) -> None:
        if mode.is_positive:  # else hardly any request would get further than these
            case.headers.pop("If-Match", None)
            case.query.pop("cursor", None)
        with undone():
            case.call_and_validate(headers=headers)

    try:
        one()
    except Unsatisfiable:
        assert mode.is_negative, "nothing fits the description"


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "refused"]
)
def test_every_operation_is_as_it_is_described(
    one_connection: None, mode: GenerationMode, api: Caller, ids: dict[str, str], settings: Settings
) -> None:
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application(), config=config)
    headers = {"Authorization": f"Bearer {api.token}"}
    failures = []
    for found in schema.get_all_operations():
        operation = found.ok()
        names = [each.name for each in operation.path_parameters]
        try:
            ask(operation, mode, headers, {name: ids[name] for name in names})
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all of them are told at the end
            failures.append(f"{operation.label}\n{error}")
    assert failures == [], f"{len(failures)}:\n" + "\n\n".join(failures)
