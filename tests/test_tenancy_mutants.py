"""Would the tests notice a forgotten filter? Each `.of(organization)` is taken out in turn, the wall behind it down."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.acting import Acting
from accounts.models import Organization, SavedView, TenantQuerySet, User
from accounts.statements import Statement
from api.models import ApiToken
from calendars.models import Alert, Block, ExportLink, Feed
from properties.models import Property
from tests import cast
from tests.addresses import ALL, MEMBERS_OWN, MEMBERS_ROW, NO_ROWS, path_of, tried
from tests.one_of_each import ids_of
from upsells.models import Purchase, StayLink
from webhooks.models import Webhook

CANARY = "Kanarie"
CLOSED = {404, 405}
ENOUGH = 0.95  # of the ways to one row
SOME = 0.35  # of the lists: most of the others narrow by homes, which came through the door, as well
ROOT = Path(__file__).parent.parent
BARE = "RESET amplistay.organization"  # in place of becoming the organization's role
SITE_MODULES = (
    "accounts/",
    "amplistay/",
    "calendars/",
    "directory/",
    "notices/",
    "properties/",
    "upsells/",
    "webhooks/",
    "api/",
)

type Site = tuple[str, int]
type Probe = tuple[str, Callable[[], bool]]


class Filters:
    """Every place that narrows rows down to an organization: which were passed, and which one is out of order.

    `lists` are those among them that begin a query: `Model.objects.of(…)`.
    """

    def __init__(self) -> None:
        self.passed: set[Site] = set()
        self.lists: set[Site] = set()
        self.broken: Site | None = None
        self.of = TenantQuerySet.of

    def __call__(self, rows: TenantQuerySet, organization: Organization) -> TenantQuerySet:  # type: ignore[type-arg]
        frame = sys._getframe(2)  # beyond the function that stands in for the method
        is_list = frame.f_code.co_name == "manager_method"
        while frame.f_code.co_name in {"get_or_404", "manager_method"} and frame.f_back:
            frame = frame.f_back
        name = str(Path(frame.f_code.co_filename).relative_to(ROOT))
        site = (name, frame.f_lineno)
        self.passed.add(site)
        self.lists |= {site} if is_list else set()
        return rows if site == self.broken else self.of(rows, organization)


@pytest.fixture
def filters(monkeypatch: pytest.MonkeyPatch) -> Filters:
    monkeypatch.setattr(Acting, "sql", property(lambda _who: BARE))
    for kept in ("_written", "_names"):  # a Statement is written anew each time, without what is taken out
        monkeypatch.setattr(Statement, kept, property(vars(Statement)[kept].func))
    filters = Filters()
    monkeypatch.setattr(TenantQuerySet, "of", lambda rows, org: filters(rows, org))  # noqa: PLW0108 - a function becomes a method
    return filters


@pytest.fixture
def theirs(home: Property, alice: User) -> dict[str, str]:
    """Rows of Alice's, with a word in them that no page of anybody else's may hold."""
    ids = ids_of(home)
    mine = {"organization": home.organization_id}
    Property.objects.filter(**mine).update(name=f"Casa {CANARY}")
    Feed.objects.filter(**mine).update(label=CANARY)
    Block.objects.filter(**mine).update(summary=CANARY)
    ExportLink.objects.filter(**mine).update(label=CANARY)
    Purchase.objects.filter(**mine).update(guest_name=CANARY)
    StayLink.objects.filter(**mine).exclude(nights=None).update(guest=CANARY)
    Webhook.objects.filter(**mine).update(description=CANARY)
    SavedView.objects.filter(**mine).update(name=CANARY)
    ApiToken.objects.filter(**mine).update(name=CANARY)
    Alert.objects.filter(**mine).update(details={"feed": CANARY, "nights": 2})
    return ids


@pytest.fixture
def own(mallory: User) -> dict[str, str]:
    """Mallory's rows of the same kinds."""
    organization = mallory.organizations.get()
    for people in (User, EmailAddress):
        people.objects.filter(email="carol@example.org").update(email="karl@example.org")
    return ids_of(cast.a_property(organization, "Villa Mallory"))


def opens(browser: Client, name: str, ids: dict[str, str]) -> bool:
    """Whether a row that isn't theirs is there for them, or breaks the page."""
    return not {answer.status_code for answer in tried(browser, name, ids)} <= CLOSED


def tells(browser: Client, path: str) -> bool:
    """Whether a page of their own names what isn't theirs, or breaks."""
    answer = browser.get(path)
    body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[arg-type]
    return answer.status_code >= 500 or CANARY.encode() in body


def waiting(browser: Client) -> int:
    """The number in the navigation; below zero where the page breaks."""
    answer = browser.get(reverse("home"))
    return answer.context["needs"]() if answer.status_code < 500 else -1


def probes(browser: Client, theirs: dict[str, str], own: dict[str, str]) -> Iterator[Probe]:
    for name in sorted(MEMBERS_ROW):
        yield f"{name} of theirs", lambda name=name: opens(browser, name, theirs)  # type: ignore[misc]
        if len({*ALL[name].ids} - NO_ROWS) > 1:
            mixed = theirs | {"public_id": own["public_id"]}
            yield f"{name}, mixed", lambda name=name, mixed=mixed: opens(browser, name, mixed)  # type: ignore[misc]
        yield f"{name} of one's own", lambda name=name: tells(browser, path_of(name, own))  # type: ignore[misc]
    known = waiting(browser)
    yield "how much needs them", lambda: waiting(browser) != known
    for name in sorted({"home"} | MEMBERS_OWN):
        for query in ("", f"?q={CANARY[:-2]}", "?gaps=1", "?view=agenda"):
            path = reverse(name) + query
            yield path, lambda path=path: tells(browser, path)  # type: ignore[misc]


def asked(probe: Callable[[], bool]) -> bool:
    """What a probe finds, without what it changes."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # like TestCase's own: what is durable may be in it
    with around:
        found = probe()
        transaction.set_rollback(True)
    return found


def test_nearly_every_forgotten_filter_is_noticed(
    filters: Filters, theirs: dict[str, str], own: dict[str, str], mallory: User
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(mallory)
    reached: dict[Site, list[Probe]] = defaultdict(list)
    for name, probe in probes(browser, theirs, own):
        filters.passed = set()
        assert not asked(probe), f"{name} lets through without a fault"
        for site in filters.passed:
            if site[0].startswith(SITE_MODULES):
                reached[site].append((name, probe))
    survivors = []
    for site, ways in sorted(reached.items()):
        filters.broken = site
        if not any(asked(probe) for _name, probe in ways):
            survivors.append(site)
    filters.broken = None
    print(f"{len(reached)} filters taken out, {len(reached) - len(survivors)} noticed; not: {survivors}")
    lists = filters.lists & reached.keys()
    rows = reached.keys() - lists
    assert len(rows) > 40
    assert len(lists) > 70
    assert len(rows.intersection(survivors)) <= (1 - ENOUGH) * len(rows), survivors
    assert len(lists.intersection(survivors)) <= (1 - SOME) * len(lists), survivors
