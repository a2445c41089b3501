"""What a host does in the dashboard now and then, done by software: photos, lists, trials, copies, longer stays."""

import base64
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditLine, Organization
from api.scopes import Scope
from calendars import ledger
from calendars.models import ExportLink, Feed, LoopCheck, Suspension
from domain.spans import Span
from properties.models import Photo, Property
from tests import cast
from tests.api.callers import Caller, a_token
from tests.api.conftest import a_purchase
from tests.properties.test_photos import a_picture
from upsells.models import Delivery, Offer

LINK = "https://www.airbnb.com/calendar/ical/7.ics?s=abc"
LIST = f"Casa del Mar, {LINK}\nCasa sense res\nCasa del Mar, not a link"
USUAL = {"time_zone": "Europe/Madrid", "currency": "EUR", "nightly_rate": 12_000}


def test_a_photo_is_shown_replaced_and_taken_away(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/photo/"
    api.send("GET", path, status=404)
    file = base64.b64encode(a_picture().getvalue()).decode()
    shown = api.send("PUT", path, {"file": file, "words": "The terrace"})
    assert shown["words"] == "The terrace"
    assert shown["large"].endswith(Photo.objects.get().large())
    assert api.get(path) == shown
    for bad in ("no base64!", base64.b64encode(b"no photo").decode(), "ñ"):
        assert api.send("PUT", path, {"file": bad}, 422)["errors"][0]["field"] == "file"
    api.send("DELETE", path, status=204)
    api.send("GET", path, status=404)


def test_a_photo_may_be_larger_than_other_bodies_and_has_its_own_cap(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/photo/"
    assert api.send("PUT", path, {"file": "A" * 200_000}, 422)["code"] == "invalid"
    assert api("PUT", path, b'{"file": "' + b"A" * 17_000_000 + b'"}').status_code == 413
    assert (
        api("PATCH", f"/properties/{home.public_id}/", b'{"name": "' + b"A" * 70_000 + b'"}').status_code
        == 413
    )


def test_a_list_is_tried_then_imported_and_comes_to_nothing_the_second_time(
    api: Caller, organization: Organization
) -> None:
    tried = api.send("POST", "/imports/", {"list": LIST, "dry_run": True, **USUAL})
    assert [(line["result"], line["feeds"]) for line in tried["lines"]] == [
        ("new", 1),
        ("new", 0),
        ("left_out", 0),
    ]
    assert not Property.objects.exists()
    assert not AuditLine.objects.exists(), "it was only tried"
    done = api.send("POST", "/imports/", {"list": LIST, **USUAL})
    assert AuditLine.objects.get().details["operation"] == "importProperties"
    assert [line["result"] for line in done["lines"]] == ["new", "new", "left_out"]
    assert done["lines"][2]["problems"]
    assert {home.public_id for home in Property.objects.all()} == {
        line["property"] for line in done["lines"][:2]
    }
    assert Feed.objects.get().property.name == "Casa del Mar"
    again = api.send("POST", "/imports/", {"list": LIST, **USUAL})
    assert [line["result"] for line in again["lines"]] == ["nothing", "nothing", "left_out"]
    assert api.send("POST", "/imports/", {"list": " "}, 422)["errors"][0]["field"] == "list"
    assert (
        api.send("POST", "/imports/", {"list": LIST, "currency": "XXX"}, 422)["errors"][0]["field"]
        == "currency"
    )


def test_a_list_connects_calendars_so_that_it_takes_both_scopes(organization: Organization) -> None:
    for scope in (Scope.PROPERTIES_WRITE, Scope.CONNECTIONS_WRITE):
        refusal = Caller(a_token(organization, (scope.value,))).send("POST", "/imports/", {"list": LIST}, 403)
        assert ":write" in refusal["detail"]
    assert not Property.objects.exists()


def test_other_rules_are_tried_and_change_nothing(api: Caller, home: Property) -> None:
    now = timezone.now()
    feed = cast.a_feed(home, last_good_at=now)
    cast.an_import(feed, Span(*cast.stay_of(home, 0, 3)), now=now)
    cast.an_offer(home, most=2)
    path = f"/properties/{home.public_id}/what-if/"
    found = api.get(path)
    assert (found["coming"]["now"]["nights"], found["coming"]["then"]) == (2, None)
    assert found["coming"]["now"]["nights_amount"] == 2 * 9_900
    tried = api.get(path + "?most_nights=1&nights_price=5000")
    assert (tried["coming"]["then"]["nights"], tried["coming"]["then"]["nights_amount"]) == (1, 5_000)
    assert tried["coming"]["now"] == found["coming"]["now"]
    assert api.send("GET", path + "?least_gap=30&most_nights=0", status=400)["code"] == "malformed"
    assert Offer.objects.get().most_nights == 2


def test_terms_are_copied_where_they_can_hold(
    api: Caller, organization: Organization, home: Property
) -> None:
    cast.an_offer(home)
    near, far = cast.a_property(organization, "Near"), cast.a_property(organization, "Far")
    Property.objects.filter(pk=far.pk).update(currency="USD")
    path = f"/properties/{home.public_id}/copy-terms/"
    wanted = {"kinds": ["extra_nights"], "properties": [near.public_id, far.public_id]}
    done = {each["property"]: each for each in api.send("POST", path, wanted)["data"]}
    assert done[near.public_id]["copied"]
    assert "USD" in done[far.public_id]["why"]
    assert Offer.objects.filter(property=near).get().price == 9_900
    wrong = api.send("POST", path, wanted | {"properties": [home.public_id]}, 422)
    assert wrong["errors"][0]["field"] == "properties"


def test_a_stay_is_lengthened_at_the_site(api: Caller, home: Property) -> None:
    now = timezone.now()
    feed = cast.a_feed(home, last_good_at=now)
    link = cast.an_export(home)
    cast.an_import(feed, Span(*cast.stay_of(home, 0, 3)), now=now)
    sold = a_purchase(home, cast.a_stay_link(home), 3)
    assert sold.span
    with ledger.changing(home, now) as change:
        until = now + timedelta(minutes=10)
        ledger.hold(change, sold.span, until=until, reference=sold.public_id, side="leaving")
        ledger.confirm(change, sold.public_id)
    path = f"/purchases/{sold.public_id}/longer-stays/"
    (way,) = api.get(path)["data"]
    assert (way["export"], way["feed"], way["state"]) == (link.public_id, feed.public_id, "none")
    own = f"{path}{link.public_id}/"
    api.send("POST", own + "done/", status=409)
    assert api.send("POST", own + "begin/")["state"] == "asked"
    assert Suspension.objects.get().link_id == link.pk
    assert api.send("POST", own + "done/", status=202)["until"]
    assert api.send("POST", own + "stop/")["state"] == "back"
    api.send("POST", f"{path}nowhere/begin/", status=404)
    people = cast.a_people_link(home)
    api.send("POST", f"{path}{people.public_id}/begin/", status=409)


def test_a_mail_that_was_given_up_is_sent_again_once(api: Caller, ids: dict[str, str]) -> None:
    path = f"/purchases/{ids['purchase_id']}/mails/"
    (mail,) = api.get(path)["data"]
    assert (mail["id"], mail["to"], mail["state"]) == (ids["mail_id"], "guest", "given_up")
    assert api.send("POST", f"{path}{mail['id']}/resend/", status=202)["state"] == "waiting"
    api.send("POST", f"{path}{mail['id']}/resend/", status=409)
    for unknown in ("0", "99999999999", "x"):
        api.send("POST", f"{path}{unknown}/resend/", status=404)
    assert Delivery.objects.get().given_up_at is None


def test_a_receipt_is_the_guests(api: Caller, ids: dict[str, str]) -> None:
    found = api.get(f"/purchases/{ids['purchase_id']}/receipt/")
    assert base64.b64decode(found["file"]).startswith(b"%PDF")
    assert found["number"]


def test_the_sheet_for_the_home_is_printed_in_its_guests_languages(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/guest-page/sheet/"
    found = api.get(f"{path}?size=a5&languages=es,en")
    assert base64.b64decode(found["file"]).startswith(b"%PDF")
    assert api.send("GET", f"{path}?languages=xx", status=422)["errors"][0]["field"] == "languages"


def test_the_figures_are_those_of_twelve_months(api: Caller, home: Property) -> None:
    link = cast.a_stay_link(home)
    sold = a_purchase(home, link, 60)
    a_purchase(home, link, 70, state="cancelled", refund=19_800, cancelled_by="host")
    month = f"{sold.created_at.astimezone(home.house.zone):%Y-%m}"
    (line,) = api.get("/revenue/")["data"]
    assert (line["month"], line["kind"], line["currency"]) == (month, "extra_nights", "EUR")
    assert (line["sales"], line["cancelled"]) == (2, 1)
    assert (line["sold"], line["given_back"], line["kept"]) == (39_600, 19_800, 19_800)
    assert api.get("/revenue/?until=2001-12")["data"] == []
    assert api.get("/revenue/?property=nowhere")["data"] == []
    assert api.send("GET", "/revenue/?until=2027-13", status=422)["errors"][0]["field"] == "until"


@pytest.mark.parametrize("has_link", [True, False], ids=["with a link", "without a link"])
def test_a_loop_check_runs_and_is_ended(api: Caller, home: Property, has_link: bool) -> None:
    path = f"/properties/{home.public_id}/loop-check/"
    cast.a_feed(home)
    if has_link:
        cast.an_export(home)
    before = timezone.now() - timedelta(days=1)
    for model in (Feed, ExportLink):
        model.objects.update(created_at=before)
    assert api.get(path)["started_at"] is None
    begun = api.send("POST", path, status=202)
    (channel,) = begun["channels"]
    assert (channel["channel"], channel["reads_us"]) == ("airbnb", "waiting" if has_link else "missing")
    assert api.send("POST", path, status=202)["started_at"] == begun["started_at"]
    api.send("DELETE", path, status=204)
    assert api.get(path)["ended_at"]
    assert LoopCheck.objects.count() == 1
