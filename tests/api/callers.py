"""Other software: it holds a token and asks the API."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from api import tokens
from api.scopes import Scope
from properties.models import Property

ALL = tuple(Scope.values)


def a_token(
    organization: Organization,
    scopes: tuple[str, ...] = ALL,
    homes: list[Property] | None = None,
    **wanted: Any,
) -> str:
    """A token's text."""
    wanted_token = tokens.Wanted("PMS", scopes, homes, **wanted)
    _row, text = tokens.make(organization, wanted_token, "alice@example.org", timezone.now())
    return text


@dataclass
class Caller:
    """Asks with its token."""

    token: str
    client: Client = field(default_factory=Client)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """The answer; `body` is JSON, or bytes as they are."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = "application/json" if content else ""
        return self.client.generic(
            method, f"/api/v1{path}", content, headers.pop("Content-Type", kind), headers=headers
        )  # type: ignore[return-value]  # the test client's own class

    def get(self, path: str, **headers: str) -> Any:
        """What a read gives; it must go well."""
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)

    def send(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """What a write gives; it must answer that."""
        answer = self(method, path, body, **headers)
        assert answer.status_code == status, answer.content
        return json.loads(answer.content) if answer.content else None
