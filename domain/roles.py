"""What the members of an organization may do: roles, and the powers that each has."""

from collections.abc import Mapping
from enum import StrEnum


class Power(StrEnum):
    """One thing that pages and the API ask for before they answer."""

    CALENDAR = "calendar"  # see which nights are free or closed, and when guests come and go
    GUESTS = "guests"  # see guests' names, addresses and sales
    MONEY = "money"  # see prices, revenue and payouts
    KEEP = "keep"  # close and open nights, decide about held nights and double bookings
    SELL = "sell"  # decide about requests, make stay links, cancel and refund
    SET_UP = "set_up"  # homes, offers, prices, house rules
    CONNECT = "connect"  # calendars in and out, webhooks, API tokens
    MEMBERS = "members"  # who belongs to the organization, and the audit log
    BILLING = "billing"  # payouts, what the host pays, the end of the organization


class Role(StrEnum):
    """A member's part in an organization."""

    OWNER = "owner"
    MANAGER = "manager"
    FRONT_DESK = "front_desk"
    CLEANER = "cleaner"
    VIEWER = "viewer"


_SEEING = frozenset({Power.CALENDAR, Power.GUESTS, Power.MONEY})
POWERS: Mapping[Role, frozenset[Power]] = {
    Role.OWNER: frozenset(Power),
    Role.MANAGER: frozenset(Power) - {Power.MEMBERS, Power.BILLING},
    Role.FRONT_DESK: _SEEING | {Power.KEEP, Power.SELL},
    Role.CLEANER: frozenset({Power.CALENDAR}),
    Role.VIEWER: _SEEING,
}


def may(role: Role, power: Power) -> bool:
    """Whether the role has the power."""
    return power in POWERS[role]


def roles_with(power: Power) -> tuple[Role, ...]:
    """The roles that have the power, the mightiest first."""
    return tuple(role for role in Role if may(role, power))
