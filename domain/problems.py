"""What went wrong in a feed, as a sentence that can be translated where it is shown."""

from dataclasses import dataclass

LONGEST_DETAIL = 80


def gettext_noop(message: str) -> str:
    """The message itself, marked so that `makemessages` collects it."""
    return message


@dataclass(frozen=True, slots=True)
class Problem:
    """An English template with ``%(name)s`` placeholders, and what to put into them."""

    template: str
    details: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.template % dict(self.details)


def problem(template: str, **details: object) -> Problem:
    """A problem whose details are cut to what fits into a sentence."""
    return Problem(template, tuple((name, str(value)[:LONGEST_DETAIL]) for name, value in details.items()))
