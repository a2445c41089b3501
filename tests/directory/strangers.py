"""How a person fills in a form for strangers: reads the code in words, writes it in figures, takes their time."""

import re
from datetime import datetime, timedelta

import time_machine
from django.http import HttpResponse
from django.test import Client

from directory.codes import NUMBERS

NOW = datetime.fromisoformat("2026-01-05T09:00:00+00:00")  # past by every clock: letters of then are due now
A_WHILE = timedelta(seconds=20)


def the_code(page: str) -> str:
    """The code that the page asks for, as a person reads it."""
    found = re.search(r"<b>([a-z, ]+)</b>", page)
    assert found
    names = [str(each) for each in NUMBERS]
    return "".join(str(1 + names.index(word)) for word in found[1].split(", "))


def carried(page: str) -> dict[str, str]:
    """The form's hidden token, and the right code."""
    return {"token": token_in(page), "code": the_code(page)}


def token_in(page: str) -> str:
    """The form's hidden token."""
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def opened(browser: Client, path: str, at: datetime = NOW) -> dict[str, str]:
    """What the form at that address carries when somebody opens it."""
    with time_machine.travel(at, tick=False):
        return carried(browser.get(path).content.decode())


def sent(browser: Client, path: str, body: dict[str, str], at: datetime = NOW + A_WHILE) -> HttpResponse:
    """The answer to a form."""
    with time_machine.travel(at, tick=False):
        return browser.post(path, body)
