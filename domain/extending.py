"""A stay that the host lengthens in the channel itself, by nights that were bought here."""

from collections.abc import Iterable
from datetime import date

from domain.spans import NIGHT, Span, nights_in


def beside(bought: Span, joins: date) -> date:
    """The night of the guest's own stay that the bought nights touch, on the day where one goes over into the other."""
    return joins - NIGHT if joins == bought.start else joins


def shows(claim: Span, bought: Span, joins: date) -> bool:
    """Whether one claim of the channel holds the bought nights together with the stay that they lengthen.

    Somebody else's booking of just those nights doesn't: it begins or ends where the stay does.
    """
    return beside(bought, joins) in claim and claim.clip(bought) == bought


def closes(claims: Iterable[Span], bought: Span) -> bool:
    """Whether the claims close all of the bought nights, however many they are."""
    return nights_in(claims).issuperset(bought.nights())
