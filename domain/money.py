"""Money as integer minor units and an ISO 4217 currency; no float ever."""

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
