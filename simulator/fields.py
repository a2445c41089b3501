"""Values taken out of a JSON object or a form, each with a sentence when it makes no sense."""

from collections.abc import Collection, Mapping
from datetime import date
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from simulator.spans import Span

LONGEST_NIGHTS = 1000
LONGEST_TEXT = 300
LONGEST_NUMBER = 9
FIRST_YEAR, LAST_YEAR = 2000, 2200


class BadFieldError(ValueError):
    """A value that makes no sense; its text says which and what would."""


class Fields:
    """The named values of one request; an empty text counts as absent."""

    def __init__(self, values: Mapping[str, object]) -> None:
        """Look only at values that were given."""
        self._values = {name: value for name, value in values.items() if value not in ("", None)}

    def __contains__(self, name: str) -> bool:
        """Whether the value was given."""
        return name in self._values

    def text(self, name: str, default: str | None = None) -> str:
        """A short text; raises BadFieldError when it is missing and has no default."""
        value = self._values.get(name, default)
        if not isinstance(value, str):
            message = f"{name} must be given as text."
            raise BadFieldError(message)
        if len(value) > LONGEST_TEXT:
            message = f"{name} must not be longer than {LONGEST_TEXT} characters."
            raise BadFieldError(message)
        if not value.isprintable():
            message = f"{name} must not hold control characters."
            raise BadFieldError(message)
        return value.strip()

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of the allowed texts."""
        value = self.text(name, default)
        if value not in allowed:
            message = f"{name} must be one of {', '.join(allowed)}, not {value}."
            raise BadFieldError(message)
        return value

    def says(self, name: str, word: str) -> bool:
        """Whether the value is this word."""
        return self._values.get(name) == word

    def integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number from 0 on, or the default."""
        value = self._values.get(name, default)
        if value is None:
            return None
        if isinstance(value, bool) or not str(value).isdecimal() or len(str(value)) > LONGEST_NUMBER:
            message = f"{name} must be a whole number, 0 or more and below a thousand million."
            raise BadFieldError(message)
        return int(str(value))

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false; a form sends ``on`` for true."""
        value = self._values.get(name, default)
        if value not in (True, False, "on"):
            message = f"{name} must be true or false."
            raise BadFieldError(message)
        return bool(value)

    def date(self, name: str) -> date:
        """A calendar date such as 2026-12-24."""
        given = self.text(name)
        try:
            value = date.fromisoformat(given)
        except ValueError:
            value = date.min
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            message = f"{name} must be a date such as 2026-12-24, not {given}."
            raise BadFieldError(message)
        return value

    def span(self) -> Span:
        """The nights from ``arrival`` to ``departure``."""
        arrival, departure = self.date("arrival"), self.date("departure")
        if departure <= arrival:
            message = f"The departure ({departure}) must be after the arrival ({arrival})."
            raise BadFieldError(message)
        if (departure - arrival).days > LONGEST_NIGHTS:
            message = f"A booking can take {LONGEST_NIGHTS} nights at most."
            raise BadFieldError(message)
        return arrival, departure

    def timezone(self) -> str:
        """The name of an IANA time zone."""
        name = self.text("timezone", "UTC")
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            message = f"timezone must be an IANA zone such as Europe/Madrid, not {name}."
            raise BadFieldError(message) from None
        return name

    def url(self, name: str) -> str:
        """An address with http or https and a host; webcal counts as http."""
        value = self.text(name).replace("webcal://", "http://", 1)
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            message = f"{name} must be a link that starts with http:// or https://."
            raise BadFieldError(message)
        return value
