"""The tenant door, read from the source itself: no query at the edge goes past it."""

import ast
from typing import NamedTuple

import pytest

from tests.sources import STOREYS, WITHOUT_DJANGO, imported, sources

# Modules behind the edge: they are handed rows that came through the door, or work for all tenants at once.
BEHIND_THE_DOOR = {
    "api/keeping.py",
    "api/tokens.py",
    "accounts/audit.py",
    "accounts/bell.py",
    "accounts/endings.py",
    "accounts/post.py",
    "accounts/support.py",
    "accounts/teams.py",
    "accounts/deeds.py",
    "amplistay/sweeping.py",
    "calendars/removals.py",
    "accounts/savedviews.py",
    "accounts/tenancy.py",
    "accounts/wishes.py",
    "amplistay/channelhealth.py",
    "amplistay/joinqueue.py",
    "directory/codes.py",
    "directory/joining.py",
    "directory/vendors.py",
    "amplistay/firststeps.py",
    "amplistay/homelines.py",
    "amplistay/searching.py",
    "amplistay/staff.py",
    "amplistay/takeout.py",
    "amplistay/takings.py",
    "amplistay/urgent.py",
    "calendars/adopting.py",
    "calendars/alerts.py",
    "calendars/budgets.py",
    "calendars/closedthere.py",
    "calendars/closing.py",
    "calendars/conflicts.py",
    "calendars/demand.py",
    "calendars/echoes.py",
    "calendars/exports.py",
    "calendars/leases.py",
    "calendars/importing.py",
    "calendars/ledger.py",
    "calendars/linking.py",
    "calendars/loops.py",
    "calendars/merging.py",
    "calendars/mirroring.py",
    "calendars/mirrors.py",
    "calendars/nights.py",
    "calendars/people.py",
    "calendars/polling.py",
    "calendars/readership.py",
    "calendars/receipts.py",
    "calendars/rehousing.py",
    "calendars/servers.py",
    "calendars/subscribers.py",
    "calendars/suspensions.py",
    "calendars/tasks.py",
    "calendars/unread.py",
    "calendars/verdicts.py",
    "calendars/visits.py",
    "amplistay/tasks.py",
    "billing/hearing.py",
    "billing/letters.py",
    "billing/limits.py",
    "billing/subscriptions.py",
    "billing/tasks.py",
    "pages/vitals.py",
    "notices/digest.py",
    "notices/feed.py",
    "properties/photos.py",
    "upsells/announcements.py",
    "upsells/boards.py",
    "upsells/sources.py",
    "upsells/certificates.py",
    "upsells/cancelling.py",
    "upsells/checkout.py",
    "upsells/deliveries.py",
    "upsells/doorstep.py",
    "upsells/hearing.py",
    "upsells/longerstays.py",
    "upsells/paying.py",
    "upsells/payments.py",
    "upsells/payouts.py",
    "upsells/forgetting.py",
    "upsells/houserules.py",
    "upsells/previews.py",
    "upsells/progress.py",
    "upsells/remedies.py",
    "upsells/replays.py",
    "upsells/revenue.py",
    "upsells/shelves.py",
    "upsells/stays.py",
    "upsells/tasks.py",
    "upsells/terms.py",
    "upsells/timeline.py",
    "webhooks/letters.py",
    "webhooks/outbox.py",
    "webhooks/sending.py",
}

GIVEN = "Given('org')"  # of a Statement

# Queries at the edge that don't begin with `.of(`, and why each can't reach another tenant's row.
REASONED = {
    ("amplistay/datapage.py", "Organization.objects.filter(pk=request.org.pk)"): "the organization itself",
    ("upsells/whatif.py", "Offer.objects.of(home.organization)"): "of a home that came through the door",
    ("upsells/templatetags/selling.py", "Offer.objects.filter(property=home)"): "likewise",
    ("accounts/adapter.py", "Organization.objects.create"): "a sign-up makes its own organization",
    ("accounts/adapter.py", "Membership.objects.create"): "and the membership in it",
    (
        "accounts/adapter.py",
        "Authenticator.objects.filter(user=user, type=type)",
    ): "whoever is logged in, about themselves",
    (
        "accounts/views.py",
        (
            "EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={'primary': "
            "not EmailAddress.objects.filter(user=user).exists()})"
        ),
    ): "whoever is logged in, about themselves",
    ("accounts/views.py", "EmailAddress.objects.filter(user=user)"): "likewise",
    (
        "accounts/claims.py",
        "EmailAddress.objects.filter(pk=address, verified=True)",
    ): "of a key that was sent to that address",
    (
        "accounts/views.py",
        "EmailAddress.objects.filter(user=user, email=user.email, verified=True)",
    ): "likewise",
    ("accounts/views.py", "Authenticator.objects.filter(user=user)"): "likewise",
    ("accounts/views.py", "UserSession.objects.filter(user=user)"): "likewise",
    (
        "accounts/views.py",
        "Organization.objects.filter(pk=request.org.pk)",
    ): "the organization that was let in",
    (
        "amplistay/context.py",
        "Subscription.objects.of(member.organization)",
    ): "the organization of the page's own member",
    (
        "amplistay/context.py",
        "Organization.objects.filter(pk=Given('org'))",
    ): "the organization that the Statement is given",
    (
        "calendars/forms.py",
        "Feed.objects.filter(property=self.property, url_digest=digest)",
    ): "the property came through the door before the form was made",
    (
        "calendars/forms.py",
        "Feed.objects.filter(property=self.feed.property_id, url_digest=digest)",
    ): "the feed came through the door before the form was made",
    (
        "properties/public.py",
        "PhotoFile.objects.filter(photo__token=token, photo__removed_at=None, width=width)",
    ): "anybody who holds the unguessable token",
    (
        "upsells/models/stays.py",
        "Block.objects.filter(property=OuterRef('property'), origin=Block.Origin.SALE)",
    ): "a subquery of the link's own property",
    (
        "upsells/public.py",
        "Purchase.objects.select_related('property__organization', 'stay_link')",
    ): "a guest's receipt: looked up by token and unguessable id together",
    ("upsells/public.py", "StayLink.objects.live()"): "a guest: looked up by the unguessable token",
    (
        "upsells/public.py",
        "Purchase.objects.filter(stay_link=link, public_id=request.session[OWN])",
    ): "a guest: the link came by its token, the purchase from the guest's own session",
    (
        "upsells/public.py",
        (
            "Purchase.objects.select_related('property__organization', 'property__kept_photo', 'stay_link', "
            "'moved_to__property', 'moved_to__stay_link')"
        ),
    ): "a guest: looked up by token and unguessable id together",
}


class Query(NamedTuple):
    """`Model.objects` at the edge: its first step, and whether it goes through the door."""

    text: str
    guarded: bool


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def queries(tree: ast.Module) -> list[Query]:
    """Each use of a model's manager in a module."""
    above = parents(tree)
    return [
        Query(first_step(node, above), is_guarded(node, above))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager", "_base_manager"}
        and isinstance(node.ctx, ast.Load)
    ]


def first_step(node: ast.Attribute, above: dict[ast.AST, ast.AST]) -> str:
    """The query up to its first call; without the call's arguments where it makes a row."""
    method = above[node]
    if not isinstance(method, ast.Attribute):
        return ast.unparse(node)
    return ast.unparse(method if method.attr == "create" else above[method])


def is_guarded(node: ast.Attribute, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether the query begins with `.of(org)`, makes a row of the organization, or is handed to get_or_404."""
    method = above[node]
    call = above.get(method)
    if isinstance(method, ast.Attribute) and isinstance(call, ast.Call) and call.func is method:
        if method.attr == "of":
            return [ast.unparse(argument) for argument in call.args] in (["request.org"], [GIVEN])
        if method.attr == "create":
            return ("organization", "request.org") in {(k.arg, ast.unparse(k.value)) for k in call.keywords}
    return goes_to_the_door(node, above)


def goes_to_the_door(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether the whole chain is the first argument of get_or_404, directly or by a name used for nothing else."""
    while isinstance(above[node], (ast.Attribute, ast.Call)) and not is_first_argument(node, above):
        if isinstance(call := above[node], ast.Call) and call.func is not node:
            return False
        node = above[node]
    if is_first_argument(node, above):
        return True
    assign = above[node]
    if not (isinstance(assign, ast.Assign) and isinstance(assign.targets[0], ast.Name)):
        return False
    name, scope = assign.targets[0].id, assign
    while not isinstance(scope, (ast.FunctionDef, ast.Module)):
        scope = above[scope]
    uses = [
        n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
    ]
    return bool(uses) and all(is_first_argument(use, above) for use in uses)


def is_first_argument(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    call = above[node]
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "get_or_404"
        and bool(call.args)
        and call.args[0] is node
    )


EDGE = [
    source
    for source in sources(STOREYS - WITHOUT_DJANGO)
    if source.name not in BEHIND_THE_DOOR and "/management/" not in source.name
]


@pytest.mark.parametrize(
    "code",
    [
        "row = Feed.objects.get(pk=1)",
        "row = get_object_or_404(Feed.objects.all(), pk=1)",
        "row = get_object_or_404(Feed.objects, pk=1)",
        "rows = Feed.objects.filter(property=row)",
        "def f(request):\n    rows = Feed.objects.all()\n    get_or_404(rows, request)\n    return rows.count()",
        "def f(request):\n    rows = Feed.objects.all()\n    return list(rows)",
        "rows = Feed.objects.filter(pk=get_or_404(other, request).pk)",
        "rows = Feed.objects.of(everybody)",
        "rows = Feed.objects.all().of(request.org)",
        "row = Feed.objects.create(organization=other)",
        "rows = Feed._default_manager.all()",
        "get_or_404(other, request, pk=Feed.objects.first().pk)",
    ],
)
def test_the_check_sees_a_query_past_the_door(code: str) -> None:
    assert [query.guarded for query in queries(ast.parse(code))] == [False]


@pytest.mark.parametrize(
    "code",
    [
        "rows = Feed.objects.of(request.org).filter(property=row)",
        "row = get_or_404(Feed.objects.all(), request, pk=1)",
        "row = get_or_404(Feed.objects.select_related('property'), request, pk=1)",
        "def f(request):\n    rows = Feed.objects.filter(a=1).all()\n    return get_or_404(rows, request)",
        "row = Feed.objects.create(organization=request.org, url='x')",
    ],
)
def test_the_check_lets_a_query_through_the_door(code: str) -> None:
    assert [query.guarded for query in queries(ast.parse(code))] == [True]


def test_no_query_at_the_edge_goes_past_the_tenant_door() -> None:
    past = {(s.name, q.text) for s in EDGE for q in queries(s.tree) if not q.guarded}
    assert past - REASONED.keys() == set(), (
        "use `.of(request.org)` or get_or_404, or give a reason in REASONED"
    )
    assert REASONED.keys() - past == set(), "these reasons are no longer needed"


def test_a_statement_is_given_the_organization_of_who_asks() -> None:
    """Which is where a Statement's query goes through the door."""
    calls = [(s.name, n) for s in EDGE for n in ast.walk(s.tree) if isinstance(n, ast.Call)]
    given = {(name, ast.unparse(k.value)) for name, call in calls for k in call.keywords if k.arg == "org"}
    assert {value for _name, value in given} == {"request.org.pk", "member.organization_id"}, given


def test_rows_are_fetched_or_refused_through_the_door_alone() -> None:
    """Django's own get_object_or_404 knows no tenant; only guests' pages, which have no account, use it."""
    users = {
        s.name
        for s in EDGE
        if any(name.endswith(("get_object_or_404", "get_list_or_404")) for name in imported(s))
    }
    assert users == {"upsells/public.py"}


def test_sql_is_written_in_few_places() -> None:
    users = {source.name for source in EDGE if "django.db.connection" in set(imported(source))}
    assert users == {
        "accounts/acting.py",  # says for whom a transaction is made
        "amplistay/views.py",  # health asks for the oldest due feed
        "calendars/public.py",  # exports ask for one row
    }
