"""Every operation of the API, read from its own description."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from api.docs import described
from api.scopes import Scope

PREFIX = "/api/v1"
WRITES = {"post", "put", "patch", "delete"}


class Told(NamedTuple):
    """One operation: its name, method, path with places for ids, example body, and the scopes it asks for.

    `whole` are those for tokens to which every home is open.
    """

    name: str
    method: str
    path: str
    body: Any
    scope: Scope | None
    success: int
    also: Scope | None = None
    whole: bool = False

    @property
    def ids(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    def at(self, ids: Mapping[str, str]) -> str:
        """Its path for these rows."""
        return self.path.format(**ids)


def _told(path: str, method: str, each: Mapping[str, Any]) -> Told:
    content = each.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [example["value"] for example in content.get("examples", {}).values()]
    scope = re.search(r"Scope: `([\w:]+)`(?: and `([\w:]+)`)?", each["description"])
    success = int(next(status for status in each["responses"] if status.startswith("2")))
    return Told(
        each["operationId"], method.upper(), path.removeprefix(PREFIX), examples[0] if examples else None,
        Scope(scope[1]) if scope else None, success, Scope(scope[2]) if scope and scope[2] else None,
        "Not for a token of some homes." in each["description"],
    )  # fmt: skip


OPERATIONS = [
    _told(path, method, each)
    for path, methods in json.loads(described())["paths"].items()
    for method, each in methods.items()
]
