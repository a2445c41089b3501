"""Everything an organization has, as one ZIP of JSON files, made while it is sent: nothing is kept of it.

One file a table, one JSON object a line (JSON Lines). Secrets aren't in it: whoever holds the file could otherwise read
the sites' calendars or sign in the host's name. Rows are those that row-level security shows.
"""

import json
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.backends.postgresql.psycopg_any import Range
from django.db.models import Field, Model

from accounts.fields import SealedField, SecretField
from accounts.models import Membership, Organization, TenantModel

CHUNK = 1_000
LEFT_OUT: frozenset[str] = frozenset({"token", "token_hash", "code_hash", "link", "url_digest"})
"""Columns that open something, or are only ours: beside the encrypted ones."""


class _Pipe:
    """What zipfile writes to: hands on what has come since the last look."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def write(self, b: bytes, /) -> int:
        self._parts.append(bytes(b))
        self._length += len(b)
        return len(b)

    def tell(self) -> int:
        return self._length

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def parts(organization: Organization) -> Iterator[bytes]:
    """The ZIP file, bit by bit."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for model in tables():
            with archive.open(f"{model._meta.db_table}.jsonl", "w", force_zip64=True) as file:
                for row in (
                    model._default_manager.filter(**_mine(model, organization)).order_by("pk").iterator(CHUNK)
                ):
                    file.write(line(row).encode())
                    if data := pipe.taken():
                        yield data
    yield pipe.taken()


def tables() -> list[type[Model]]:
    """The tables of an export: what belongs to an organization, and what hangs on that."""
    every = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    return [Organization, Membership, *sorted(every, key=lambda model: model._meta.db_table)]


def line(row: Model) -> str:
    """One row without its secrets."""
    columns = {
        field.attname: _plain(field.value_from_object(row)) for field in row._meta.fields if _is_open(field)
    }
    return json.dumps(columns, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True) + "\n"


def _mine(model: type[Model], organization: Organization) -> dict[str, Any]:
    return {"pk": organization.pk} if model is Organization else {"organization": organization}


def _is_open(field: "Field[Any, Any]") -> bool:
    return not isinstance(field, (SecretField, SealedField)) and field.name not in LEFT_OUT


def _plain(value: object) -> object:
    if isinstance(value, Range):
        return [value.lower, value.upper]
    if isinstance(value, (bytes, memoryview)):
        return b64encode(bytes(value)).decode()
    return value
