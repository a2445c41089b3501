"""The rules of the next step, over everything that the provider may say and everything that a purchase may want."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments import LONGEST_REST, Goal, Intent, News, Session, Step, Told, Wish, next_step, rest

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(minutes=5), NOW - timedelta(seconds=1)
PRICE = 19_800
RUNS = int(os.environ.get("PAYMENT_RUNS", "10000"))

amounts = st.integers(min_value=1, max_value=10**9)
goals = st.sampled_from(Goal)
untils = st.sampled_from([None, BEFORE, NOW, LATER])


def told(session: Session, intent: Intent, captured: int = 0, refunded: int = 0, amount: int = PRICE) -> Told:
    return Told(
        "cs_1", session, intent, "pi_1", amount=amount, currency="EUR", captured=captured, refunded=refunded
    )


@st.composite
def anything(draw: st.DrawFn) -> tuple[Wish, Told]:
    """Any wish with anything that may be told, sensible or not."""
    amount = draw(amounts)
    captured = draw(st.integers(0, amount))
    refunded = draw(st.integers(0, captured))
    agreed = draw(st.sampled_from([amount, amount + 1]))
    wish = Wish(
        draw(goals), agreed, draw(st.sampled_from(["EUR", "USD"])), draw(st.integers(0, agreed)), draw(untils)
    )
    said = told(draw(st.sampled_from(Session)), draw(st.sampled_from(Intent)), captured, refunded, amount)
    return wish, replace(said, refunding=draw(st.integers(0, refunded)))


@given(anything())
def test_money_is_only_captured_for_a_sale_that_stands_at_the_agreed_amount(case: tuple[Wish, Told]) -> None:
    wish, said = case
    if next_step(wish, said, NOW).step is Step.CAPTURE:
        assert wish.goal is Goal.CAPTURE
        assert (said.intent, said.amount, said.currency) == (Intent.AUTHORISED, wish.amount, wish.currency)


@given(anything())
def test_a_refund_is_never_above_what_was_captured_and_not_yet_refunded(case: tuple[Wish, Told]) -> None:
    wish, said = case
    following = next_step(wish, said, NOW)
    if following.step is Step.REFUND:
        assert 0 < following.amount <= said.captured - said.refunded
    else:
        assert following.amount == 0


@given(anything())
def test_no_refund_is_begun_while_it_rests_and_nothing_else_is_put_off(case: tuple[Wish, Told]) -> None:
    wish, said = case
    now, later = (next_step(replace(wish, refund_after=at), said, NOW) for at in (NOW, LATER))
    assert next_step(wish, said, NOW) == now
    if now.step is Step.REFUND:
        assert (later.step, later.news, later.settled) == (Step.NOTHING, now.news, False)
    else:
        assert later == now


@given(anything())
def test_what_is_on_its_way_back_is_looked_after_until_it_has_arrived(case: tuple[Wish, Told]) -> None:
    wish, said = case
    if said.refunding and said.intent is Intent.CAPTURED:
        assert not next_step(wish, said, NOW).settled


@given(st.integers(0, 40_000))
def test_a_refund_that_comes_back_rests_longer_each_time_up_to_a_day(times: int) -> None:
    assert (rest(0), rest(1)) == (timedelta(), timedelta(minutes=1))
    assert rest(times + 1) == LONGEST_REST or rest(times + 1) > rest(times)
    assert rest(times) <= LONGEST_REST == timedelta(days=1)


@given(anything())
def test_a_page_is_closed_only_when_nobody_waits_for_it(case: tuple[Wish, Told]) -> None:
    wish, said = case
    if next_step(wish, said, NOW).step is Step.EXPIRE:
        assert said.session is Session.OPEN
        waits = wish.goal is Goal.WAIT and (wish.until is None or wish.until > NOW)
        assert not waits or said.intent is Intent.VOIDED


@given(anything())
def test_what_is_settled_has_no_step_and_says_how_it_ended(case: tuple[Wish, Told]) -> None:
    following = next_step(*case, NOW)
    if following.settled:
        assert following.step is Step.NOTHING
        assert following.news in {News.DEAD, News.GIVEN_BACK, News.CAPTURED}


def acted(said: Told, step: Step, amount: int) -> Told:
    """How it stands when the provider has done the step."""
    match step:
        case Step.EXPIRE:
            return replace(said, session=Session.EXPIRED)
        case Step.CAPTURE:
            return replace(said, intent=Intent.CAPTURED, captured=said.amount)
        case Step.VOID:
            return replace(said, intent=Intent.VOIDED)
        case Step.REFUND:
            return replace(said, refunded=said.refunded + amount, refunding=0)
    return said


@given(anything())
def test_with_a_provider_that_does_as_it_is_asked_it_rests_after_three_steps(case: tuple[Wish, Told]) -> None:
    wish, said = case
    for _ in range(3):
        following = next_step(wish, said, NOW)
        said = acted(said, following.step, following.amount)
    assert next_step(wish, said, NOW).step is Step.NOTHING


@given(anything())
def test_a_purchase_that_ended_has_nothing_of_the_guests_money_in_the_end(case: tuple[Wish, Told]) -> None:
    wish, said = replace(case[0], goal=Goal.GIVE_BACK), replace(case[1], refunding=0)
    if said.intent is not Intent.CAPTURED:
        said = replace(said, captured=0, refunded=0)
    for _ in range(4):
        following = next_step(wish, said, NOW)
        assert following.step is not Step.CAPTURE
        said = acted(said, following.step, following.amount)
    assert following.settled
    assert following.news is News.GIVEN_BACK
    assert said.captured == said.refunded
    assert said.intent is not Intent.AUTHORISED
    assert said.session is not Session.OPEN or said.intent is Intent.CAPTURED


@pytest.mark.parametrize(("session", "intent", "goal"), list(product(Session, Intent, Goal)))
def test_every_combination_has_an_answer(session: Session, intent: Intent, goal: Goal) -> None:
    captured = PRICE if intent is Intent.CAPTURED else 0
    for until in (None, BEFORE, LATER):
        following = next_step(Wish(goal, PRICE, "EUR", until=until), told(session, intent, captured), NOW)
        assert following.step is Step.NOTHING or not following.settled


def wish(goal: Goal, until: datetime | None = LATER, to_refund: int = 0) -> Wish:
    return Wish(goal, PRICE, "EUR", to_refund, until)


def step(wish: Wish, said: Told) -> tuple[Step, News]:
    following = next_step(wish, said, NOW)
    return following.step, following.news


def test_the_usual_way() -> None:
    assert step(wish(Goal.WAIT), told(Session.OPEN, Intent.NONE)) == (Step.NOTHING, News.NONE)
    assert step(wish(Goal.WAIT), told(Session.COMPLETE, Intent.AUTHORISED)) == (Step.NOTHING, News.AUTHORISED)
    assert step(wish(Goal.CAPTURE), told(Session.COMPLETE, Intent.AUTHORISED)) == (Step.CAPTURE, News.NONE)
    paid = told(Session.COMPLETE, Intent.CAPTURED, PRICE)
    assert step(wish(Goal.CAPTURE), paid) == (Step.NOTHING, News.CAPTURED)
    assert step(wish(Goal.CAPTURE, to_refund=9_900), paid) == (Step.REFUND, News.CAPTURED)


def test_when_time_is_up_the_page_is_closed_but_a_card_that_was_faster_counts() -> None:
    assert step(wish(Goal.WAIT, BEFORE), told(Session.OPEN, Intent.PENDING)) == (Step.EXPIRE, News.NONE)
    assert step(wish(Goal.WAIT, BEFORE), told(Session.EXPIRED, Intent.NONE)) == (Step.NOTHING, News.DEAD)
    paid = told(Session.COMPLETE, Intent.AUTHORISED)
    assert step(wish(Goal.WAIT, BEFORE), paid) == (Step.NOTHING, News.AUTHORISED)


def test_another_amount_or_currency_than_agreed_is_given_back() -> None:
    other = replace(told(Session.COMPLETE, Intent.AUTHORISED), amount=PRICE - 1)
    assert step(wish(Goal.CAPTURE), other) == (Step.VOID, News.NONE)
    assert step(wish(Goal.CAPTURE), replace(other, amount=PRICE, currency="USD")) == (Step.VOID, News.NONE)


def test_money_that_somebody_captured_by_hand_waits_for_the_decision_too() -> None:
    paid = told(Session.COMPLETE, Intent.CAPTURED, PRICE)
    assert step(wish(Goal.WAIT), paid) == (Step.NOTHING, News.AUTHORISED)
    assert step(wish(Goal.GIVE_BACK), paid) == (Step.REFUND, News.NONE)


class World:
    """A provider, a guest and a purchase that all do what they like; the rules stand between them."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - dice, no secret
        self.now = NOW
        self.said = told(Session.OPEN, Intent.NONE)
        self.state = "paying"
        self.goal = Goal.WAIT
        self.to_refund = 0
        self.attempt = 0
        self.keys: set[tuple[int, int, int, int]] = set()

    def guest(self) -> None:
        """The guest tries a card, is asked by their bank, pays, leaves, or lets go."""
        said, dice = self.said, self.dice
        if dice.random() < 0.1 and self.state == "paying":
            self.end("lapsed")
        if said.session is not Session.OPEN:
            if said.intent is Intent.PENDING:
                self.said = replace(
                    said, intent=dice.choice([Intent.AUTHORISED, Intent.VOIDED, Intent.PENDING])
                )
            return
        intent = dice.choice([Intent.NONE, Intent.PENDING, Intent.AUTHORISED])
        session = (
            Session.COMPLETE
            if intent is Intent.AUTHORISED
            else dice.choice([Session.OPEN, Session.OPEN, Session.COMPLETE])
        )
        self.said = replace(
            said,
            session=session,
            intent=Intent.PENDING if session is Session.COMPLETE and intent is Intent.NONE else intent,
        )

    def provider(self) -> None:
        """What happens without anybody asking: pages run out, reservations run out, refunds fail."""
        said = self.said
        if said.session is Session.OPEN and self.dice.random() < 0.1:
            self.said = replace(said, session=Session.EXPIRED)
        elif said.intent is Intent.AUTHORISED and self.dice.random() < 0.03:
            self.said = replace(said, intent=Intent.VOIDED)
        elif said.refunded and self.dice.random() < 0.05:
            self.said = replace(said, refunded=0, sent_back=said.sent_back + 1)

    def purchase(self) -> None:
        """The decision, the host's answer, a cancellation."""
        if self.state == "checking":
            if self.dice.random() < 0.6:
                self.state, self.goal = "capturing", Goal.CAPTURE
            else:
                self.end("declined")
        elif self.state == "confirmed" and self.dice.random() < 0.3:
            self.state = "cancelled"
            self.to_refund = self.dice.choice([0, PRICE // 2, PRICE])

    def end(self, state: str) -> None:
        self.state, self.goal = state, Goal.GIVE_BACK

    def worker(self, seen: Told) -> None:
        """One look, which may be old by now, and one step, whose effect or reply may be lost."""
        until = NOW + timedelta(minutes=10) if self.state == "paying" else None
        following = next_step(Wish(self.goal, PRICE, "EUR", self.to_refund, until), seen, self.now)
        match following.news, self.state:
            case News.AUTHORISED, "paying":
                self.state = "checking"
            case News.DEAD, "paying" | "checking" | "capturing":
                self.end("lapsed" if self.state == "paying" else "declined")
            case News.CAPTURED, "capturing":
                self.state = "confirmed"
        if self.dice.random() < 0.2:
            return  # the request was lost
        self.ask(
            following.step, following.amount, (seen.sent_back, seen.refunded, following.amount, self.attempt)
        )

    def ask(self, step: Step, amount: int, key: tuple[int, int, int, int]) -> None:
        """The provider does what can be done, and refuses the rest; a refund with the same key is the same refund."""
        said = self.said
        if step is Step.REFUND and key in self.keys:
            self.attempt += (
                said.refunded <= key[1]
            )  # the answer shows that it came to nothing: next time another key
            return
        possible = {
            Step.EXPIRE: said.session is Session.OPEN,
            Step.CAPTURE: said.intent is Intent.AUTHORISED,
            Step.VOID: said.intent in {Intent.AUTHORISED, Intent.PENDING},
            Step.REFUND: said.captured - said.refunded >= amount,
        }
        if possible.get(step):
            if step is Step.REFUND:
                self.keys.add(key)
            self.said = acted(said, step, amount)

    def rests(self) -> bool:
        until = NOW + timedelta(minutes=10) if self.state == "paying" else None
        following = next_step(Wish(self.goal, PRICE, "EUR", self.to_refund, until), self.said, self.now)
        return following.settled and self.state not in {"paying", "checking", "capturing"}


@pytest.mark.parametrize("part", range(10))
def test_whatever_order_things_happen_in_it_ends_as_a_sale_or_with_everything_given_back(part: int) -> None:
    for seed in range(part * RUNS // 10, (part + 1) * RUNS // 10):
        world = World(seed)
        turmoil = 10 + seed % 80  # steps; many end before everything has happened that can
        looks = [world.said]
        for number in range(400):
            quiet = number > turmoil  # in the end nothing new happens and every request arrives
            world.now += timedelta(seconds=world.dice.choice([0, 5, 60, 300]))
            if not quiet:
                world.dice.choice([world.guest, world.provider, world.purchase])()
            elif world.state == "checking":
                world.purchase()
            looks.append(world.said)
            world.worker(world.said if quiet or world.dice.random() < 0.8 else world.dice.choice(looks[-2:]))
            if quiet and world.rests():
                break
        said = world.said
        assert world.rests(), f"seed {seed} never comes to rest: {world.state} {said}"
        if world.state == "confirmed":
            assert (said.captured, said.refunded) == (PRICE, 0), f"seed {seed}"
        elif world.state == "cancelled":
            assert (said.captured, said.refunded) == (PRICE, world.to_refund), f"seed {seed}"
        else:
            assert said.captured == said.refunded, f"seed {seed}"
            assert said.intent is not Intent.AUTHORISED, f"seed {seed}"
