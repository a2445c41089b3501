"""Calendars that are read in a sandbox, and the processes that read them."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.sandbox import Quarantined, Sandbox
from domain.house import House
from domain.ics import Reading, Window

TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
MADRID = House(ZoneInfo("Europe/Madrid"))
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261201\r\n"
    b"DTEND;VALUE=DATE:20261204\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
NIGHTS = {date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 3)}
SOON_S = 15  # a hang would last for ever; a busy machine may take seconds to start a child


def ask(of: Sandbox, body: bytes | str, seconds: float = 20) -> Reading:
    body = body.encode() if isinstance(body, str) else body
    return of.read(body, MADRID, WINDOW, today=TODAY, seconds=seconds)


def trouble(of: Sandbox, body: str, seconds: float = 20) -> Quarantined:
    with pytest.raises(Quarantined) as caught:
        ask(of, body, seconds)
    return caught.value


def process_of(of: Sandbox) -> int:
    """The process that has just read a calendar."""
    assert ask(of, CALENDAR).nights == NIGHTS
    assert of.pid is not None
    return of.pid


def within(what: Callable[[], bool], seconds: float = SOON_S) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def state_of(pid: int) -> str:
    """The letter that the system has for it: R, S, T, Z …; nothing once it was collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def is_gone(pid: int) -> bool:
    return state_of(pid) == ""


def has_ended(pid: int) -> bool:
    """Whether it runs no more; an orphan is collected by the system, or by nobody in a bare container."""
    return state_of(pid) in ("", "Z", "X")
