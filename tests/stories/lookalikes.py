"""Calendars that look like those of the big sites, served on a real socket and changed entry by entry."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Self

from django.conf import settings

from calendars.models import Feed
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.connectors.strangers import Server, header_of, reply

_numbers: Iterator[int] = count()


def entry(span: Span, summary: str, uid: str, *lines: str) -> str:
    """An all-day entry that closes the nights of the span."""
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{span.start:%Y%m%d}",
            f"DTEND;VALUE=DATE:{span.end:%Y%m%d}",
            f"SUMMARY:{summary}",
            f"UID:{uid}",
            *lines,
            "END:VEVENT",
        ]
    )


def airbnb_reserved(span: Span, *, guest: str = "stay") -> str:
    return entry(span, "Reserved", f"1418fb94e984-{guest}@airbnb.com")


def airbnb_closed(span: Span) -> str:
    return entry(span, "Airbnb (Not available)", f"7f662ec65913-{span.start:%j}{span.end:%j}@airbnb.com")


def booking_closed(span: Span) -> str:
    return entry(span, "CLOSED - Not available", f"{span.start:%Y%m%d}00@booking.com")


def vrbo_reserved(span: Span, guest: str = "Marta") -> str:
    return entry(span, f"Reserved - {guest}", f"9d3c{span.end:%j}-{guest}")


def vrbo_tentative(span: Span) -> str:
    return entry(span, "Provisoire - Marta", f"7a11{span.end:%j}")


def manager_booked(span: Span) -> str:
    return entry(span, "Booked", f"{span.start:%Y%m%d}{span.end:%Y%m%d}")


class Site:
    """One site's calendar of one home: `says` what it holds, `feed` is our side of it."""

    def __init__(self, name: str = "airbnb") -> None:
        self.name = name
        self.entries: tuple[str, ...] = ()
        self.instead: bytes | None = None  # what is answered instead of a calendar
        self.status = "200 OK"
        self.head: tuple[str, ...] = ()
        self.asked_with: list[str | None] = []  # the validator of each request
        self.server = Server(self._answer)

    def __enter__(self) -> Self:
        self.server.__enter__()
        settings.LOOPBACK_FEED_PORTS |= {self.server.port}
        return self

    def __exit__(self, *error: object) -> None:
        self.server.__exit__(None, None, None)

    def says(self, *entries: str) -> None:
        self.entries = entries

    def feed(self, home: Property, path: str = "", **columns: object) -> Feed:
        """A feed of the home that reads this calendar."""
        address = f"http://{self.name}.localhost:{self.server.port}/{path or next(_numbers)}.ics"
        return cast.a_feed(home, address, **columns)

    @property
    def body(self) -> bytes:
        head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{self.name}//EN")
        return "\r\n".join([*head, *self.entries, "END:VCALENDAR", ""]).encode()

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        self.asked_with.append(header_of(request, "If-None-Match"))
        body = self.body if self.instead is None else self.instead
        head = ("Content-Type: text/calendar; charset=utf-8", *self.head)
        connection.sendall(reply(body, *head, status=self.status))
