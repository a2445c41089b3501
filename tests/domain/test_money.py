from decimal import Decimal

import pytest

from domain.money import Money, minor_digits


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3)]
)
def test_a_currency_is_counted_in_its_own_decimals(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


def test_amounts_of_one_currency_add_up_and_multiply() -> None:
    assert Money(9_900, "EUR") + Money(100, "EUR") == Money(10_000, "EUR")
    assert Money(9_900, "EUR") * 3 == Money(29_700, "EUR")


def test_amounts_of_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="can't add USD to EUR"):
        Money(1, "EUR") + Money(1, "USD")


def test_a_price_that_no_float_can_hold_stays_exact() -> None:
    most = Money(2**53 + 1, "EUR")
    assert (most * 1).amount == 2**53 + 1
    assert Decimal((Money(10, "EUR") * 3).amount) / 100 == Decimal("0.30")
