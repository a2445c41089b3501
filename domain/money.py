"""Money as integer minor units and an ISO 4217 currency; no float ever."""

from collections.abc import Iterable
from dataclasses import dataclass

NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
MINOR_DIGITS = dict.fromkeys(NO_MINOR_UNIT.split(), 0) | dict.fromkeys(THOUSANDTHS.split(), 3)
USUAL_DIGITS = 2


def minor_digits(currency: str) -> int:
    """How many decimals the currency is counted in (ISO 4217): 2, but 0 for JPY, 3 for KWD."""
    return MINOR_DIGITS.get(currency, USUAL_DIGITS)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units of one currency. Raises ValueError when currencies are mixed."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            message = f"can't add {other.currency} to {self.currency}"
            raise ValueError(message)
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)

    def share(self, numerator: int, denominator: int = 100) -> "Money":
        """The fraction, by default a percentage, of the amount; half a minor unit is rounded away from zero."""
        doubled = 2 * abs(self.amount * numerator) + denominator
        amount = doubled // (2 * denominator)
        return Money(amount if self.amount * numerator >= 0 else -amount, self.currency)

    def rounded(self, step: int) -> "Money":
        """The nearest multiple of `step` minor units; half a step is rounded up."""
        return Money((2 * self.amount + step) // (2 * step) * step, self.currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, zero of the currency when there is nothing to add."""
    return sum(amounts, Money(0, currency))
