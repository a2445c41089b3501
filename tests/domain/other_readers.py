"""How others read a calendar file: icalendar and vobject in Python, ical.js in JavaScript; none knows anything of ours.

Each gives the whole tree of components with every property's value, so that nothing can hide in what was written.
ical.js is no part of this repository: `npm ci` puts it where `tests/readers_js/package-lock.json` is copied to.
"""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject

HERE = Path(__file__).resolve().parent.parent / "readers_js"
FOLDER = Path(os.environ.get("READERS_JS") or HERE)
IN_CI = os.environ.get("CI") == "true"

type Value = str | date | datetime  # days as they are written, instants in UTC
type Tree = tuple[str, list[tuple[str, Value]], list[Tree]]  # name, properties and components, each in order
type Reader = Callable[[bytes], Tree]


def by_icalendar(content: bytes) -> Tree:
    return _by_icalendar(icalendar.Calendar.from_ical(content))


def _by_icalendar(component: icalendar.Component) -> Tree:
    assert not component.errors
    found = [
        (name.lower(), _unescaped(name, _value(one.dt if isinstance(one, icalendar.vDDDTypes) else one)))
        for name, value in component.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return (
        component.name.lower(),
        sorted(found, key=str),
        [_by_icalendar(one) for one in component.subcomponents],
    )


def by_vobject(content: bytes) -> Tree:
    (one,) = vobject.readComponents(content.decode())
    return _by_vobject(one)


def _by_vobject(component: vobject.base.Component) -> Tree:
    parts = list(component.getChildren())
    within = [one for one in parts if isinstance(one, vobject.base.Component)]
    found = [(one.name.lower(), _value(one.value)) for one in parts if one not in within]
    return component.name.lower(), sorted(found, key=str), [_by_vobject(one) for one in within]


def _value(value: Any) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, timedelta):
        return icalendar.vDuration(value).to_ical().decode()
    return value if isinstance(value, date) else str(value)


@contextmanager
def ical_js() -> Iterator[Reader]:
    """One Node process for any number of calendars; skips the test where there is none, but for a build server."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "ical.js").is_dir():
        told = f"ical.js needs Node, and `npm ci` in {FOLDER} (READERS_JS names another folder)"
        pytest.fail(told) if IN_CI else pytest.skip(told)
    command = [node, str(HERE / "reader.mjs"), str(FOLDER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout

        def read(content: bytes) -> Tree:
            process.stdin.write(base64.b64encode(content).decode() + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert "error" not in answer, answer["error"]
            return _by_ical_js(answer)

        yield read
        process.stdin.close()


def _by_ical_js(told: dict[str, Any]) -> Tree:
    found = [(name, _unescaped(name, _of_json(name, value))) for name, value in told["properties"]]
    return told["name"], sorted(found, key=str), [_by_ical_js(one) for one in told["components"]]


def _of_json(name: str, value: str | int) -> Value:
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    if name in {"dtstart", "dtend"}:
        return date.fromisoformat(value)
    return value


def _unescaped(name: str, value: Value) -> Value:
    """Readers that don't know a name, such as those of RFC 7986, leave its text as it is written."""
    if name.lower() not in {"name", "x-wr-calname"} or not isinstance(value, str):
        return value
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)
