"""From an empty account to the first sale: the steps, which tick themselves, each with the one thing to do next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from amplistay.channelhealth import GOOD, Health
from billing.limits import sells
from properties.models import Property
from properties.templatetags.stays import listed, named
from upsells.models import Offer, Purchase, StayLink

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is about, how far it is, and the page where it is done; `is_now` is the first open one."""

    title: str
    said: str
    is_done: bool
    href: str = ""
    action: str = ""
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The steps in their order; where the plan doesn't sell, only those to be read everywhere.

    `is_over` once all are done, or a sale was made and at some home every site has read its link. What opens a step
    again later (a new home, a link there that nobody read yet) is told under what needs the host.
    """

    steps: tuple[Step, ...]
    is_over: bool
    sells: bool = True

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def left(self) -> int:
        """How many are to be done."""
        return len(self.steps) - self.done

    @property
    def left_to_sell(self) -> int:
        """How many are to be done before a guest can buy: all but the last, which is the first sale itself."""
        return sum(not step.is_done for step in self.steps[:-1])


def first_steps(
    organization: Organization, homes: Sequence[Property], health: Health, *, has_sold: bool
) -> FirstSteps:
    """How far the organization is with these of its homes; in up to four queries, and none once it is over."""
    if has_sold and health.is_all_read_somewhere:
        return FirstSteps((), is_over=True)
    is_selling = sells(organization.pk)
    if is_selling:
        offers = _offers(organization, homes)
        rows = [
            _property(homes), _read(homes, health), _seen(homes, health), offers,
            _handed_out(organization, homes, on_sale=offers.is_done), _sold(homes, health, has_sold=has_sold),
        ]  # fmt: skip
    else:
        rows = [_units(homes), _linked(homes, health)]
    now = next((number for number, step in enumerate(rows) if not step.is_done), None)
    steps = tuple(
        Step(s.title, s.said, s.is_done, s.href, s.action, number == now) for number, s in enumerate(rows)
    )
    return FirstSteps(steps, is_over=now is None, sells=is_selling)


def _units(homes: Sequence[Property]) -> Step:
    """Whose plan only mirrors has the homes from the system that they are kept in."""
    if homes:
        return _property(homes)
    said = _("With Escapia, each unit gets a calendar link that any site can read.")
    action = _("Connect Escapia")
    return Step(action, said, is_done=False, href=reverse("systems:connect"), action=action)


def _property(homes: Sequence[Property]) -> Step:
    said = _("Its name, its hours and what a night costs.")
    if homes:
        said = homes[0].name
        if homes[1:]:
            more = ngettext("%(home)s and %(count)s more", "%(home)s and %(count)s more", len(homes) - 1)
            said = more % {"home": homes[0].name, "count": len(homes) - 1}
    return Step(_("Add a property"), said, bool(homes), reverse("properties:new"), _("Add a property"))


def _read(homes: Sequence[Property], health: Health) -> Step:
    """The sites' links are here, and each is read that the host doesn't let rest."""
    title, paused = _("Paste the sites' calendar links here"), health.paused
    feeds = [(feed, state) for feed, state in health.feeds if feed not in paused]
    bad = next((feed for feed, state in feeds if state not in GOOD), None)
    waiting = sum(1 for feed, _state in feeds if feed.last_good_at is None)
    home = bad.property if bad else next(iter(health.unconnected), homes[0] if homes else None)
    names = _names(named(line.channel) for line in health.lines if line.feeds and not line.is_paused)
    words = {"count": len(feeds), "names": names}
    if not feeds and paused:
        said = _("%(feed)s is paused at %(home)s.") % {
            "feed": paused[0].title,
            "home": paused[0].property.name,
        }
    elif not feeds:
        said = _("Then Amplistay knows which nights are taken, and sells only free ones.")
    elif bad:
        said = _("%(feed)s can't be read yet at %(home)s.") % {"feed": bad.title, "home": bad.property.name}
    elif waiting:
        said = _("Reading them for the first time. This takes a few seconds.")
    else:
        said = ngettext("%(names)s: read.", "%(names)s: all %(count)s are read.", len(feeds)) % words
    is_done = bool(feeds) and not bad and not waiting
    action = _("See what is wrong") if bad else _("Connect calendars")
    return Step(title, said, is_done, *_at(home, "calendars:connections", action))


def _seen(homes: Sequence[Property], health: Health) -> Step:
    """Our links are in the sites, and each was read there."""
    links = health.links
    unseen = [each.link for each in links if not each.own]
    if not links:
        said = _("So that a night you sell here is closed there.")
    elif unseen:
        words = {"names": _names(dict.fromkeys(link.site for link in unseen)), "count": health.seen}
        said = _("Not read yet by %(names)s. Sites come by every few hours.") % words
    else:
        said = _("All sites read them.")
    where = unseen[0].property if unseen else homes[0] if homes else None
    href, action = _at(where, "calendars:connections", _("Copy the links"))
    anchor = f"#link-{unseen[0].public_id}" if unseen else "#export" if href else ""
    return Step(
        _("Paste the Amplistay links into the sites"), said, bool(links) and not unseen, href + anchor, action
    )


def _linked(homes: Sequence[Property], health: Health) -> Step:
    """The same where nothing is sold."""
    said = _("Each has a link for booking sites: paste it there, or send them all at once.")
    step = _seen(homes, health)
    return step if health.links else replace(step, said=said)


def _offers(organization: Organization, homes: Sequence[Property]) -> Step:
    rows = Offer.objects.of(organization).on().filter(property__in=homes)
    sold = set(rows.values_list("kind", flat=True)) if homes else set()
    kinds = [kind for kind in Offer.Kind if kind in sold]
    said = _("What a night after the stay costs, or an hour more on the last day.")
    if kinds:
        said = _names(str(Offer.Kind(kind).label) for kind in kinds)
    return Step(
        _("Set your prices and go live"),
        said,
        bool(kinds),
        *_at(_first(homes), "upsells:offers", _("Set your prices")),
    )


def _handed_out(organization: Organization, homes: Sequence[Property], *, on_sale: bool) -> Step:
    """The guest page was opened once something is on sale, or a guest who began a purchase had it.

    Its address is made at the first look.
    """
    links = StayLink.objects.of(organization).general().filter(property__in=homes)
    is_done = on_sale and links.exists()
    is_done = is_done or Purchase.objects.of(organization).filter(property__in=homes).exists()
    said = _("Send its link in a message, or hang its QR code in the home.")
    if is_done:
        said = _("Its link and QR code are ready to be handed out.")
    action = _("Open the guest page")
    return Step(_("Show guests their page"), said, is_done, *_at(_first(homes), "upsells:guest-page", action))


def _sold(homes: Sequence[Property], health: Health, *, has_sold: bool) -> Step:
    said = _("See what a guest is offered, or wait for the first to buy.")
    if has_sold:
        said = _made(health)
    return Step(
        _("First sale"), said, has_sold, *_at(_first(homes), "upsells:what-if", _("Try it as a guest"))
    )


def _made(health: Health) -> str:
    """What became of the first sale: whether the sites know of it."""
    never = {each.link.site for each in health.unseen if not each.known.own}
    if never:
        said = ngettext(
            "Made. %(count)s site doesn't know of it yet: paste its link.",
            "Made. %(count)s sites don't know of it yet: paste the links.",
            len(never),
        )
        return said % {"count": len(never)}
    if health.unseen:
        return _("Made. Not every site has read it yet.")
    return _("Made. Every site closes those nights.") if health.is_all_read_somewhere else _("Made.")


def _first(homes: Sequence[Property]) -> Property | None:
    return homes[0] if homes else None


def _at(home: Property | None, page: str, action: str) -> tuple[str, str]:
    """The page of the home and the word for going there; nothing before there is a home."""
    return (reverse(page, args=[home.public_id]), action) if home else ("", "")


def _names(given: Iterator[str] | dict[str, None]) -> str:
    """A few names in a row, and how many more there are."""
    names = list(given)
    shown = names[:MOST_NAMED]
    if names[MOST_NAMED:]:
        shown.append(_more(len(names) - MOST_NAMED))
    return listed(shown)


def _more(count: int) -> str:
    return ngettext("%(count)s more", "%(count)s more", count) % {"count": count}
