"""Rows of the board that were drawn before, for as long as nothing has changed that they are drawn from.

The database says in one line what the rows of each home come to, and a home of which it says the same as before looks
the same as before. So nobody has to tell this cache what has changed, and a forgotten home is only drawn again.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from django.core.cache import caches
from django.db.models import Aggregate, CharField, Model, QuerySet, Value
from django.utils.translation import get_language

from accounts.statements import Statement
from calendars.glances import COLUMNS
from properties.models import Property
from upsells import sources
from upsells.boards import Rows
from upsells.drawing import Drawing
from upsells.sources import HERE, OF_FEEDS, THEN


class Digest(Aggregate):
    """What these columns of all rows come to, in whichever order they lie."""

    template = "SUM(HASH_RECORD_EXTENDED(ROW(%(expressions)s), 0))::text"
    output_field = CharField()


def drawn(rows: Rows, drawing: Drawing) -> list[str]:
    """The rows as `drawing` draws them, without what is on sale."""
    names = _names(rows, drawing)
    known: dict[str, str] = caches["drawn"].get_many(names.values())
    unknown = [home for home in rows.homes if names[home.pk] not in known]
    if unknown:
        fresh = {names[row.home.pk]: drawing.row(row) for row in replace(rows, homes=unknown)}
        caches["drawn"].set_many(fresh)
        known |= fresh
    return [known[names[home.pk]] for home in rows.homes]


def _names(rows: Rows, drawing: Drawing) -> Mapping[int, str]:
    """What each home's row is called: the same name, the same row."""
    told: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for home, number, digest in _DIGESTS(**rows.where, **rows.near()):
        told[home].append((number, digest))
    around = (rows.organization.pk, rows.board, drawing.connects)
    return {home.pk: name(around, _seen(home), sorted(told[home.pk])) for home in rows.homes}


def _all_digests() -> QuerySet[Any, tuple[int, int, str]]:
    found: QuerySet[Any, Any] = _digests(0, sources.blocks(**HERE, **THEN), *COLUMNS)
    return found.union(
        _digests(1, sources.feeds(**HERE), "pk", *OF_FEEDS),
        _digests(2, sources.disputes(**HERE), "details"),
        _digests(3, sources.lengthened(**HERE), "block"),
        all=True,
    )


_DIGESTS = Statement(_all_digests)


def name(*parts: object) -> str:
    """What a picture of these parts is called in the reader's language: the same name, the same picture."""
    return sha256(repr((get_language(), parts)).encode()).hexdigest()


def _seen(home: Property) -> tuple[object, ...]:
    return home.pk, home.public_id, home.name, home.time_zone, home.check_in, home.check_out


def _digests[M: Model](number: int, rows: QuerySet[M], *columns: str) -> Any:
    """Of each home: its primary key, the number, and what the columns of these rows come to."""
    found = rows.order_by().values("property_id").annotate(part=Value(number), digest=Digest(*columns))
    return found.values_list("property_id", "part", "digest")
