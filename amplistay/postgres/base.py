"""The connection: each transaction, and each statement outside of one, begins with the organization it is made for.

The settings are local to the transaction, so none can outlive it on a connection that is used again.
"""

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base
from django.db.models import Field, ForeignObject

from accounts.acting import acting
from amplistay.postgres.lookups import AnyOf, AnyOfRelated

Field.register_lookup(AnyOf)
ForeignObject.register_lookup(AnyOfRelated)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows `accounts.acting`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._alone)

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # django-stubs leaves it out
        who = acting()
        if not autocommit and who is not None:
            self.connection.execute(who.sql)

    def _alone(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        who = acting()
        if who is None or self.in_atomic_block or not self.get_autocommit():
            return execute(sql, params, many, context)
        self.connection.execute(f"BEGIN; {who.sql}")
        try:
            result = execute(sql, params, many, context)
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.execute("COMMIT")
        return result
