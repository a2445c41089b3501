"""Answers in JSON, taken apart by what the documents say they hold; anything else is a `BadReply`."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NoReturn

from connectors import api_words
from connectors.contract import BadReply

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:T00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)

type Record = dict[str, Any]


def odd(where: str) -> NoReturn:
    """Refuse an answer; `where` names the operation and the part of it, never a value."""
    raise BadReply(api_words.ODD, detail=where)


def parsed(body: bytes, operation: str) -> Any:
    """The JSON of a body, its references resolved."""
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        odd(f"{operation}: no JSON")
    return resolved(found, operation)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def resolved(found: Any, operation: str) -> Any:
    """The same with Json.NET's `$id` taken out and each `$ref` replaced by what it names.

    What is named several times is the same object each time, never a copy, so that nothing grows. `$values` wraps
    a list that has an `$id` of its own.
    """
    root = [found]
    named: dict[str, Any] = {}
    for place, key, value in _places(root):
        if isinstance(value, dict) and isinstance(value.get("$id"), str):
            kept = value["$values"] if isinstance(value.get("$values"), list) else value
            if value["$id"] in named:
                odd(f"{operation}: $id")
            named[value.pop("$id")] = kept
            place[key] = kept
    for place, key, value in _places(root):
        if isinstance(value, dict) and "$ref" in value:
            reference = value["$ref"]
            if not isinstance(reference, str) or reference not in named:
                odd(f"{operation}: $ref")
            place[key] = named[reference]
    return root[0]


def _places(root: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Each value with where it stands, outer ones first; what a step put into place is not looked into again."""
    waiting: list[Any] = [root]
    seen: set[int] = set()
    while waiting:
        place = waiting.pop()
        if id(place) in seen:
            continue
        seen.add(id(place))
        pairs = list(place.items() if isinstance(place, dict) else enumerate(place))
        for key, value in pairs:
            if isinstance(value, (dict, list)):
                yield place, key, value
                waiting.append(place[key])


def record(found: Any, where: str) -> Record:
    """An object."""
    return found if isinstance(found, dict) else odd(where)


def records(found: Any, where: str) -> list[Record]:
    """A list of objects."""
    if not isinstance(found, list):
        odd(where)
    return [record(each, where) for each in found]


def inner(found: Record, name: str, where: str) -> Record:
    """An object in an object."""
    return record(found.get(name), f"{where}.{name}")


def text(found: Record, name: str, where: str) -> str:
    """A text that is there, or a whole number in its place."""
    value = found.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else odd(f"{where}.{name}")


def maybe(found: Record, name: str, where: str) -> str:
    """A text, "" where there is none."""
    value = found.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else odd(f"{where}.{name}")


def flag(found: Record, name: str, where: str) -> bool:
    """A yes or no that is there."""
    value = found.get(name)
    return value if isinstance(value, bool) else odd(f"{where}.{name}")


def count(found: Record, name: str, where: str) -> int:
    """A whole number that isn't negative."""
    value = found.get(name)
    return value if type(value) is int and value >= 0 else odd(f"{where}.{name}")


def day(found: Record, name: str, where: str) -> date:
    """A date, which may be written as the midnight it begins with."""
    value = found.get(name)
    shape = _DAY.fullmatch(value) if isinstance(value, str) else None
    if shape is None:
        odd(f"{where}.{name}")
    try:
        return date.fromisoformat(shape[1])
    except ValueError:
        odd(f"{where}.{name}")
