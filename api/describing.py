"""How operations become OpenAPI 3.1: drf-spectacular reads them, and these hands help it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from api import cursors, keeping, problems
from api.scopes import Scope
from api.wire import Body, Out, Query, Text

ALWAYS = (400, 401, 403, 404, 405, 406, 413, 415, 422, 429, 500, 503)
OF_WRITES = (409, 412)
SUFFIX = re.compile("(?:Out|Body)(?=(?:Request)?$)")
WRITES = frozenset({"post", "put", "patch", "delete"})


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it registers itself untyped
    """How the description tells of tokens."""

    target_class = "api.door.Bearer"
    name = "token"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        """RFC 6750."""
        return {"type": "http", "scheme": "bearer"}


@dataclass(frozen=True, slots=True)
class Operation:
    """What the description says of an operation; `at` names the address of what it makes."""

    name: str
    scope: Scope | None
    takes: type[Body] | None = None
    asks: type[Query] | None = None
    gives: type[Out] | None = None
    many: bool = False
    paged: bool = False
    newest_first: bool = False
    status: int = 200
    at: str = ""
    also: Scope | None = None  # what it takes beside the scope
    whole: bool = False  # it concerns all homes: nothing for a token that is limited to some
    guarded: bool = False  # its rows bear an ETag, by which a change can be made conditional
    example: Mapping[str, Any] | None = None

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All that a token must have; none where any token may."""
        return tuple(scope for scope in (self.scope, self.also) if scope)

    @property
    def parameters(self) -> type[Query]:
        """The query parameters."""
        return self.asks or (cursors.Paged if self.paged else Query)


class Wrong(Out):
    """One thing that is wrong."""

    field = Text(help_text="The field, with dots into what is nested; empty where it is no single one.")
    message = Text(help_text="What is wrong with it, and what to do.")


class ProblemOut(Out):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="Where this kind of refusal is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.ChoiceField(choices=sorted(problems.TITLES))
    detail = serializers.CharField(help_text="A sentence for a person, with the way out.")
    errors = Wrong(many=True)  # type: ignore[assignment]  # DRF takes fields out of the class


class Description(AutoSchema):
    """The operation's name is the one that its decorator says; its tag is the module."""

    def get_tags(self) -> list[str]:
        """What the operations of one module are about."""
        return [str(type(self.view).__module__.rpartition(".")[2])]

    def _get_serializer_name(self, *args: Any, **options: Any) -> str:
        """Shapes are called by what they are, whichever way they go."""
        return SUFFIX.sub("", str(super()._get_serializer_name(*args, **options)))

    def _map_serializer_field(self, field: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """With how many a list of objects may hold, which spectacular leaves out."""
        found: dict[str, Any] = super()._map_serializer_field(field, *args, **options)  # type: ignore[no-untyped-call]  # spectacular's own
        most = getattr(field, "max_length", None) if isinstance(field, serializers.ListSerializer) else None
        return found if most is None else found | {"maxItems": most}


@cache
def page_of(shape: type[Out]) -> type[Out]:
    """The shape of a page of these."""
    fields = {
        "data": shape(many=True),
        "next": serializers.CharField(
            allow_null=True, help_text="The cursor of the next page; null at the end."
        ),
        "__doc__": "One page of a list.",
    }
    return type(f"{shape.__name__.removesuffix('Out')}PageOut", (Out,), fields)


@cache
def list_of(shape: type[Out]) -> type[Out]:
    """The shape of a whole list of these."""
    fields = {"data": shape(many=True), "__doc__": "A list, whole."}
    return type(f"{shape.__name__.removesuffix('Out')}ListOut", (Out,), fields)


def described(
    told: Operation, handler: Callable[..., Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator that writes the operation's description."""
    summary, _blank, text = cleandoc(handler.__doc__ or "").partition("\n\n")
    method = handler.__name__
    scopes = " and ".join(f"`{scope.value}`" for scope in told.scopes)
    scope = f"Scope: {scopes}." if scopes else "Any token."
    if told.whole:
        scope += " Not for a token of some homes."
    success: dict[Any, Any] = {told.status: _shape(told)} if told.gives else {204: None}
    statuses = ALWAYS + (OF_WRITES if method in WRITES else ())
    refusals = {
        (status, problems.MEDIA_TYPE): OpenApiResponse(ProblemOut, _titles(status)) for status in statuses
    }
    examples = [OpenApiExample("Example", dict(told.example), request_only=True)] if told.example else []
    return extend_schema(
        operation_id=told.name,
        summary=summary.rstrip("."),
        description=f"{text}\n\n{scope}".strip(),
        request=told.takes,
        responses=success | refusals,
        parameters=[*([told.parameters] if told.parameters().fields else []), *_headers(told, method)],
        examples=examples,
    )


def _shape(told: Operation) -> Any:
    if told.gives is None:
        return None
    return page_of(told.gives) if told.paged else list_of(told.gives) if told.many else told.gives


def _titles(status: int) -> str:
    return "; ".join(title for code, title in problems.TITLES.values() if code == status)


def _headers(told: Operation, method: str) -> list[OpenApiParameter]:
    found = []
    if method in WRITES:
        words = "A random name of this request: sent again within 24 hours, it does nothing twice."
        shape = {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": 255}
        found.append(OpenApiParameter(keeping.HEADER, shape, OpenApiParameter.HEADER, description=words))
    if told.guarded and method in WRITES:
        words = "The ETag that the change is meant for; another state answers 412."
        found.append(OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=words))
    return found


def strict(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:  # noqa: ARG001 - spectacular's contract
    """Requests have no fields but those that are described; nothing is left of spectacular's own notes."""
    for name, shape in result["components"]["schemas"].items():
        if name.endswith("Request") and shape.get("type") == "object":
            shape["additionalProperties"] = False
    _without(result, "x-spec-enum-id")
    return result


def _without(value: Any, name: str) -> None:
    if isinstance(value, dict):
        value.pop(name, None)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _without(inner, name)
