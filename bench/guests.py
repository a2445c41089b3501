"""Guests who all press "book" for the same night at once, a process of its own: `python -m bench.guests PORT`.

Each has a connection, an address and cookies of their own. Reads one `Rush` per line of standard input, says `READY`
when all have the page open and their press is written out, and answers the next line, whatever it is, with what came
of the presses (`Outcome`). Only those are timed.
"""

import html
import json
import re
import selectors
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from bench.load import HEAD_END, Caller, WrongAnswerError, answered

ANY = b"HTTP/1.1 "
OK = 200
COOKIE = re.compile(rb"^set-cookie: *(\w+=[^;\r]+)", re.IGNORECASE | re.MULTILINE)
FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="([^"]*)"')
NIGHTS = re.compile(r'name="choice" value="(extra_nights-[^"]+)"')
ADDRESSES = "203.0.113."  # for documentation (RFC 5737)
FORM = re.compile(r'<form[^>]*id="options".*?</form>', re.DOTALL)
READY = "ready"


@dataclass(frozen=True, slots=True)
class Rush:
    """The guest page's path with the day in its query, and how many guests want a night there."""

    path: str
    guests: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every press: the statuses answered and the milliseconds they took; wall and own processor time in seconds."""

    statuses: list[int]
    milliseconds: list[float]
    seconds: float
    busy_seconds: float


@dataclass(slots=True)
class Guest:
    """One browser on the page."""

    caller: Caller
    head: str

    def page_request(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\n{self.head}\r\n".encode()

    def press(self, path: str, number: int) -> bytes:
        """The request that books, as the form on the page makes it; guests differ in how many nights they want."""
        head, _, body = self.caller.received.partition(HEAD_END)
        form = FORM.search(body.decode())
        choices = NIGHTS.findall(form[0]) if form else []
        if not form or not choices:
            message = f"no night is on sale at {path}"
            raise WrongAnswerError(message)
        fields = {name: html.unescape(value) for name, value in FIELD.findall(form[0])}
        content = urlencode({**fields, "choice": choices[number % len(choices)]})
        cookies = b"; ".join(COOKIE.findall(head)).decode()
        lines = (
            f"POST {path.partition('?')[0]} HTTP/1.1\r\n{self.head}Cookie: {cookies}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(content)}\r\n\r\n{content}"
        )
        return lines.encode()


def opened(port: int, wanted: Rush) -> tuple[list[Caller], list[bytes]]:
    """All guests with the page open, and what each of them presses; WrongAnswerError where it isn't shown."""
    guests = [guest(port, number) for number in range(wanted.guests)]
    callers = [one.caller for one in guests]
    statuses, _ = ask(callers, [one.page_request(wanted.path) for one in guests])
    if set(statuses) != {OK}:
        message = f"the guest page answers {sorted(set(statuses))}"
        raise WrongAnswerError(message)
    return callers, [one.press(wanted.path, number) for number, one in enumerate(guests)]


def rush(callers: Sequence[Caller], presses: Sequence[bytes]) -> Outcome:
    """All press at once, and leave when everybody has an answer."""
    began, busy = time.perf_counter(), time.process_time()
    statuses, milliseconds = ask(callers, presses)
    outcome = Outcome(statuses, milliseconds, time.perf_counter() - began, time.process_time() - busy)
    for caller in callers:
        caller.door.close()
    return outcome


def guest(port: int, number: int) -> Guest:
    host = f"127.0.0.1:{port}"
    told = f"Host: {host}\r\nOrigin: http://{host}\r\nX-Forwarded-For: {ADDRESSES}{number + 1}\r\n"
    return Guest(Caller(port), f"{told}User-Agent: bench\r\nAccept: text/html\r\n")


def ask(callers: Sequence[Caller], requests: Sequence[bytes]) -> tuple[list[int], list[float]]:
    """Everybody's request at the same time: the statuses and the milliseconds, in the order of the answers."""
    statuses: list[int] = []
    milliseconds: list[float] = []
    with selectors.DefaultSelector() as selector:
        for caller, request in zip(callers, requests, strict=True):
            selector.register(caller.door, selectors.EVENT_READ, caller)
            caller.ask(request)
        while len(statuses) < len(callers):
            for caller in answered(selector, ANY):
                milliseconds.append((time.perf_counter() - caller.asked_at) * 1000)
                statuses.append(int(caller.received[len(ANY) :][:3]))
    return statuses, milliseconds


def main() -> None:
    """Plays rushes until standard input ends."""
    port = int(sys.argv[1])
    for line in sys.stdin:
        guests = opened(port, Rush(**json.loads(line)))
        print(READY, flush=True)
        sys.stdin.readline()
        print(json.dumps(asdict(rush(*guests))), flush=True)


if __name__ == "__main__":
    main()
