"""The links that people read a home's calendar by, as the host sees them: what they tell, and who reads them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from calendars import exports
from calendars.forms import PeopleForm
from calendars.models import ExportLink, Readership
from domain.channels import CHANNELS
from properties.models import Property

NO_SITES = frozenset({"google", "other"})  # a calendar of one's own is no booking site
SITES = frozenset(channel.name for channel in CHANNELS.values() if channel.key not in NO_SITES)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One link for people. `strays` are booking sites that read it, which gives them their own bookings back."""

    link: ExportLink
    address: str
    webcal: str
    overlaps: bool
    form: PeopleForm
    strays: tuple[str, ...]


def shown(property: Property, now: datetime, given: PeopleForm | None = None) -> list[Subscription]:
    """The live links of the property; `given` is the form that was sent back, of the link that it is about."""
    live = ExportLink.objects.filter(property=property).live().of_people()
    links = list(live.defer("body").order_by("created_at", "pk"))
    strays: dict[int, list[str]] = defaultdict(list)
    readers = Readership.objects.filter(link__in=links, reader__in=SITES)
    for link, reader in readers.order_by("reader").values_list("link", "reader"):
        strays[link].append(reader)
    return [_subscription(link, now, given, tuple(strays[link.pk])) for link in links]


def _subscription(
    link: ExportLink, now: datetime, given: PeopleForm | None, strays: tuple[str, ...]
) -> Subscription:
    address = exports.address(link)
    return Subscription(
        link=link,
        address=address,
        webcal=f"webcal://{address.partition('://')[2]}",
        overlaps=link.previous_until is not None and link.previous_until > now,
        form=given if given and given.link == link else PeopleForm.about(link),
        strays=strays,
    )
