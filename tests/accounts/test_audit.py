"""The audit log: each deed is a line that nobody can change."""

import csv
import io

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AuditLine, Membership, Organization, User
from amplistay import auditwords
from properties.models import Property
from tests import cast
from tests.addresses import ALL, MEMBERS_OWN, MEMBERS_ROW
from tests.upsells.test_offer_forms import NIGHTS

ONLY_SHOW = {
    "audit", "planner", "sales:list", "sales:revenue", "properties:list", "notices:list",
    "notices:sale", "payments:account", "webhooks:list", "webhooks:log", "calendars:month", "calendars:connections",
    "calendars:feed", "calendars:log", "calendars:loop", "calendars:alert", "calendars:imported",
    "calendars:import-template", "systems:list", "systems:account", "systems:progress",
    "calendars:import-progress", "properties:settings", "upsells:offers",
    "upsells:what-if", "upsells:guest-page", "upsells:qr", "upsells:sheet", "upsells:stay", "upsells:stay-qr",
    "upsells:sales", "upsells:purchase", "upsells:receipt", "upsells:certificate", "upsells:conflict",
    "turnovers", "team:list", "overview", "plan:page", "plan:usage", "search", "saved-views", "tokens:list", "support",
}  # fmt: skip


def closes(browser: Client, home: Property) -> None:
    span = cast.nights(30, 2)
    body = {"start": span.start.isoformat(), "end": span.end.isoformat()}
    answer = browser.post(reverse("calendars:close", args=[home.public_id]), body)
    assert answer.status_code == 302


def test_every_address_that_changes_something_has_a_sentence_in_the_log() -> None:
    known = auditwords.SENTENCES.keys()
    assert (MEMBERS_OWN | MEMBERS_ROW) - known - ONLY_SHOW == set(), (
        "give it a sentence, or say that it only shows"
    )
    assert known - ALL.keys() == set(), "no such address any more"


def test_a_line_says_who_did_what_from_where_and_when(alices: Client, home: Property, alice: User) -> None:
    began = timezone.now()
    closes(alices, home)
    line = AuditLine.objects.get()
    assert (line.kind, line.who, line.user_id, line.name) == (
        "member",
        alice.email,
        alice.pk,
        "calendars:close",
    )
    assert line.rows == {"public_id": home.public_id}
    assert line.address == "127.0.0.1"
    assert began <= line.at <= timezone.now()


def test_looking_is_no_deed_and_neither_is_what_was_refused(alices: Client, home: Property) -> None:
    alices.get(home.get_absolute_url())
    alices.post(
        reverse("calendars:close", args=[home.public_id]), {"start": "2030-01-09", "end": "2030-01-03"}
    )
    alices.post(reverse("calendars:close", args=["nowhere"]), {"start": "2030-01-01", "end": "2030-01-03"})
    assert not AuditLine.objects.exists()


def test_what_is_only_tried_is_no_deed(alices: Client, home: Property) -> None:
    usual = {
        "time_zone": "Europe/Madrid", "check_in": "16:00", "check_out": "10:00", "turnaround": "90", "currency": "EUR",
        "rate": "120", "text": "Casa del Mar",
    }  # fmt: skip
    checked = alices.post(reverse("calendars:import"), usual)
    assert checked.status_code == 200
    terms = reverse("upsells:terms", args=[home.public_id, "extra_nights"])
    assert alices.post(terms, {**NIGHTS, "preview": "1"}).status_code == 200
    assert not AuditLine.objects.exists()
    confirmed = usual | {"import": "1", "shown": checked.context["check"]["shown"]}
    assert alices.post(reverse("calendars:import"), confirmed).status_code == 302
    assert alices.post(terms, NIGHTS).status_code == 302
    assert [line.name for line in AuditLine.objects.order_by("pk")] == ["calendars:import", "upsells:terms"]


def test_who_takes_the_sales_away_as_a_file_stands_in_the_log(alices: Client, home: Property) -> None:
    b"".join(alices.get(reverse("sales:csv")))  # type: ignore[arg-type]  # a streaming answer
    assert AuditLine.objects.get().name == "sales:csv"


def test_no_line_can_be_changed_or_deleted(alices: Client, home: Property) -> None:
    closes(alices, home)
    for attempt in (lambda: AuditLine.objects.update(who="nobody"), lambda: AuditLine.objects.all().delete()):
        with pytest.raises(DatabaseError, match="audit log"), transaction.atomic():
            attempt()
    assert AuditLine.objects.count() == 1


def test_old_lines_go_by_retention_and_only_those(alices: Client, home: Property) -> None:
    closes(alices, home)
    old = timezone.now() - AuditLine.KEPT_FOR
    assert audit.forget(home.organization, old) == 0
    assert audit.forget(home.organization, timezone.now()) == 1


def test_the_owner_reads_filters_and_takes_the_log_along(alices: Client, home: Property) -> None:
    closes(alices, home)
    alices.post(reverse("properties:archive", args=[home.public_id]))
    page = alices.get(reverse("audit"), {"name": "calendars:close"})
    assert [line["what"] for line in page.context["lines"]] == ["Closed nights"]
    assert alices.get(reverse("audit"), {"start": "2030-01-02", "end": "2030-01-01"}).status_code == 422
    assert not alices.get(reverse("audit"), {"start": "2030-01-02"}).context["lines"]
    sheet = b"".join(alices.get(reverse("audit-csv"))).decode("utf-8-sig")  # type: ignore[arg-type]  # as above
    rows = list(csv.reader(io.StringIO(sheet)))
    told = ["Closed nights", "Archived a home", "Downloaded the audit log"]
    assert [row[5] for row in rows[1:]] == told


def test_what_was_done_to_a_home_is_found_whether_by_page_or_by_api(
    alices: Client, organization: Organization, home: Property
) -> None:
    cast.a_property(organization, "Bach")
    closes(alices, home)
    line = AuditLine.objects.get()
    line.pk, line.kind, line.rows = None, "token", {"property_id": home.public_id}
    line.save(force_insert=True)
    page = alices.get(reverse("audit"), {"home": home.public_id})
    assert [line["home"] for line in page.context["lines"]] == [home, home]


@pytest.mark.parametrize("role", [role for role in Membership.Role if role != Membership.Role.OWNER])
def test_only_owners_read_the_log(role: str, client: Client, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    client.force_login(bob)
    for name in ("audit", "audit-csv"):
        assert client.get(reverse(name)).status_code == 403


def test_another_organizations_deeds_are_not_seen(
    client: Client, mallory: User, alices: Client, home: Property
) -> None:
    closes(alices, home)
    client.force_login(mallory)
    page = client.get(reverse("audit"))
    assert page.status_code == 200
    assert not page.context["lines"]
    assert home.name not in page.content.decode()
