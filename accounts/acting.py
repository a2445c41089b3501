"""For which organization the statements of this thread are made: the context behind row-level security.

Nothing here is the tenant door (`.of(org)` is); this is the wall behind it. While somebody acts for an organization,
every statement runs as the database role `amplistay_tenant`, with two settings that last for its transaction only:
`amplistay.organization`, and `amplistay.homes` where only some homes are open to them. Policies on every tenant's table
(`accounts.walls`) compare rows with them. Without an organization the process acts for the house: sweeps over all
tenants, log-ins, the look-up of a token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection
from psycopg.pq import TransactionStatus


@dataclass(frozen=True)
class Acting:
    """An organization, and the homes of it that are open: all of them where it is None."""

    organization_id: int
    homes: frozenset[int] | None = None

    @property
    def sql(self) -> str:
        """Makes the transaction that is open this organization's. Holds numbers only."""
        homes = "" if self.homes is None else f"{{{','.join(map(str, sorted(self.homes)))}}}"
        return (
            f"SET LOCAL ROLE amplistay_tenant; SET LOCAL amplistay.organization = '{self.organization_id:d}';"
            f" SET LOCAL amplistay.homes = '{homes}'"
        )


_SETTINGS = ("role", "amplistay.organization", "amplistay.homes")
_HOUSE_SQL = "; ".join(f"SET LOCAL {name} TO DEFAULT" for name in _SETTINGS)

_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def acting() -> Acting | None:
    """For whom statements are made now; None for the house."""
    return _acting.get()


@contextmanager
def acting_for(organization_id: int, homes: frozenset[int] | None = None) -> Iterator[None]:
    """Every statement inside sees and changes this organization's rows only."""
    with acting_as(Acting(organization_id, homes)):
        yield


@contextmanager
def acting_for_the_house() -> Iterator[None]:
    """Every statement inside sees all tenants' rows: for what is nobody's own, such as a person's other memberships."""
    with acting_as(None):
        yield


@contextmanager
def acting_as(who: Acting | None) -> Iterator[None]:
    """Every statement inside is made for them; as before afterwards."""
    before = _acting.get()
    token = _acting.set(who)
    try:
        _go_on(who)
        yield
    finally:
        _acting.reset(token)
        _go_on(before)


def go_on_for(organization_id: int) -> None:
    """From here to the end of the `acting_…` that is open, made for this organization: its token was just looked up."""
    who = Acting(organization_id)
    _acting.set(who)
    _go_on(who)


def _go_on(who: Acting | None) -> None:
    """Inside the transaction that is open, if one is; one that failed ends without another statement."""
    line = connection.connection
    if line is None or not connection.in_atomic_block:
        return
    if line.info.transaction_status != TransactionStatus.INERROR:
        line.execute(who.sql if who else _HOUSE_SQL)
