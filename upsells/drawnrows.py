"""Rows of the board that were drawn before, for as long as nothing has changed that they are drawn from.

The database says in one line what the rows of each home come to, and a home of which it says the same as before looks
the same as before. So nobody has to tell this cache what has changed, and a forgotten home is only drawn again.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from django.core.cache import caches
from django.db.models import Aggregate, CharField, Model, QuerySet
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from calendars.glances import COLUMNS
from properties.models import Property
from upsells.boards import OF_FEEDS, Rows
from upsells.drawing import Drawing


class Digest(Aggregate):
    """What these columns of all rows come to, in whichever order they lie."""

    template = "MD5(STRING_AGG(ROW(%(expressions)s)::text, ',' ORDER BY ROW(%(expressions)s)::text))"
    output_field = CharField()


def drawn(rows: Rows, drawing: Drawing) -> SafeString:
    """The rows as `drawing` draws them, without what is on sale."""
    names = _names(rows, drawing)
    known: dict[str, str] = caches["drawn"].get_many(names.values())
    unknown = [home for home in rows.homes if names[home.pk] not in known]
    if unknown:
        fresh = {names[row.home.pk]: drawing.row(row) for row in replace(rows, homes=unknown)}
        caches["drawn"].set_many(fresh)
        known |= fresh
    return mark_safe("".join(known[names[home.pk]] for home in rows.homes))  # noqa: S308 - the drawing escapes


def _names(rows: Rows, drawing: Drawing) -> Mapping[int, str]:
    """What each home's row is called: the same name, the same row."""
    told = (
        _digests(rows.blocks(), *COLUMNS),
        _digests(rows.feeds(), "pk", *OF_FEEDS),
        _digests(rows.disputes(), "details"),
        _digests(rows.lengthened(), "block"),
    )
    around = (rows.organization.pk, rows.board, get_language(), drawing.connects)
    return {home.pk: _name(around, _seen(home), [said.get(home.pk) for said in told]) for home in rows.homes}


def _name(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def _seen(home: Property) -> tuple[object, ...]:
    return home.pk, home.public_id, home.name, home.time_zone, home.check_in, home.check_out


def _digests[M: Model](rows: QuerySet[M], *columns: str) -> dict[int, str]:
    return dict(rows.order_by().values_list("property_id").annotate(digest=Digest(*columns)))
