"""Money: whole minor units of one currency, rounded once and in one way."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from babel.core import get_global
from hypothesis import example, given
from hypothesis import strategies as st

from domain.money import MINOR_DIGITS, USUAL_DIGITS, Money, minor_digits, rounded, share, total

AMOUNTS = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)],
)
def test_a_currency_is_counted_in_its_own_decimals(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


def test_currencies_without_or_with_many_decimals_agree_with_what_unicode_lists() -> None:
    listed = {code: digits[0] for code, digits in get_global("currency_fractions").items()}
    assert {code for code, digits in listed.items() if digits > USUAL_DIGITS} <= MINOR_DIGITS.keys()
    assert all(listed[code] == 0 for code, digits in MINOR_DIGITS.items() if digits == 0)


def test_amounts_of_one_currency_add_up_multiply_and_compare() -> None:
    assert Money(9_900, "EUR") + Money(100, "EUR") == Money(10_000, "EUR")
    assert Money(9_900, "EUR") * 3 == Money(29_700, "EUR")
    assert Money(1, "EUR") < Money(2, "EUR") <= Money(2, "EUR")
    assert total([Money(1, "JPY"), Money(2, "JPY")], "JPY") == Money(3, "JPY")
    assert total([], "KWD") == Money(0, "KWD")


def test_amounts_of_two_currencies_are_never_added_or_compared() -> None:
    with pytest.raises(ValueError, match="can't add USD to EUR"):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(ValueError, match="can't compare"):
        max(Money(1, "EUR"), Money(2, "USD"))
    assert Money(1, "EUR") != Money(1, "USD")


@pytest.mark.parametrize("amount", [1.0, 0.1, Decimal(1), "1", True, None])
def test_only_whole_numbers_are_money(amount: object) -> None:
    with pytest.raises(TypeError, match="whole minor units"):
        Money(amount, "EUR")  # type: ignore[arg-type]  # what a careless caller might do


def test_a_share_that_is_no_whole_number_of_percent_is_refused() -> None:
    with pytest.raises(TypeError, match="whole minor units"):
        Money(1_000, "EUR").share(12.5)  # type: ignore[arg-type]  # ditto


def test_a_price_that_no_float_can_hold_stays_exact() -> None:
    most = Money(2**53 + 1, "EUR")
    assert (most * 1).amount == most.share(100).amount == 2**53 + 1
    assert Decimal((Money(10, "EUR") * 3).amount) / 100 == Decimal("0.30")


@given(AMOUNTS, st.integers(-300, 300), st.sampled_from([60, 100, 10_000]))
@example(1, 50, 100)
@example(-1, 50, 100)
@example(3, -50, 100)
def test_a_share_is_the_exact_one_with_half_a_unit_rounded_away_from_zero(
    amount: int, numerator: int, denominator: int
) -> None:
    exact = Fraction(amount * numerator, denominator)
    found = Money(amount, "JPY").share(numerator, denominator)
    assert found == Money(share(amount, numerator, denominator), "JPY")
    assert abs(found.amount - exact) <= Fraction(1, 2)
    if abs(found.amount - exact) == Fraction(1, 2):
        assert abs(found.amount) > abs(exact)


@given(AMOUNTS, st.integers(0, 100))
def test_what_a_percentage_leaves_never_falls_when_the_amount_rises(amount: int, percent: int) -> None:
    def left(whole: int) -> int:
        return whole - share(whole, percent)

    assert left(amount) <= left(amount + 1)


@given(st.integers(0, 10**12), st.integers(1, 10**5))
def test_rounding_takes_the_nearest_multiple_and_the_upper_one_of_two(amount: int, step: int) -> None:
    steps = (Decimal(amount) / Decimal(step)).quantize(Decimal(1), ROUND_HALF_UP)
    assert Money(amount, "EUR").rounded(step).amount == rounded(amount, step) == int(steps) * step
