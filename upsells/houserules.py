"""A host changes a property's name, times or price: feeds, nights, exports and sales follow in the same commit."""

from collections.abc import Collection
from datetime import datetime

import structlog

from calendars import ledger, rehousing
from domain.house import House
from properties.models import Property
from upsells.models import Purchase

log = structlog.get_logger()

BATCH = 500


def change(home: Property, wanted: Property, columns: Collection[str], now: datetime) -> bool:
    """Save these columns of the property as wanted; whether its feeds must be read again.

    Its times go through the ledger, under the lock. Raises Entangled when two sales would be in the home at once.
    """
    house = wanted.house
    with ledger.changing(home, now) as change:
        before = home.house
        change.touched |= wanted.name != home.name  # people's calendars bear it
        rehousing.rehouse(change, house)
        if house.zone != before.zone:
            _keep_the_clock(home, before, house)
        wanted.house = house
        wanted.save(update_fields=columns)
    if house != before:
        log.info("house times changed", property=home.public_id, zone=house.zone.key)
    return (house.zone, house.check_in, house.check_out) != (before.zone, before.check_in, before.check_out)


def _keep_the_clock(home: Property, before: House, after: House) -> None:
    """Guests were told hours on the clock of the home: they still get those, whatever instants they are now."""
    rows = list(Purchase.objects.filter(property=home).only("period"))
    for purchase in rows:
        purchase.period = rehousing.moved(purchase.takes, before, after)
    Purchase.objects.bulk_update(rows, ["period"], batch_size=BATCH)
