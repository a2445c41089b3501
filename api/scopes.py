"""What a token may be allowed to do, and which powers of a member that takes."""

from collections.abc import Callable, Collection, Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from domain.roles import Power


class Scope(TextChoices):
    """One thing a token may do. Whatever may be written may be read as well."""

    PROPERTIES_READ = "properties:read", _("See homes with their times, prices and offers")
    PROPERTIES_WRITE = "properties:write", _("Change homes, prices and offers")
    CALENDAR_READ = "calendar:read", _("See which nights are free, and why others aren't")
    CALENDAR_WRITE = "calendar:write", _("Close and open nights, have calendars read")
    SALES_READ = "sales:read", _("See sales, guests and their links")
    SALES_WRITE = "sales:write", _("Answer requests, cancel sales, make guests' links")
    CONNECTIONS_READ = "connections:read", _("See calendars and webhooks, export links and secrets included")
    CONNECTIONS_WRITE = "connections:write", _("Change calendars, export links and webhooks")
    ORGANIZATION_READ = "organization:read", _("See the audit log, payouts and the page for everybody")
    ORGANIZATION_WRITE = "organization:write", _("Change the organization's name and the page for everybody")


READ, WRITE = ":read", ":write"
POWERS: Mapping[Scope, frozenset[Power]] = {
    Scope.PROPERTIES_READ: frozenset({Power.CALENDAR, Power.MONEY}),
    Scope.PROPERTIES_WRITE: frozenset({Power.CALENDAR, Power.MONEY, Power.SET_UP}),
    Scope.CALENDAR_READ: frozenset({Power.CALENDAR}),
    Scope.CALENDAR_WRITE: frozenset({Power.CALENDAR, Power.KEEP}),
    Scope.SALES_READ: frozenset({Power.GUESTS, Power.MONEY}),
    Scope.SALES_WRITE: frozenset({Power.GUESTS, Power.MONEY, Power.SELL}),
    Scope.CONNECTIONS_READ: frozenset({Power.CONNECT}),
    Scope.CONNECTIONS_WRITE: frozenset({Power.CONNECT}),
    Scope.ORGANIZATION_READ: frozenset({Power.MEMBERS, Power.BILLING}),
    Scope.ORGANIZATION_WRITE: frozenset({Power.MEMBERS, Power.BILLING}),
}


def given_by(may: Callable[[Power], bool]) -> list[Scope]:
    """What a member may let a token do: nothing that they couldn't do themselves."""
    return [scope for scope in Scope if all(may(power) for power in POWERS[scope])]


def allows(granted: Collection[str], asked: Scope) -> bool:
    """Whether a token with these scopes may do what asks for this one."""
    return asked.value in granted or asked.value.replace(READ, WRITE) in granted
