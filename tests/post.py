"""The mail server of the tests: the simulator's, on a real socket; what arrived, and how it misbehaves."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from pytest_django import Settings

from simulator import smtp
from simulator.server import application, in_thread

GIVES_UP_AFTER_S = 2  # how long we wait for a mail server in tests


class Post:
    """The mail server: what arrived, and how it misbehaves."""

    def __init__(self, address: str) -> None:
        self.api = f"{address}/api/mails"

    @property
    def state(self) -> Any:
        return requests.get(self.api, timeout=10).json()

    @property
    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state["mails"]
        return found

    def to(self, person: str) -> list[str]:
        """The subjects of what a person got."""
        return [mail["subject"] for mail in self.mails if mail["to"] == [person]]

    def trouble(self, mode: str, **options: object) -> None:
        requests.post(f"{self.api}/fault", json={"mode": mode, **options}, timeout=10).raise_for_status()

    def empty(self) -> None:
        """Forget every mail and be well."""
        requests.delete(self.api, timeout=10).raise_for_status()


@contextmanager
def an_office() -> Iterator[str]:
    """A simulator with a mail server, in a thread."""
    app = application()
    smtp.attach(app, "127.0.0.1", 0)
    with in_thread(app) as address:
        yield address


def mail_server(settings: Settings, host: str, port: int, patience_s: float = GIVES_UP_AFTER_S) -> None:
    """Let the product mail through that server."""
    options = {"host": host, "port": port, "use_tls": False, "timeout": patience_s}
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
    }


def enclosure(mail: dict[str, Any], kind: str) -> bytes:
    """The one file of that kind which came with the mail."""
    (found,) = [each for each in mail["enclosures"] if each["kind"] == kind]
    return b64decode(found["content"])


def header(mail: dict[str, Any], name: str) -> str:
    """The one header of that name."""
    (found,) = [value for key, value in mail["headers"] if key == name]
    return str(found)
