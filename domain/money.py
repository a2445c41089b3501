"""Money as integer minor units and an ISO 4217 currency; no float ever."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering

NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
TEN_THOUSANDTHS = "CLF UYW"
MINOR_DIGITS = (
    dict.fromkeys(NO_MINOR_UNIT.split(), 0)
    | dict.fromkeys(THOUSANDTHS.split(), 3)
    | dict.fromkeys(TEN_THOUSANDTHS.split(), 4)
)
USUAL_DIGITS = 2


def minor_digits(currency: str) -> int:
    """How many decimals the currency is counted in (ISO 4217): 2, but 0 for JPY, 3 for KWD."""
    return MINOR_DIGITS.get(currency, USUAL_DIGITS)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency.

    Raises ValueError when currencies are mixed, TypeError when the amount isn't a whole number.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            message = f"money is counted in whole minor units, not {self.amount!r}"
            raise TypeError(message)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            message = f"can't add {other.currency} to {self.currency}"
            raise ValueError(message)
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        if other.currency != self.currency:
            message = f"can't compare {other.currency} with {self.currency}"
            raise ValueError(message)
        return self.amount < other.amount

    def share(self, numerator: int, denominator: int = 100) -> "Money":
        """The fraction, by default a percentage, of the amount; half a minor unit is rounded away from zero."""
        return Money(share(self.amount, numerator, denominator), self.currency)

    def rounded(self, step: int) -> "Money":
        """The nearest multiple of `step` minor units; half a step is rounded up."""
        return Money(rounded(self.amount, step), self.currency)


def share(amount: int, numerator: int, denominator: int = 100) -> int:
    """The fraction, by default a percentage, of minor units; half a unit is rounded away from zero."""
    whole = amount * numerator
    part = (2 * abs(whole) + denominator) // (2 * denominator)
    return part if whole >= 0 else -part


def rounded(amount: int, step: int) -> int:
    """The nearest multiple of `step`; half a step is rounded up."""
    return (2 * amount + step) // (2 * step) * step


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, zero of the currency when there is nothing to add."""
    return sum(amounts, Money(0, currency))
