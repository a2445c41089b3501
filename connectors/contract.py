"""What a connector is: one system's calendars in our words. Values in, values out; no Django, no tables, no sleeping.

Every system, iCal included, passes the one suite in `tests/connectors/contract.py`. Adding one is a file, a recording
and a line in `connectors.registry`; `docs/connectors.md` shows how. What a system isn't able to do raises
`NotPermitted`, and nothing is asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from domain.house import House
from domain.spans import Span

type Spend = Callable[[str], None]
"""Called before each request that goes out, with the operation's name; raises `RateLimited` where none may go."""


class Cap(StrEnum):
    """What a system can do for us."""

    LISTINGS = "listings"
    CALENDAR = "calendar"
    CHANGES = "changes"
    BLOCK = "block"
    HOOKS = "hooks"


class BlockStyle(StrEnum):
    """How the system keeps a night that we closed."""

    NONE = "none"
    RECORD = "record"  # with a name of its own, which opens it again
    DAY = "day"  # a mark on the day, which several may want


@dataclass(frozen=True, slots=True)
class Credential:
    """One thing a host enters. Where one of a group is given, the others of that group are needed too."""

    name: str
    is_secret: bool = True
    group: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that a system's documents leave open: what it may be, the safe choice first; `why` is for operators."""

    name: str
    choices: tuple[str, ...]
    why: str = ""

    @property
    def default(self) -> str:
        """The choice under which nothing can be sold twice."""
        return self.choices[0]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many requests in a stretch of time, for each `scope`: "key", or "unit"."""

    requests: int
    per: timedelta
    scope: str = "key"


@dataclass(frozen=True, slots=True)
class Spec:
    """What there is to know of a system before anybody has connected to it."""

    key: str
    title: str
    caps: frozenset[Cap]
    credentials: tuple[Credential, ...]
    switches: tuple[Switch, ...]
    limits: tuple[Limit, ...]
    min_interval: timedelta  # between two reads of one calendar
    horizon: timedelta  # from today, that is read
    block_style: BlockStyle


@dataclass(frozen=True, slots=True)
class Account:
    """What a host entered and chose; nothing of it is ever shown or logged.

    A credential that is missing is "", a switch that is missing has its default.
    """

    credentials: Mapping[str, str]
    switches: Mapping[str, str]

    def __repr__(self) -> str:
        return "Account(…)"


@dataclass(frozen=True, slots=True)
class Health:
    """What a check found: the capabilities that answered, and for each that didn't a sentence for the host."""

    works: frozenset[Cap]
    troubles: Mapping[str, str]  # by capability or credential group


@dataclass(frozen=True, slots=True)
class Listing:
    """One unit as the system names it; `is_handed` says whether its manager hands it to us, None where nobody knows."""

    id: str
    name: str
    code: str = ""
    place: str = ""
    is_active: bool = True
    is_handed: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some listings, and the cursor that brings the next ones; None when these were the last."""

    listings: tuple[Listing, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Taken nights, half-open; `ours` is the reference of our own block that took them, where the system tells."""

    nights: Span
    ours: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every taken night of the whole window that was asked for; a part is never given, `BadReply` is raised instead."""

    window: Span
    taken: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Listings to be read again, and where to go on; `more` when there are further changes already."""

    listings: frozenset[str]
    cursor: str
    more: bool
    is_everything: bool = False  # the system can't tell which: read them all


class ConnectorError(Exception):
    """A system didn't do what it was asked; the text is for the host and holds no secret.

    `detail` is for our log alone: which operation, and which part of its answer. It holds no value that was sent.
    """

    def __init__(self, text: str, *, detail: str = "") -> None:
        super().__init__(text)
        self.detail = detail


class AuthFailed(ConnectorError):
    """The keys are wrong or were withdrawn: asking again helps nothing until somebody enters others."""


class NotPermitted(ConnectorError):
    """The keys are right, and this isn't allowed with them."""


class RateLimited(ConnectorError):
    """Too many requests; `wait` is how long to leave it alone, None where nobody said."""

    def __init__(self, text: str, wait: timedelta | None = None, *, detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.wait = wait


class Temporary(ConnectorError):
    """No answer, or one that says that something is out of order there: later it may work.

    After a write nobody knows whether it was done; `block` may be called again with the same reference.
    """


class Rejected(ConnectorError):
    """The system understood and said no, with its own reason."""


class BadReply(ConnectorError):
    """An answer that isn't what the system's documents say: nothing may be concluded from it."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What an account's connector works with: who is asked, how long, today's date, and who counts the requests.

    `house` is the clock by which entries with times are read; systems that speak of dates alone don't ask for it.
    `has_blocks` says that nights of ours may be closed there: only then is it worth a request to tell them apart.
    """

    spend: Spend
    today: date
    user_agent: str
    loopback_ports: frozenset[int] = frozenset()
    base_urls: Mapping[str, str] | None = None  # a simulator's, in place of the system's own
    house: House | None = None
    has_blocks: bool = True


class Connector(Protocol):
    """One host's account at one system. Every method raises `ConnectorError` and nothing else."""

    spec: Spec

    def check(self) -> Health:
        """Which capabilities work with these keys; reads only. Raises `RateLimited` alone: all else is a trouble."""
        ...

    def listings(self, cursor: str | None = None) -> Page:
        """The units that these keys show."""
        ...

    def calendar(self, listing: str, window: Span) -> Calendar:
        """The taken nights of a unit."""
        ...

    def changes(self, cursor: str | None) -> Changes:
        """What changed since the cursor; without one, where "now" is, which may take several calls while `more`."""
        ...

    def block(self, listing: str, nights: Span, ref: str, note: str) -> str:
        """Close the nights; gives the handle that opens them. Twice with one `ref` closes them once.

        A `ref` is 1 to 64 letters, digits, "-" or "_". Nights that are taken there, wholly or partly: `Rejected`.
        """
        ...

    def unblock(self, listing: str, handle: str) -> None:
        """Open what the handle closed, and nothing that anybody else closed; already open is well."""
        ...
