"""`in` with given values as one parameter: `= ANY(array)`.

The database plans both alike. But Django writes a placeholder for each value, and psycopg keeps what it has made of a
statement only up to fifty of them, so a page about a hundred homes would have each statement read anew.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import ColPairs
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler

from accounts.statements import Given

type Sql = tuple[str, tuple[Any, ...]]


def any_of(lookup: "AnyOf | AnyOfRelated", compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
    """The lookup as SQL; raises EmptyResultSet where no value is left. NULL equals nothing, as in Django's own."""
    if isinstance(lookup.rhs, Given):
        column, params = lookup.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*params, lookup.rhs)
    if not lookup.rhs_is_direct_value() or isinstance(lookup.lhs, ColPairs):
        sql, params = lookup.as_sql(compiler, connection)
        return sql, tuple(params)
    field = lookup.lhs.output_field
    values = [
        field.get_db_prep_value(each, connection, prepared=True) for each in lookup.rhs if each is not None
    ]
    if not values:
        raise EmptyResultSet
    column, params = lookup.process_lhs(compiler, connection)
    return f"{column} = ANY(%s)", (*params, values)


class AnyOf(In):
    """One of these values."""

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        return any_of(self, compiler, connection)


class AnyOfRelated(RelatedIn):
    """One of these rows."""

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        return any_of(self, compiler, connection)
