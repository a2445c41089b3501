"""The channels with a help page of their own, and how often each reads a calendar as far as anybody knows."""

from dataclasses import dataclass
from datetime import timedelta

from domain.channels import CHANNELS, Channel
from domain.pulls import Plan, plan

SITES = ("booking", "vrbo", "airbnb")
MANAGERS = ("avaibook", "lodgify", "icnea", "amenitiz")
OTHERS = ("google",)
HOUR = timedelta(hours=1)
# Other names of the same site, which hosts look for.
ALSO: dict[str, tuple[str, ...]] = {"vrbo": ("HomeAway", "Abritel", "Fewo-direkt", "Stayz", "Bookabach")}


@dataclass(frozen=True, slots=True)
class Guide:
    """One channel's page."""

    channel: Channel

    @property
    def also(self) -> tuple[str, ...]:
        """Other names that it goes by."""
        return ALSO.get(self.channel.key, ())

    @property
    def find(self) -> str:
        """The template with the way to its link."""
        return f"calendars/_find.html#{self.channel.key}"

    @property
    def pace(self) -> Plan:
        """How often it reads, usually and at its slow end."""
        return plan(self.channel)

    @property
    def usual_minutes(self) -> int:
        """The usual interval, where it is less than an hour; else 0."""
        return int(self.pace.usual.total_seconds() // 60) if self.pace.usual < HOUR else 0

    @property
    def usual_hours(self) -> int:
        """The usual interval in hours."""
        return round(self.pace.usual / HOUR)

    @property
    def slow_hours(self) -> int:
        """The interval at its slow end, in hours."""
        return round(self.pace.slow / HOUR)


BY_KIND = {"sites": SITES, "managers": MANAGERS, "others": OTHERS}
GUIDES = {key: Guide(CHANNELS[key]) for key in (*SITES, *MANAGERS, *OTHERS)}
