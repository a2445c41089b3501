"""Pages of a list: an opaque cursor says where the next one begins, so that what comes and goes shifts nothing."""

from typing import Any

from django.core import signing
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from api.problems import invalid
from api.wire import AskedNumber, Query, Text

MOST, USUAL = 100, 50


class Paged(Query):
    """The parameters of every list."""

    limit = AskedNumber(
        required=False, min_value=1, max_value=MOST, default=USUAL, help_text="How many to give at most."
    )
    cursor = Text(
        required=False,
        max_length=200,
        help_text="The `next` of the page before. Keep the other parameters as they were.",
    )


def page[Row: Model](
    rows: QuerySet[Row, Any], asked: dict[str, Any], name: str, *, newest_first: bool
) -> tuple[list[Row], str | None]:
    """The rows of one page in the order of their making, and the cursor of the next; None at the end.

    Raises Problem for a cursor that isn't of this list.
    """
    signer = signing.Signer(salt=f"api cursor {name}")
    if text := asked.get("cursor"):
        try:
            after = int(signer.unsign_object(text))
        except (signing.BadSignature, ValueError, TypeError) as error:
            words = _("This cursor isn't of this list. Begin without one.")
            raise invalid({"cursor": words}) from error
        rows = rows.filter(pk__lt=after) if newest_first else rows.filter(pk__gt=after)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: asked["limit"] + 1])
    shown = found[: asked["limit"]]
    return shown, signer.sign_object(shown[-1].pk) if len(found) > len(shown) else None
