"""Guests with real browsers' requests: over a socket, with cookies and an address of their own."""

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlsplit

import requests

ADDRESSES = "203.0.113."  # for documentation (RFC 5737)
GOOD = "4242424242424242"
PATIENCE_S = 60
FIELD = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
CHOICES = re.compile(r'name="choice" value="(extra_nights-[^"]+)"')
TO_STRIPE = re.compile(r'href="(http[^"]*/pay/[^"]+)"')
BOOKED, DECLINED, TAKEN, ASKED = "Booked.", "It didn't work out", "Somebody was quicker", "Your host is asked"
OVER = (BOOKED, DECLINED, "It wasn't paid in time", "The ten minutes are over", "You withdrew your request")


@dataclass
class Guest:
    """One guest at the site's address; needs BEHIND_PROXY, as each tells an address of their own."""

    site: str
    number: int
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers.update(
            {"X-Forwarded-For": f"{ADDRESSES}{self.number + 1}", "X-Forwarded-Proto": "http"}
        )

    def look(self, path: str, **query: str) -> str:
        """What a page says; raises HTTPError when it isn't shown."""
        answer = self.session.get(self.site + path, params=query, timeout=PATIENCE_S)
        answer.raise_for_status()
        return unescape(answer.text)

    def post(self, path: str, page: str, **fields: str) -> requests.Response:
        """The form of a page, sent; not followed where it leads."""
        token = FIELD.search(page)
        return self.session.post(
            self.site + path,
            data={"csrfmiddlewaretoken": token[1] if token else "", **fields},
            timeout=PATIENCE_S,
            allow_redirects=False,
        )

    def choose(self, path: str, departure: str, page: str, nights: int = 1) -> requests.Response:
        """Press the button of that many nights on the page that shows what is free."""
        choices = CHOICES.findall(page)
        return self.post(path, page, departure=departure, choice=choices[nights - 1])

    def go_to_pay(self, path: str) -> str:
        """Say who they are on the page of their purchase; the address of Stripe's page, "" when it isn't open yet."""
        page = self.look(path)
        answer = self.post(path, page, name=f"Guest {self.number}", email=f"guest{self.number}@example.org")
        answer.raise_for_status()
        there = answer.headers.get("Location", "")
        return there if urlsplit(there).netloc not in {"", urlsplit(self.site).netloc} else ""

    def stripe_page(self, path: str) -> str:
        """The address of Stripe's page, as the guest's own page tells it."""
        found = TO_STRIPE.search(self.look(path))
        return found[1] if found else ""


def pay(url: str, number: str = GOOD) -> int:
    """Give a card on Stripe's page; the status of its answer."""
    return requests.post(url, data={"number": number}, timeout=PATIENCE_S, allow_redirects=False).status_code
