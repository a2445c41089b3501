"""The managers and units that a simulated Escapia starts with: made by rule from a seed, so always the same."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

from simulator.escapia_world import (
    GUEST_STAY,
    OWNER_STAY,
    Change,
    Manager,
    Stay,
    Unit,
)

SEED = "escapia"
MANAGERS = (
    ("1020", "Tidewater Retreats", "Outer Banks", 24),
    ("2047", "Pine Ridge Lodging", "Lake Tahoe", 180),
    ("3311", "Desert Bloom Stays", "Sedona", 7),
    ("4106", "Harbor Lights Rentals", "Bar Harbor", 120),
)
FIRST = ("Sea", "Dune", "Harbor", "Cedar", "Heron", "Pelican", "Juniper", "Lantern", "Willow", "Anchor")
SECOND = ("View", "Cottage", "House", "Loft", "Retreat", "Cabin", "Point", "Landing")
GUESTS = ("Baker", "Nguyen", "Okafor", "Silva", "Larsen", "Khan", "Moreau", "Tanaka", "Novak", "Reyes")
DAYS_AHEAD = 330
EVERY_EMPTY = 4  # each fourth unit has no stay yet
EVERY_KEPT = 3  # each third isn't distributed
EVERY_INACTIVE = 20


def managers(now: datetime) -> dict[str, Manager]:
    """Every manager with units and stays, the stays from a week ago on."""
    found = {}
    for place, (manager_id, name, city, count) in enumerate(MANAGERS):
        manager = Manager(manager_id, name, str(int(manager_id) + 6070), int(manager_id) + 5987)
        rule = Random(f"{SEED} {manager_id}")  # noqa: S311 - a world by rule, nothing secret
        for number in range(1, count + 1):
            unit = _unit(manager, 173_000 + 10_000 * place + number, number, city, rule=rule, now=now)
            manager.units[unit.id] = unit
            if number % EVERY_EMPTY:
                _fill(manager, unit, rule, now)
        found[manager_id] = manager
    return found


def _unit(manager: Manager, unit_id: int, number: int, city: str, *, rule: Random, now: datetime) -> Unit:
    first, second = rule.choice(FIRST), rule.choice(SECOND)
    return Unit(
        str(unit_id),
        manager.id,
        f"{first[:3].upper()}{number}",
        f"{first} {second} {number}",
        f"{first} {second} in {city}",
        city,
        bedrooms=rule.randint(1, 6),
        min_nights=rule.choice((1, 2, 3)),
        distributed=number % EVERY_KEPT != 0,
        active=number % EVERY_INACTIVE != 0,
        changed=now,
    )


def _fill(manager: Manager, unit: Unit, rule: Random, now: datetime) -> None:
    day = now.date() - timedelta(days=rule.randint(1, 7))
    while (day - now.date()).days < DAYS_AHEAD:
        nights = rule.randint(2, 10)
        _add(manager, unit, day, nights, rule.choice(GUESTS) if rule.random() > 1 / 8 else "")
        # Now and then the next guests arrive on the day on which the last ones leave.
        day += timedelta(days=nights + (0 if rule.random() < 1 / 5 else rule.randint(3, 60)))


def _add(manager: Manager, unit: Unit, arrival: date, nights: int, guest: str) -> None:
    number = manager.version - 63_999_999  # the first is 1
    made = datetime.combine(arrival - timedelta(days=400), time(12), UTC)
    stay_id = f"{manager.id}{number:05}"
    unit.stays[stay_id] = Stay(
        stay_id,
        f"RES-{stay_id}",
        arrival,
        arrival + timedelta(days=nights),
        "None" if guest else "Owner",
        GUEST_STAY if guest else OWNER_STAY,
        guest,
        made,
    )
    manager.version += 1
    manager.changes[stay_id] = Change(manager.version, stay_id, "Create", made)
