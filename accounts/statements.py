"""Statements that are written once, and asked again and again with other values.

Django writes the SQL of a query anew each time that it is asked, which takes longer than PostgreSQL takes to answer
most of them. What every page asks, and a page that asks much, is a Statement: the same rows, from the same query.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property, partial
from typing import Any, NamedTuple

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, IntegerField, QuerySet, Subquery
from django.db.models.expressions import BaseExpression
from django.db.models.sql.compiler import SQLCompiler


class Given(Expression):
    """A value of a Statement, by the name it is given under. It stands wherever a query takes an expression."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, _compiler: SQLCompiler, _connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """A placeholder, and this in place of the value."""
        return "%s", (self,)

    def get_group_by_cols(self) -> list[BaseExpression]:
        """Nothing is grouped by it: it is the same for all rows."""
        return []


class Number(Subquery):
    """How many rows a query has, as a column of another."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


class _Written(NamedTuple):
    """A query with its SQL."""

    rows: QuerySet[Any, Any]
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]


class Statement[Row]:
    """The query that `build` makes, in which Given stands for what differs from one time to the next.

    It holds for every asking, so `build` must not look at a clock, a member or a language; what a part of the query
    depends on is given as well.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build

    def __call__(self, **values: object) -> list[Row]:
        """The rows for these values, as the database takes them: numbers, text, moments, lists, ranges.

        Raises TypeError where a value is missing or not asked for.
        """
        if values.keys() != self._names:
            message = f"This statement takes {sorted(self._names)}, not {sorted(values)}."
            raise TypeError(message)
        rows = self._written.rows.all()
        rows.query.get_compiler = partial(self._compiler, values)  # type: ignore[method-assign]  # what a query is asked by
        return list(rows)

    @cached_property
    def _written(self) -> _Written:
        rows = self._build()
        compiler = rows.query.get_compiler(using=rows.db)
        sql, params = compiler.as_sql()
        return _Written(rows, compiler, sql, tuple(params))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(each.name for each in self._written.params if isinstance(each, Given))

    def _compiler(self, values: dict[str, object], using: str, *_more: object) -> SQLCompiler:
        """The compiler that wrote it, on this thread's connection."""
        written = self._written
        compiler = copy(written.compiler)
        compiler.connection = connections[using]
        params = tuple(values[each.name] if isinstance(each, Given) else each for each in written.params)
        compiler.as_sql = lambda *_args, **_how: (written.sql, params)  # type: ignore[method-assign,assignment]  # it is written
        return compiler
