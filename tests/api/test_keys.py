"""Idempotency keys: what is sent twice is done once."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Organization
from api import keeping
from api.models import KeptAnswer
from calendars.models import Block
from properties.models import Property
from tests import cast
from tests.api.callers import Caller, a_token

KEY = "6f3c1a52-0c55-4a3e-9a8e-5e0f4c6d7b11"


def nights(home: Property, start: int = 10) -> dict[str, Any]:
    first, end = cast.stay_of(home, start, start + 2)
    return {"property": home.public_id, "arrival": str(first), "departure": str(end)}


def test_a_request_that_comes_again_is_answered_alike_and_does_nothing(api: Caller, home: Property) -> None:
    first = api("POST", "/blocks/", nights(home), Idempotency_Key=KEY)
    body = dict(reversed(nights(home).items()))
    again = api("POST", "/blocks/", body, Idempotency_Key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (again["Location"], again["Idempotency-Replayed"]) == (first["Location"], "true")
    assert Block.objects.count() == 1


def test_a_key_belongs_to_one_body_one_address_and_one_token(
    api: Caller, home: Property, organization: Organization
) -> None:
    api.send("POST", "/blocks/", nights(home), 201, Idempotency_Key=KEY)
    other = Caller(a_token(organization))
    for caller, path, body in (
        (api, "/blocks/", nights(home, 20)),
        (api, f"/properties/{home.public_id}/archive/", None),
        (other, "/blocks/", nights(home)),
    ):
        problem = caller.send("POST", path, body, 422, Idempotency_Key=KEY)
        assert (problem["code"], problem["errors"][0]["field"]) == ("key_reused", "Idempotency-Key")
    assert Block.objects.count() == 1


def test_another_organization_may_use_the_same_key(api: Caller, mallorys_api: Caller, home: Property) -> None:
    api.send("POST", "/blocks/", nights(home), 201, Idempotency_Key=KEY)
    assert mallorys_api("POST", "/blocks/", nights(home), Idempotency_Key=KEY).status_code == 422
    assert KeptAnswer.objects.count() == 1


def test_after_a_refusal_the_same_key_may_try_again(api: Caller, home: Property) -> None:
    api.send("POST", "/blocks/", nights(home) | {"departure": "2020-01-01"}, 422, Idempotency_Key=KEY)
    api.send("POST", "/blocks/", nights(home), 201, Idempotency_Key=KEY)


def test_a_key_is_forgotten_after_a_day_and_its_answer_is_sealed(api: Caller, home: Property) -> None:
    api.send("POST", "/blocks/", nights(home), 201, Idempotency_Key=KEY)
    assert b"Paint" not in bytes(KeptAnswer.objects.get().body or b"")
    day_ago = timezone.now() - timedelta(hours=25)
    KeptAnswer.objects.update(created_at=day_ago)
    api.send("POST", "/blocks/", nights(home, 20), 201, Idempotency_Key=KEY)
    assert Block.objects.count() == 2
    assert keeping.forget(timezone.now()) == 0
    KeptAnswer.objects.update(created_at=day_ago)
    assert keeping.forget(timezone.now()) == 1


def test_what_was_lost_on_the_way_is_done_by_whoever_comes_again(api: Caller, home: Property) -> None:
    """A process was killed between the claim and the answer."""
    api.send("POST", "/blocks/", nights(home), 201, Idempotency_Key=KEY)
    KeptAnswer.objects.update(status=None, body=None)
    problem = api("POST", "/blocks/", nights(home), Idempotency_Key=KEY)
    assert (problem.status_code, problem["Retry-After"]) == (409, "2")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(seconds=91))
    api.send("POST", "/blocks/", nights(home), 201, Idempotency_Key=KEY)


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256])
def test_a_key_that_cant_be_one_is_refused(api: Caller, home: Property, key: str) -> None:
    problem = api.send("POST", "/blocks/", nights(home), 400, Idempotency_Key=key)
    assert problem["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_done(api: Caller, home: Property) -> None:
    body, answers, start = nights(home), [], threading.Barrier(8)

    def send() -> None:
        try:
            start.wait(10)
            answers.append(Caller(api.token)("POST", "/blocks/", body, Idempotency_Key=KEY).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Block.objects.count() == 1
    assert set(Counter(answers)) <= {201, 409}
    assert 201 in answers
    assert len(answers) == 8
