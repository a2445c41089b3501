"""How Stripe is asked, whatever for: one client a key, no trying twice, failures in our words and without the key."""

import logging
from collections.abc import Callable
from functools import lru_cache

import requests
import stripe

from connectors.stripe_words import CODES, Refused, Unreachable, named

API = "https://api.stripe.com"
STANDARD_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0

_NO_KEY = "This installation has no key for Stripe any more."

stripe.enable_telemetry = False  # it would tell Stripe about this machine
logging.getLogger("stripe").setLevel(logging.WARNING)  # below, it writes addresses and pay links


def client(key: str, api_base: str, timeout: float) -> stripe.StripeClient:
    """The library's client of a key; `timeout` is in seconds without a sign of life. Raises Refused without a key."""
    if not key:
        raise Refused(_NO_KEY, CODES[401])
    return _client(key, api_base, timeout)


def answered[T](ask: Callable[[], T], key: str) -> T:
    """What it answers; its failures in our words, without a trace of the library's, which carry whole replies.

    Raises Unreachable, Refused.
    """
    try:
        return ask()
    except stripe.StripeError as failure:
        problem = named(failure, key)
    except (AttributeError, LookupError, TypeError, ValueError) as failure:
        problem = Unreachable(f"Stripe's answer made no sense ({type(failure).__name__}).")
    raise problem


def options(account: str, idempotency: str = "") -> stripe.RequestOptions:
    """On which connected account ("" for the platform's own), and under which key it is done once."""
    found: stripe.RequestOptions = {}
    if account:
        found["stripe_account"] = account
    if idempotency:
        found["idempotency_key"] = idempotency
    return found


@lru_cache(maxsize=8)
def _client(key: str, api_base: str, timeout: float) -> stripe.StripeClient:
    session = requests.Session()
    session.auth = _as_it_is  # or requests would prefer what a .netrc says to our key
    session.max_redirects = 0  # Stripe never redirects
    return stripe.StripeClient(
        key,
        base_addresses={"api": api_base.rstrip("/")},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_S, timeout), session=session),
    )


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
