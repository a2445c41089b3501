"""What a host pays: the price of a plan, the standing that follows from what is paid, and the next step."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing import (
    GRACE,
    LIMITED,
    MIDDLE,
    OVER,
    OWED,
    Facts,
    Plan,
    Standing,
    Status,
    Step,
    Told,
    Wish,
    next_step,
    owing_since,
    price,
    reminder,
    standing,
    trial_ends,
    trial_letter,
)
from domain.money import Money

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOST = Plan("host", Money(500, "USD"), free=1, trial_days=30)
MIRROR = Plan("mirror", Money(100, "USD"), least=1_900, sells=False)

PLANS = st.builds(
    lambda unit, free, least: Plan("any", Money(unit, "USD"), free=free, least=unit * least),
    st.integers(1, 10_000),
    st.integers(0, 5),
    st.integers(0, 50),
)
COUNTS = st.integers(0, 5_000)
MOMENTS = st.none() | st.integers(-90, 90).map(lambda days: NOW + days * DAY)
FACTS = st.builds(
    Facts,
    st.integers(0, 30),
    MOMENTS,
    st.sampled_from(Status),
    MOMENTS.map(lambda at: at and min(at, NOW)),
    MOMENTS.map(lambda at: at and min(at, NOW)),
    MOMENTS,
)
LATER = st.integers(0, 200).map(lambda days: NOW + days * DAY)


@pytest.mark.parametrize(("properties", "cents"), [(0, 0), (1, 0), (2, 500), (3, 1_000), (40, 19_500)])
def test_the_first_property_of_a_host_is_free(properties: int, cents: int) -> None:
    assert price(HOST, properties).total == Money(cents, "USD")


@pytest.mark.parametrize(
    ("properties", "cents", "is_least"),
    [
        (0, 0, False),
        (1, 1_900, True),
        (18, 1_900, True),
        (19, 1_900, False),
        (20, 2_000, False),
        (300, 30_000, False),
    ],
)
def test_a_mirror_costs_a_dollar_each_and_nineteen_at_least(
    properties: int, cents: int, is_least: bool
) -> None:
    found = price(MIRROR, properties)
    assert (found.total, found.is_least) == (Money(cents, "USD"), is_least)


def test_a_plan_that_cannot_be_counted_in_units_is_none() -> None:
    for wrong in ({"unit": Money(0, "USD")}, {"least": 150}, {"free": -1}):
        with pytest.raises(ValueError, match="units"):
            Plan(**{"key": "odd", "unit": Money(100, "USD"), **wrong})


@given(PLANS, COUNTS)
def test_the_price_is_the_arithmetic_that_is_shown(plan: Plan, properties: int) -> None:
    found = price(plan, properties)
    assert found.total.amount == found.units * plan.unit.amount
    assert found.free + found.paid == properties
    assert found.units >= found.paid
    if found.units:
        assert found.total.amount >= plan.least
        assert found.is_least == (found.total.amount > found.paid * plan.unit.amount)
    else:
        assert properties <= plan.free


@given(PLANS, COUNTS)
def test_one_more_property_never_costs_less_and_at_most_one_unit_more_once_anything_is_paid(
    plan: Plan, properties: int
) -> None:
    now, more = price(plan, properties), price(plan, properties + 1)
    assert more.units >= now.units
    if now.units:
        assert more.units <= now.units + 1


@given(FACTS, LATER)
def test_nobody_is_restricted_before_fourteen_days_of_owing(facts: Facts, now: datetime) -> None:
    since = owing_since(facts, now)
    found = standing(facts, now)
    assert (found is Standing.RESTRICTED) == (since is not None and now >= since + GRACE)
    assert (found is Standing.GRACE) == (since is not None and now < since + GRACE)


@given(FACTS, LATER)
def test_who_is_billed_for_nothing_and_never_was_owes_nothing(facts: Facts, now: datetime) -> None:
    if facts.units == 0 and facts.status in OVER:
        assert standing(facts, now) is Standing.FREE


@given(FACTS, LATER)
def test_who_pays_is_restricted_by_nothing_but_their_own_pause(facts: Facts, now: datetime) -> None:
    if facts.status in {Status.ACTIVE, Status.TRIALING} and standing(facts, now) in LIMITED:
        assert facts.paused_until
        assert now < facts.paused_until


@given(FACTS, LATER)
def test_three_letters_go_out_at_the_start_in_the_middle_and_at_the_end(facts: Facts, now: datetime) -> None:
    since = owing_since(facts, now)
    which = reminder(since, now)
    assert (which == 0) == (since is None)
    assert (which == 3) == (standing(facts, now) is Standing.RESTRICTED)
    if since:
        assert [reminder(since, since + wait) for wait in (0 * DAY, MIDDLE, GRACE)] == [1, 2, 3]


def test_a_trial_lasts_to_its_end_and_is_followed_by_the_grace() -> None:
    facts = Facts(2, NOW)
    at = [standing(facts, NOW + wait) for wait in (-DAY, 0 * DAY, GRACE - DAY, GRACE)]
    assert at == [Standing.TRIAL, Standing.GRACE, Standing.GRACE, Standing.RESTRICTED]


def test_a_bill_that_was_just_seen_unpaid_is_owed_from_now_on() -> None:
    for status in OWED:
        assert owing_since(Facts(2, None, status), NOW) == NOW


# The next step


def steps(wish: Wish, told: Told) -> list[Step]:
    """Every step until there is nothing left to do."""
    found = []
    while (step := next_step(wish, told)) is not Step.NOTHING:
        found.append(step)
        assert len(found) < 9, "it goes round in circles"
        told = done(step, wish, told)
    return found


def done(step: Step, wish: Wish, told: Told) -> Told:
    """What the provider says after it."""
    changed = {
        Step.END_EXTRA: {"extras": told.extras[1:]},
        Step.END: {"status": Status.CANCELED},
        Step.SET: {"plan": wish.plan.key, "price": wish.plan.unit, "units": wish.units},
        Step.CANCEL: {"cancels": True},
        Step.KEEP: {"cancels": False},
        Step.PAUSE: {"paused_until": wish.paused_until},
        Step.RESUME: {"paused_until": None},
    }[step]
    kept = {name: getattr(told, name) for name in Told.__slots__}
    return Told(**{**kept, **changed})


WISHES = st.builds(
    Wish,
    st.sampled_from([HOST, MIRROR]),
    st.integers(0, 9),
    st.booleans(),
    MOMENTS,
    st.booleans(),
    st.booleans(),
)
TOLDS = st.builds(
    Told,
    st.just("sub_1"),
    st.just("si_1"),
    st.sampled_from(Status),
    st.sampled_from(["host", "mirror", "old"]),
    st.sampled_from([HOST.unit, MIRROR.unit, None]),
    st.integers(0, 9),
    cancels=st.booleans(),
    paused_until=MOMENTS,
    extras=st.sampled_from([(), ("sub_2",), ("sub_2", "sub_3")]),
)


@given(WISHES, TOLDS)
def test_steps_come_to_an_end_and_no_step_is_done_twice(wish: Wish, told: Told) -> None:
    found = [step for step in steps(wish, told) if step is not Step.END_EXTRA]
    assert len(found) == len(set(found))


@given(WISHES, TOLDS)
def test_a_subscription_that_is_over_is_never_touched(wish: Wish, told: Told) -> None:
    if told.status in OVER:
        assert set(steps(wish, told)) <= {Step.END_EXTRA}


@given(WISHES, TOLDS)
def test_what_the_owner_did_not_ask_for_is_left_as_the_provider_has_it(wish: Wish, told: Told) -> None:
    if not wish.asked:
        assert not {Step.CANCEL, Step.KEEP, Step.PAUSE, Step.RESUME} & set(steps(wish, told))


def test_an_organization_that_ends_pays_nothing_more() -> None:
    told = Told("sub_1", "si_1", Status.ACTIVE, "host", HOST.unit, 2)
    assert steps(Wish(HOST, 2, ends=True), told) == [Step.END]


@given(FACTS, MOMENTS)
def test_a_trial_that_is_announced_ends_after_which_something_is_charged(
    facts: Facts, next_at: datetime | None
) -> None:
    ends = trial_ends(facts, next_at)
    if ends and ends > NOW and not (facts.ended_at or facts.unpaid_since):
        assert standing(facts, NOW) is Standing.TRIAL
        assert facts.units
    if ends:
        waits = (8 * DAY, 7 * DAY, 2 * DAY, DAY, 0 * DAY, -DAY)
        assert [trial_letter(ends, ends - wait) for wait in waits] == [0, 1, 1, 2, 0, 0]
