"""Undo: each destructive click, taken back without JavaScript, once, in time, by its own organization."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection, models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Deed, Membership, Organization, SavedView, User
from amplistay import sweeping
from calendars import exports, leases, ledger
from calendars.models import Alert, Block, ExportLink, Feed, FeedRead
from properties.models import Photo, Property
from tests import cast
from tests.properties.test_photos import a_picture, upload
from upsells.models import Offer, StayLink
from webhooks import outbox
from webhooks.models import Event, Sending, Webhook

VRBO = "https://www.vrbo.com/icalendar/1.ics"
MINUTE = timedelta(minutes=1)
AS_BEFORE = "is as it was before"
BY_CLOCKS = {  # columns that say when to look again, when something was rewritten, or which version that was
    "next_poll_at",
    "changed_at",
    "version",
    "body_version",
    "rest_until",
    "told_at",
}

type Columns = dict[str, dict[object, dict[str, Any]]]


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def offered(answer: Any) -> str:
    """The address of the page's first Undo, a form of its own."""
    found = re.search(r'<form method="post" action="(/undo/\w+/)">', answer.content.decode())
    assert found, "nothing to undo on this page"
    return found[1]


def all_there_is(organization: Organization) -> Columns:
    """Every row of the tenant but for deeds, column by column."""
    kinds: list[type[models.Model]] = [
        Property, Photo, Feed, Block, Alert, ExportLink, Offer, StayLink, Webhook, Sending, SavedView, Membership,
    ]  # fmt: skip
    return {
        kind.__name__: {
            row["id"]: {name: value for name, value in row.items() if name not in BY_CLOCKS}
            for row in kind._base_manager.filter(organization=organization).values()
        }
        for kind in kinds
    }


def at(name: str, *ids: str) -> str:
    return reverse(name, args=ids)


# One press of each, as a host would: the address, what is sent, and what must be there for it


def pause(home: Property) -> tuple[str, dict[str, str]]:
    return at("calendars:pause", home.public_id, cast.a_feed(home).public_id), {}


def remove_feed(home: Property) -> tuple[str, dict[str, str]]:
    feed = cast.a_feed(home)
    cast.an_export(home)
    cast.an_import(feed, cast.nights(20, 4))
    cast.an_import(feed, cast.nights(30, 2), missing_since=cast.NOW, missing_reads=2, uid="held")
    line = {"feed": feed, "at": cast.NOW, "until": cast.NOW}
    FeedRead.objects.create(outcome=FeedRead.Outcome.CHANGED, **line)
    Alert.objects.create(
        organization_id=home.organization_id,
        property=home,
        feed=feed,
        kind=Alert.Kind.FAILING,
        key=f"failing {feed.pk}",
        opened_at=cast.NOW,
    )
    return at("calendars:remove", home.public_id, feed.public_id), {}


def replace_link(home: Property) -> tuple[str, dict[str, str]]:
    feed = cast.a_feed(home)
    cast.an_export(home)
    return at("calendars:replace", home.public_id, feed.public_id), {
        "link": "https://www.airbnb.com/calendar/ical/2.ics?s=x"
    }


def free_held(home: Property) -> tuple[str, dict[str, str]]:
    feed = cast.a_feed(home, held_nights=2, closed_nights=2)
    cast.an_import(feed, cast.nights(30, 2), missing_since=cast.NOW, missing_reads=2)
    return at("calendars:free", home.public_id, feed.public_id), {}


def reopen(home: Property) -> tuple[str, dict[str, str]]:
    cast.an_export(home)
    with ledger.changing(home, cast.NOW) as change:
        block = ledger.close(change, cast.nights(50, 2), "painters")
    return at("calendars:reopen", home.public_id, block.public_id), {}


def close(home: Property) -> tuple[str, dict[str, str]]:
    cast.an_export(home)
    span = cast.nights(50, 2)
    return at("calendars:close", home.public_id), {"start": str(span.start), "end": str(span.end)}


def rotate(home: Property) -> tuple[str, dict[str, str]]:
    return at("calendars:rotate", home.public_id, cast.an_export(home).public_id), {}


def revoke(home: Property) -> tuple[str, dict[str, str]]:
    return at("calendars:revoke", home.public_id, cast.an_export(home).public_id), {}


def revoke_peoples(home: Property) -> tuple[str, dict[str, str]]:
    return at("calendars:revoke", home.public_id, cast.a_people_link(home).public_id), {}


def archive(home: Property) -> tuple[str, dict[str, str]]:
    return at("properties:archive", home.public_id), {}


def remove_photo(home: Property) -> tuple[str, dict[str, str]]:
    browser = Client()
    browser.force_login(User.objects.get(email="alice@example.org"))
    upload(browser, home, a_picture().getvalue(), "The terrace")
    return at("properties:remove-photo", home.public_id), {}


def empty_rates(home: Property) -> tuple[str, dict[str, str]]:
    home.weekday_rates = {"4": 15_000}
    home.seasons = [["2027-07-01", "2027-08-31", 18_000, {}]]
    home.save(update_fields=["weekday_rates", "seasons"])
    return at("properties:rates", home.public_id), {}


def empty_taxes(home: Property) -> tuple[str, dict[str, str]]:
    home.taxes = [["City tax", 0, 250, True]]
    home.save(update_fields=["taxes"])
    return at("properties:taxes", home.public_id), {}


def switch_off(home: Property) -> tuple[str, dict[str, str]]:
    cast.an_offer(home, mode="approval")
    return at("upsells:switch", home.public_id, "extra_nights"), {"mode": "off"}


def copy_over(home: Property) -> tuple[str, dict[str, Any]]:
    other = cast.a_property(home.organization, "Casa Sants")
    cast.an_offer(home)
    cast.an_offer(home, kind="late_check_out", price=1_500)
    cast.an_offer(other, price=1_00, most=2)
    kinds = ["extra_nights", "late_check_out"]
    return at("upsells:copy", home.public_id), {"kinds": kinds, "homes": other.public_id}


def stop_stay(home: Property) -> tuple[str, dict[str, str]]:
    return at("upsells:stop-stay", home.public_id, cast.a_stay_link(home, cast.nights(70, 3)).token), {}


def remove_webhook(home: Property) -> tuple[str, dict[str, str]]:
    return at("webhooks:remove", cast.a_message(home.organization)[0].public_id), {}


def stop_webhook(home: Property) -> tuple[str, dict[str, str]]:
    webhook, _message = cast.a_message(home.organization)
    Sending.objects.update(given_up_at=None, trouble="status")
    return at("webhooks:stop", webhook.public_id), {}


def replace_secret(home: Property) -> tuple[str, dict[str, str]]:
    return at("webhooks:rotate", cast.a_message(home.organization)[0].public_id), {}


def read_all(home: Property) -> tuple[str, dict[str, str]]:
    return at("notices:read-all"), {}


EVERY = [
    pause, remove_feed, replace_link, free_held, close, reopen, rotate, revoke, revoke_peoples, archive, remove_photo,
    empty_rates, empty_taxes, switch_off, copy_over, stop_stay, remove_webhook, stop_webhook, replace_secret, read_all,
]  # fmt: skip

type Press = Callable[[Property], tuple[str, dict[str, Any]]]


@pytest.mark.parametrize("press", EVERY, ids=lambda press: press.__name__)
def test_a_click_is_taken_back_wholly_and_once_and_the_page_offers_it_until_then(
    press: Press, alices: Client, home: Property
) -> None:
    path, sent = press(home)
    before = all_there_is(home.organization)
    answer = alices.post(path, sent, follow=True)
    assert answer.status_code == 200
    assert all_there_is(home.organization) != before
    assert "You can undo this for 10 minutes more." in words(answer)
    place = answer.redirect_chain[-1][0]
    assert offered(alices.get(place)) == offered(answer), "loaded again"
    assert "Undo what you did…" in words(alices.get(at("payments:account"))), "on any other page"

    undo = offered(answer)
    for _ in range(2):
        assert AS_BEFORE in words(alices.post(undo, follow=True))
        assert all_there_is(home.organization) == before
    assert ledger.differences(home) == []
    assert "/undo/" not in alices.get(place).content.decode()


@pytest.mark.parametrize(
    "press", [remove_feed, reopen, revoke, switch_off, remove_webhook], ids=lambda press: press.__name__
)
def test_after_ten_minutes_it_is_too_late(press: Press, alices: Client, home: Property) -> None:
    path, sent = press(home)
    answer = alices.post(path, sent, follow=True)
    after = all_there_is(home.organization)
    with time_machine.travel(timezone.now() + 10 * MINUTE, tick=True):
        assert "can't be undone any more" in words(alices.post(offered(answer), follow=True))
        assert "/undo/" not in alices.get(answer.redirect_chain[-1][0]).content.decode()
    assert all_there_is(home.organization) == after


def test_the_answer_to_a_click_takes_the_focus_only_while_it_is_new(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home)
    with time_machine.travel(cast.NOW, tick=False) as clock:
        ids = [home.public_id, feed.public_id]
        page = alices.post(reverse("calendars:remove", args=ids), follow=True)
        assert 'tabindex="-1" autofocus><div class="banner ok">' in page.content.decode()
        clock.shift(timedelta(minutes=1))
        page = alices.get(reverse("calendars:connections", args=[home.public_id]))
        assert "You can undo this for 9 minutes more." in page.content.decode()
        assert "autofocus" not in page.content.decode()


def test_nobody_else_can_undo_it(alices: Client, home: Property, bob: User, mallory: User) -> None:
    path, sent = revoke(home)
    undo = offered(alices.post(path, sent, follow=True))
    stranger, colleague = Client(), Client()
    stranger.force_login(mallory)
    assert stranger.post(undo).status_code == 404
    assert Client().post(undo)["Location"].startswith(at("account_login"))
    assert alices.get(undo).status_code == 405
    assert not ExportLink.objects.live().exists()
    colleague.force_login(bob)
    assert AS_BEFORE in words(colleague.post(undo, follow=True))
    assert ExportLink.objects.live().exists()


def test_what_is_kept_of_a_deed_is_no_plain_text(alices: Client, home: Property) -> None:
    path, sent = replace_link(home)
    alices.post(path, sent)
    with connection.cursor() as cursor:
        cursor.execute("SELECT what FROM accounts_deed")
        raw = cursor.fetchone()[0]
    assert "s=secret" not in raw
    assert "s=secret" in Deed.objects.get().what


# What can't be taken back any more


@pytest.mark.parametrize("sold", [True, False], ids=["sold", "being paid for"])
@pytest.mark.parametrize("press", [reopen, free_held], ids=lambda press: press.__name__)
def test_nights_that_somebody_bought_meanwhile_stay_theirs(
    press: Press, sold: bool, alices: Client, home: Property
) -> None:
    path, sent = press(home)
    nights = Block.objects.get().span
    undo = offered(alices.post(path, sent, follow=True))
    now = timezone.now()
    with ledger.changing(home, now - MINUTE) as change:  # whose press came before, and waited for the lock
        ledger.hold(change, nights, until=now + 10 * MINUTE, reference="quick", side="leaving")
        if sold:
            ledger.confirm(change, "quick")
    after = all_there_is(home.organization)
    for _ in range(2):
        assert "Some of these nights were sold meanwhile" in words(alices.post(undo, follow=True))
        assert all_there_is(home.organization) == after


def test_a_calendar_comes_back_over_nights_sold_meanwhile_as_the_double_booking_that_it_is(
    alices: Client, home: Property
) -> None:
    path, sent = remove_feed(home)
    undo = offered(alices.post(path, sent, follow=True))
    cast.a_sale(home, cast.nights(21, 1))
    assert AS_BEFORE in words(alices.post(undo, follow=True))
    assert Alert.objects.open().filter(kind=Alert.Kind.CONFLICT).exists()
    assert Feed.objects.filter(next_poll_at__lte=timezone.now()).exists(), "it is read at once"


def test_a_link_that_was_renewed_again_since_is_left_alone(alices: Client, home: Property) -> None:
    path, _sent = rotate(home)
    undo = offered(alices.post(path, follow=True))
    alices.post(path)
    after = all_there_is(home.organization)
    assert "has been changed meanwhile, so nothing was undone" in words(alices.post(undo, follow=True))
    assert all_there_is(home.organization) == after


def test_a_calendar_whose_link_was_connected_anew_stays_removed(alices: Client, home: Property) -> None:
    path, _sent = remove_feed(home)
    undo = offered(alices.post(path, follow=True))
    again = cast.a_feed(home)
    assert "has been changed meanwhile" in words(alices.post(undo, follow=True))
    assert list(Feed.objects.all()) == [again]
    assert not Block.objects.exists()


def test_an_offer_that_would_not_fit_the_home_any_more_stays_off(alices: Client, home: Property) -> None:
    path, sent = switch_off(home)
    undo = offered(alices.post(path, sent, follow=True))
    Property.objects.update(currency="USD")
    assert "has been changed meanwhile" in words(alices.post(undo, follow=True))
    assert Offer.objects.get().mode == "off"


def test_a_revoked_link_comes_back_with_what_is_true_by_then(alices: Client, home: Property) -> None:
    link = cast.an_export(home)
    undo = offered(alices.post(at("calendars:revoke", home.public_id, link.public_id), follow=True))
    assert alices.get(cast.path_of(link)).status_code == 404
    sale = cast.a_sale(home)
    alices.post(undo)
    assert sale.public_id.encode() in alices.get(cast.path_of(link)).content
    assert exports.address(link) == exports.address(ExportLink.objects.get())


@pytest.mark.parametrize("whose", ["a stay's", "everybody's"])
def test_an_old_address_opens_again_and_the_new_one_no_more(
    whose: str, alices: Client, home: Property
) -> None:
    old = cast.a_stay_link(home, cast.nights(70, 3) if whose == "a stay's" else None)
    if whose == "a stay's":
        path = at("upsells:renew-stay", home.public_id, old.token)
    else:
        path = at("upsells:renew-link", home.public_id)
    undo = offered(alices.post(path, follow=True))
    new = StayLink.objects.live().get()
    assert new != old
    assert AS_BEFORE in words(alices.post(undo, follow=True))
    assert StayLink.objects.live().get() == old


def test_a_saved_filter_comes_back_with_its_key(alices: Client, alice: User) -> None:
    member = alice.memberships.get()
    view = SavedView.objects.create(
        organization=member.organization,
        membership=member,
        name="Mine",
        listing=SavedView.Listing.SALES,
        query="state=confirmed",
        created_at=cast.NOW,
    )
    before = all_there_is(member.organization)
    undo = offered(alices.post(at("remove-view", view.public_id), follow=True))
    assert not SavedView.objects.exists()
    assert AS_BEFORE in words(alices.post(undo, follow=True))
    assert all_there_is(member.organization) == before


# What is removed, until then and after


def test_a_removed_calendar_is_nowhere_and_is_not_read(alices: Client, home: Property) -> None:
    path, _sent = remove_feed(home)
    feed = Feed.objects.get()
    alices.post(path)
    page = alices.get(at("calendars:connections", home.public_id)).content.decode()
    assert f'id="feed-{feed.public_id}"' not in page
    assert alices.get(at("calendars:log", home.public_id, feed.public_id)).status_code == 404
    assert leases.due(timezone.now() + timedelta(days=9), 10) == (0, False)
    assert leases.claim_these([feed.pk], timezone.now())[1] == []
    assert cast.busy(home) == []
    assert not Alert.objects.open().exists()
    alert = Alert.objects.get()
    assert alert.resolved_at == alert.cleared_at
    answer = alices.get(at("calendars:alert", alert.public_id))
    assert answer["Location"] == at("calendars:connections", home.public_id)


def test_a_day_later_everything_that_was_removed_is_swept(alices: Client, home: Property) -> None:
    for press in (remove_feed, remove_webhook, remove_photo):
        path, sent = press(home)
        alices.post(path, sent)
    now = timezone.now()
    sweeping.sweep(now + timedelta(hours=23))
    assert Feed.everything.exists()
    assert Deed.objects.count() == 3
    sweeping.sweep(now + timedelta(hours=25))
    for kind in (Feed, FeedRead, Webhook, Sending, Photo, Deed):
        assert not kind._base_manager.exists()


def test_a_press_by_htmx_brings_a_toast_that_offers_the_undo(alices: Client, home: Property) -> None:
    path, _sent = pause(home)
    page = alices.post(path, headers={"HX-Request": "true"}).content.decode()
    toast = page[page.index("beforeend:#toasts") :]
    assert "is paused. What it closed stays closed." in toast
    assert re.search(r'action="/undo/\w+/"', toast)
    feed = Feed.objects.get()
    again = alices.post(at("calendars:read", home.public_id, feed.public_id), headers={"HX-Request": "true"})
    assert "/undo/" not in again.content.decode(), "it was said already"


def test_a_webhook_is_told_on_after_its_removal_was_undone(alices: Client, home: Property) -> None:
    path, _sent = remove_webhook(home)
    undo = offered(alices.post(path, follow=True))
    assert not outbox.announce(home.organization_id, Event.SALE_CONFIRMED, dict, timezone.now())
    alices.post(undo)
    assert outbox.announce(home.organization_id, Event.SALE_CONFIRMED, dict, timezone.now())
