from datetime import timedelta

import time_machine
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from properties.models import Property
from tests import cast
from tests.upsells.pages import DEPARTURE, address, choose, look, text
from upsells.models import Purchase, StayLink


def test_trying_day_after_day_ends_with_429_until_the_ten_minutes_are_over(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    answers = [look(client, link, DEPARTURE + timedelta(days=n)).status_code for n in range(16)]
    assert answers == [200] * 15 + [429]
    refused = look(client, link, DEPARTURE + timedelta(days=15))
    assert "Try again in 10 minutes" in text(refused)
    assert refused["Cache-Control"] == "private, no-store"
    assert client.get(address(link)).status_code == 200
    clock.shift(timedelta(seconds=int(refused["Retry-After"])))
    assert look(client, link).status_code == 200


def test_one_caller_uses_up_neither_another_caller_nor_another_home(
    client: Client, link: StayLink, home: Property
) -> None:
    for n in range(31):
        look(client, link, DEPARTURE + timedelta(days=n))
    assert look(client, link, DEPARTURE + timedelta(days=31)).status_code == 429
    assert look(Client(REMOTE_ADDR="203.0.113.7"), link).status_code == 200
    assert look(client, cast.a_stay_link(cast.a_property(home.organization, "Casa Two"))).status_code == 200


def test_a_caller_with_many_ipv6_addresses_is_one_caller(link: StayLink) -> None:
    for n in range(31):
        look(Client(REMOTE_ADDR=f"2001:db8:1:2::{n:x}"), link, DEPARTURE + timedelta(days=n))
    other_day = DEPARTURE + timedelta(days=31)
    assert look(Client(REMOTE_ADDR="2001:db8:1:2:ffff::1"), link, other_day).status_code == 429
    assert look(Client(REMOTE_ADDR="2001:db8:1:3::1"), link, other_day).status_code == 200


def test_behind_a_proxy_the_caller_is_whom_the_proxy_names_last(
    client: Client, link: StayLink, settings: Settings
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for n in range(31):
        one_more = {"departure": str(DEPARTURE + timedelta(days=n + 1))}
        client.get(address(link), one_more, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"})
    day = {"departure": str(DEPARTURE)}
    same, other = ({"X-Forwarded-For": f"198.51.100.1, 203.0.113.{n}"} for n in (7, 8))
    assert client.get(address(link), day, headers=same).status_code == 429
    assert client.get(address(link), day, headers=other).status_code == 200


def test_nobody_keeps_nights_more_than_ten_times_an_hour(client: Client, link: StayLink) -> None:
    answers = [choose(client, link, "extra_nights-1:1").status_code for _ in range(10)]
    assert answers == [409] * 10
    refused = choose(client, link)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3_600
    assert not Purchase.objects.exists()


def test_without_redis_nobody_is_refused(client: Client, link: StayLink, settings: Settings) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    cache.close()
    days = [DEPARTURE + timedelta(days=n) for n in range(32)]
    assert [look(client, link, day).status_code for day in days] == [200] * 32
    assert choose(client, link).status_code == 302


def test_an_open_page_may_ask_for_its_day_again_and_again_but_not_for_ever(
    client: Client, link: StayLink
) -> None:
    seen = {"seen": look(client, link).context["seen"]}
    again = {"departure": str(DEPARTURE), **seen}
    answers = [client.get(address(link), again, headers={"HX-Request": "true"}) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [204] * 60 + [429]


def test_a_day_that_was_refused_is_not_one_that_was_shown(client: Client, link: StayLink) -> None:
    for n in range(30):
        look(client, link, DEPARTURE + timedelta(days=n))
    refused = DEPARTURE + timedelta(days=30)
    assert [look(client, link, refused).status_code for _ in range(3)] == [429] * 3
    assert look(client, link).status_code == 200


def test_both_sides_of_a_day_are_two_questions(client: Client, link: StayLink) -> None:
    answers = []
    for n in range(8):
        day = DEPARTURE + timedelta(days=n)
        answers += [look(client, link, day).status_code, look(client, link, arrival=day).status_code]
    assert answers == [200] * 15 + [429]


def test_with_patience_nobody_reads_more_than_thirty_days_a_day(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    answers = []
    for n in range(45):
        answers.append(look(client, link, DEPARTURE + timedelta(days=n)).status_code)
        clock.shift(timedelta(minutes=2))
    assert answers == [200] * 30 + [429] * 15
    clock.move_to(cast.NOW + timedelta(days=1))
    assert look(client, link, DEPARTURE + timedelta(days=45)).status_code == 200


def test_a_page_that_stays_open_all_day_is_not_refused(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    for _ in range(80):
        assert look(client, link).status_code == 200
        clock.shift(timedelta(minutes=11))


def test_choosing_on_day_after_day_tells_no_more_than_looking_at_them(
    link: StayLink, clock: time_machine.Traveller
) -> None:
    """Every answer to a choice says something about its day, even the one that nothing is left there."""
    answers = []
    for n in range(40):
        answers.append(choose(Client(), link, "extra_nights-1:1", DEPARTURE + timedelta(days=n)).status_code)
        clock.shift(timedelta(minutes=7))
    assert answers.count(429) == 10
    assert look(Client(), link, DEPARTURE + timedelta(days=41)).status_code == 429


def test_whoever_has_seen_a_day_may_choose_on_it(client: Client, link: StayLink) -> None:
    for n in range(15):
        look(client, link, DEPARTURE + timedelta(days=n))
    assert look(client, link, DEPARTURE + timedelta(days=15)).status_code == 429
    assert choose(client, link, day=DEPARTURE + timedelta(days=15)).status_code == 429
    assert choose(client, link).status_code == 302
