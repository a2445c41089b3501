"""Units of another system become homes: planned and made as an imported list is, then each follows its unit.

Each gets a link for booking sites, which are what a mirrored calendar is for: who they are nobody knows yet, so it
is one for any site, and stays the home's own when the unit is given up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from calendars import importing, ledger, linking, mirrors
from calendars.importing import Outcome, Verdict
from calendars.models import Connection, ExportLink, Feed
from calendars.systemforms import Chosen
from connectors.contract import Listing
from domain.channels import OTHER
from domain.listsheet import Sheet
from domain.listwords import Column
from properties.models import Property


@dataclass(frozen=True, slots=True)
class Units:
    """The units that a system listed last, by what can be done about them."""

    followed: Sequence[Feed]  # with their homes
    free: Sequence[Listing]  # to choose from
    withheld: Sequence[Listing]  # not distributed to us
    gone: Sequence[Feed]  # followed, and no longer listed
    is_known: bool  # whether the system tells which are distributed


def units(connection: Connection) -> Units:
    """Where each unit stands. Where nobody knows whether a unit is distributed, it may be chosen."""
    feeds = list(mirrors.units_of(connection).select_related("property").order_by("property__name", "pk"))
    listed = [listing for listing in mirrors.listings(connection) if listing.is_active]
    taken = {feed.listing for feed in feeds}
    left = sorted((each for each in listed if each.id not in taken), key=lambda each: each.name.casefold())
    known = {listing.id for listing in listed if listing.is_handed is not False}
    return Units(
        [feed for feed in feeds if feed.listing in known],
        [each for each in left if each.is_handed is not False],
        [each for each in left if each.is_handed is False],
        [feed for feed in feeds if feed.listing not in known],
        any(listing.is_handed is not None for listing in listed),
    )


def plan(
    connection: Connection,
    wanted: Iterable[Chosen],
    defaults: Mapping[str, Any],
    refusal: str = "",
) -> list[Verdict]:
    """What would come of each chosen unit; `defaults` are the values of a DefaultsForm, as typed.

    `refusal` says why no home can be added at all, where none can. A home of that name which is there already is let
    follow the unit, unless it follows another: one link would tell of two.
    """
    lines = tuple(chosen.line(number) for number, chosen in enumerate(wanted, 1))
    organization = connection.organization
    follow = frozenset(Feed.objects.of(organization).mirrored().values_list("property", flat=True))
    return [
        _of_another(verdict) if verdict.home and verdict.home.pk in follow else verdict
        for verdict in importing.plan(organization, Sheet(lines), defaults, refusal)
    ]


def _of_another(verdict: Verdict) -> Verdict:
    words = _("Your home %(name)s follows another unit. Give this one another name.")
    wrong = [words % {"name": verdict.line.name}]
    return replace(verdict, wrong={**verdict.wrong, Column.NAME: wrong})


def adopt(
    connection: Connection, wanted: Sequence[Chosen], verdicts: Iterable[Verdict], now: datetime
) -> list[Outcome]:
    """Make the homes that were planned, and let each follow its unit; a home of that name that is there follows it.

    Its link is made before, unless it has one: no unit is followed that no site could read.

    What goes wrong with one is no other's loss: its outcome says so, and the unit can be chosen once more.
    """
    outcomes = importing.carry_out(connection.organization, verdicts, now, now)
    homes = Property.objects.of(connection.organization)
    for outcome, chosen in zip(outcomes, wanted, strict=True):
        if not outcome.home:
            continue
        unit, home = chosen.unit, homes.get(public_id=outcome.home)
        try:
            linking.ensure_link(home, OTHER.key, now, _("Booking sites"))
            outcome.feeds.append(mirrors.mirror(connection, unit.id, home, unit.name[:80], now).pk)
        except (mirrors.Taken, ledger.Crowded):  # chosen twice within a moment, or busy
            outcome.problems.append(unit.name)
    return outcomes


def links_of(feeds: Iterable[Feed]) -> dict[int, ExportLink]:
    """The link for booking sites of each home that follows a unit, by the home's key; of several the oldest."""
    homes = {feed.property_id for feed in feeds}
    links = ExportLink.objects.live().of_channels().filter(property__in=homes, channel=OTHER.key)
    return {link.property_id: link for link in links.defer("body").order_by("-created_at", "-pk")}
