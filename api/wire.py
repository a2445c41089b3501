"""What comes over the wire: JSON read strictly, and fields that take what the description says and nothing like it."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.problems import Problem

MOST_OCTETS = 64 * 1024
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
ID, LONGEST_ID = r"^[A-Za-z0-9_-]+$", 40
DIGITS = re.compile(r"-?[0-9]{1,18}")


class Json(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no name twice, no half of a surrogate pair, not too much of it.

    How much is too much is for the view to say, in `most_octets`.
    """

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002 - DRF's contract
        """The value. Raises ParseError, or Problem for more octets than the view takes."""
        most: int = parser_context["view"].most_octets
        content = stream.read(most + 1)
        if len(content) > most:
            raise too_large(most)
        try:
            text = content.decode("utf-8")
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            words = _("The body isn't JSON that can be read: %(why)s.")
            raise ParseError(words % {"why": str(error)[:120] or "too deep"}) from error
        return value


def too_large(most: int) -> Problem:
    """The refusal of a body of more octets than that."""
    return Problem("too_large", _("Send at most %(n)s KB in one request.") % {"n": most // 1024})


def _no_constant(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name stands twice in an object"
        raise ValueError(message)
    return found


# Fields


class Text(serializers.CharField):
    """A string. What signs may stand in it is for the form behind to say."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})
        self.validators = [each for each in self.validators if "Prohibit" not in type(each).__name__]

    def to_internal_value(self, data: Any) -> str:
        """Only strings."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


@extend_schema_field({"type": "string", "pattern": ID, "maxLength": LONGEST_ID})
class Id(serializers.CharField):
    """The id of a row, as a list gives it."""

    default_error_messages = {"id": "An id has only letters, digits, hyphens and underscores."}

    def to_internal_value(self, data: Any) -> str:
        """Nothing that no id can be."""
        if not (isinstance(data, str) and len(data) <= LONGEST_ID and re.fullmatch(ID[1:-1], data)):
            self.fail("id")
        return str(data)


class Whole(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        """Neither a string nor a boolean."""
        if isinstance(data, bool) or not isinstance(data, (int, float)) or data != data // 1:
            self.fail("invalid")
        return int(data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        """No word for it."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class Choice(serializers.ChoiceField):
    """One of some strings."""

    def to_internal_value(self, data: Any) -> str:
        """No number that is written like one."""
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return str(super().to_internal_value(data))


class Day(serializers.DateField):
    """A day, YYYY-MM-DD."""

    def to_internal_value(self, data: Any) -> Any:
        """Only that form of ISO 8601."""
        if not (isinstance(data, str) and DAY.fullmatch(data)):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": CLOCK, "examples": ["15:00"]})
class Clock(serializers.CharField):
    """A time of day on the home's clock, HH:MM."""

    default_error_messages = {"clock": "Write the time as HH:MM."}

    def to_internal_value(self, data: Any) -> str:
        """Only that."""
        if not (isinstance(data, str) and re.fullmatch(CLOCK[1:-1], data)):
            self.fail("clock")
        return str(data)

    def to_representation(self, value: Any) -> str:
        """Without seconds."""
        return f"{value:%H:%M}"


class Body(serializers.Serializer[Any]):
    """A JSON object with these fields and no others."""

    def to_internal_value(self, data: Any) -> Any:
        """Names what isn't a field of it."""
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in self.fields]):
            words = _("There is no such field. Known are: %(names)s.")
            message = words % {"names": ", ".join(self.fields)}
            raise serializers.ValidationError({name[:60]: [message] for name in unknown})
        return super().to_internal_value(data)


def rows_of(shape: type[Body], most: int, **options: Any) -> Any:
    """A field that holds a list of such objects, at most so many."""
    return shape(many=True, max_length=most, **options)  # type: ignore[call-arg]  # the stubs know no list's options


class Out(serializers.Serializer[Any]):
    """What an answer holds."""


# Query parameters: strings, each once


class AskedNumber(serializers.IntegerField):
    """A whole number in digits."""

    def to_internal_value(self, data: Any) -> int:
        """ASCII digits only."""
        if not DIGITS.fullmatch(str(data)):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class AskedFlag(serializers.BooleanField):
    """true or false, in letters."""

    def to_internal_value(self, data: Any) -> bool:
        """No other word for it."""
        if data not in {"true", "false"}:
            self.fail("invalid", input=data)
        return bool(data == "true")


class Query(Body):
    """The query parameters of an operation, and no others."""
