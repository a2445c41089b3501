"""Other software that listens, on a real socket, and does with our messages what the test says."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

import standardwebhooks
from pytest_django import Settings

from accounts.models import Organization
from connectors import links
from tests import cast
from webhooks import outbox
from webhooks.models import Event, Sending, Webhook

EVERYTHING = [event.value for event in Event if event != Event.TEST]


class Heard(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Answer(NamedTuple):
    """What the software answers."""

    status: int = 204
    headers: dict[str, str] = {}
    body: bytes = b""


type Does = Callable[[Heard], Answer]


class Listener:
    """Hears requests and answers each as `does` says."""

    def __init__(self, does: Does = lambda _: Answer()) -> None:
        self.does = does
        self.heard: list[Heard] = []
        self.over = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard = Heard(self.command, self.path, headers, body)
                listener.heard.append(heard)
                answer = listener.does(heard)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                body = b"" if answer.status in {100, 204} else answer.body
                if answer.status not in {100, 204}:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """Who hangs up on us is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/canary0c4nary?key=canary0c4nary"

    @property
    def ids(self) -> list[str]:
        return [heard.id for heard in self.heard]

    def __enter__(self) -> Self:
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def hang(self, _heard: Heard) -> Answer:
        """Say nothing until the test is over."""
        self.over.wait(30)
        return Answer()


def answering(*statuses: int, **headers: str) -> Does:
    """Answers with these statuses in turn; the last of them goes on."""
    left = list(statuses)

    def does(_heard: Heard) -> Answer:
        status = left.pop(0) if len(left) > 1 else left[0]
        return Answer(
            status, {name.replace("_", "-"): value for name, value in headers.items()}, b"as you say"
        )

    return does


def a_webhook(
    organization: Organization, listener: Listener, now: datetime, settings: Settings, **columns: object
) -> Webhook:
    """A webhook that the listener hears."""
    settings.LOOPBACK_FEED_PORTS = settings.LOOPBACK_FEED_PORTS | {listener.port}
    values = {"url": listener.url, "events": EVERYTHING, "created_at": now, **columns}
    return Webhook.objects.create(organization=organization, host=links.host_of(str(values["url"])), **values)


def verified(heard: Heard, secret: str, now: datetime) -> Any:
    """What the message says, if somebody else's library takes the signature as ours. Raises its error otherwise.

    The library compares with the real clock, so the listener's clock is only checked here.
    """
    sent = datetime.fromtimestamp(int(heard.headers["webhook-timestamp"]), now.tzinfo)
    assert abs(sent - now) < timedelta(seconds=1)
    others = standardwebhooks.Webhook(secret)
    signature = others.sign(heard.id, sent, heard.body.decode())
    if signature not in heard.headers["webhook-signature"].split():
        raise standardwebhooks.WebhookVerificationError(heard.headers["webhook-signature"])
    return heard.body


def announced(organization: Organization, number: int = 1, now: datetime = cast.NOW) -> bool:
    return outbox.announce(
        organization.pk, Event.SALE_CONFIRMED, lambda: {"id": f"sale{number}", "name": "Gràcia"}, now
    )


def the_sending(webhook: Webhook) -> Sending:
    return Sending.objects.get(webhook=webhook)
