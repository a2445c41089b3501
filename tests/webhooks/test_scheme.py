"""Signatures and pauses, against somebody else's library and against the scheme's own words."""

from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from domain import webhooks as scheme

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone comes with timezones


@given(st.binary(min_size=24, max_size=64), st.from_regex(r"\Amsg_[2-9a-z]{1,27}\Z"), MOMENTS, st.text())
def test_we_sign_as_others_do(key: bytes, message: str, at: datetime, text: str) -> None:
    body = text.encode("utf-8", "replace")
    secret = scheme.secret_of(key)
    theirs = standardwebhooks.Webhook(secret).sign(message, at, body.decode())
    assert scheme.signature([secret], message, at, body) == theirs


def test_a_known_message_has_its_known_signature() -> None:
    secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    signed = scheme.signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_make_two_signatures_with_a_space_between() -> None:
    secrets = [scheme.secret_of(bytes(range(start, start + 24))) for start in (0, 100)]
    now = datetime(2026, 12, 1, tzinfo=UTC)
    both = scheme.signature(secrets, "msg_1", now, b"{}")
    assert both.split(" ") == [scheme.signature([secret], "msg_1", now, b"{}") for secret in secrets]


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_secret_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        scheme.secret_of(bytes(size))


@given(st.integers(1, 1000), st.floats(0, 1))
def test_pauses_stay_within_a_fifth_of_their_length_and_grow(tries: int, chance: float) -> None:
    middle, pause = scheme.pause(tries, 0.5), scheme.pause(tries, chance)
    slack = timedelta(microseconds=1)
    assert middle * 0.8 - slack <= pause <= middle * 1.2 + slack
    assert scheme.pause(tries + 1, 0.5) >= middle


def test_in_three_days_a_message_is_tried_about_a_dozen_times() -> None:
    passed, tries = timedelta(), 1
    while passed < scheme.GIVE_UP_AFTER:
        passed += scheme.pause(tries, 0.5)
        tries += 1
    assert 10 <= tries <= 15
