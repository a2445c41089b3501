"""A hint is only a hint: without a broker nothing is raised and nothing waits long."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, Task

from connectors.broker import hint

IMPATIENT = {"max_retries": 1, "interval_start": 0, "socket_connect_timeout": 0.3, "socket_timeout": 0.3}


def task_on(broker: str) -> "Task[Any, Any]":
    app = Celery("hints", broker=broker, broker_transport_options=IMPATIENT, set_as_current=False)

    @app.task(name="read_feed", shared=False)
    def read_feed(_: int) -> None:
        """Never runs here."""

    return read_feed


@pytest.fixture
def silent() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_hint_reaches_the_broker() -> None:
    task = task_on("memory://")
    assert hint(task, 7) is True
    with task.app.connection_for_read() as connection:
        message = connection.SimpleQueue("celery").get(timeout=2)
        assert message.payload[0] == [7]
        message.ack()


def test_a_broker_that_is_down_costs_a_false_and_no_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    task = task_on(f"redis://127.0.0.1:{port}/0")
    began = time.monotonic()
    assert hint(task, 7) is False
    assert time.monotonic() - began < 4  # kombu's own patience would be six seconds and more


def test_a_broker_that_says_nothing_costs_a_false(silent: int) -> None:
    began = time.monotonic()
    assert hint(task_on(f"redis://127.0.0.1:{silent}/0"), 7) is False
    assert time.monotonic() - began < 3


def test_a_mistake_of_ours_is_not_mistaken_for_a_lost_broker() -> None:
    class Broken:
        def apply_async(self, *, args: tuple[object, ...], retry: bool, expires: float) -> object:
            raise TypeError(args, retry, expires)

    with pytest.raises(TypeError):
        hint(Broken(), 7)
