"""The door of the API: who asks, what their token may do, and what every operation has in common.

An operation is a method under `@operation`: it is handed what was asked for, checked against the description that
the same decorator writes, and gives rows or values. Its tenant door is that of the pages: `.of(request.org)`, with
row-level security behind it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.acting import Acting, acting_as, acting_for_the_house
from accounts.models import AuditLine
from accounts.tenancy import HostRequest
from api import describing, keeping, problems, quota, tokens
from api.describing import Operation
from api.models import ApiToken
from api.problems import Problem
from api.scopes import Scope, allows
from api.wire import MOST_OCTETS, Json, Out, too_large

SAFE = frozenset({"GET", "HEAD"})
REFUSED = 400  # this status and those above it
NO_CONTENT = 204


class ApiRequest(HostRequest):
    """A request with the token that was let in and the instant it came; there is no member behind it."""

    token: ApiToken
    now: datetime


class Bearer(BaseAuthentication):
    """The only way in: `Authorization: Bearer amp_…`. Neither a session nor a cookie counts."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        """The token's row. Raises AuthenticationFailed with what to do."""
        scheme, _space, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise NotAuthenticated(
                _(
                    "Send the header Authorization: Bearer amp_…, with a token made under Account → API tokens."
                )
            )
        token, now = tokens.find(text.strip()), timezone.now()
        if token is None:
            raise AuthenticationFailed(_("This token isn't known. Check that it was copied whole."))
        if (state := token.state(now)) != "live":
            words = _("This token was revoked.") if state == "revoked" else _("This token has expired.")
            raise AuthenticationFailed(words + " " + _("Make another one under Account → API tokens."))
        return None, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's contract
        """What a stranger is asked for."""
        return 'Bearer realm="Amplistay"'


class OrgView(APIView):
    """The operations of one address, for the organization whose token is shown."""

    authentication_classes = [Bearer]
    permission_classes = []
    parser_classes = [Json]
    renderer_classes = [JSONRenderer]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    most_octets = MOST_OCTETS  # of a body
    spent: quota.Quota | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Statements are made for the token's organization from the moment when it is known."""
        with acting_for_the_house(), ExitStack() as self.acting:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the token in, unless it asks too often or too much at once."""
        super().initial(request, *args, **kwargs)
        token, now = cast("ApiToken", request.auth), timezone.now()
        request.org, request.token, request.now = token.organization, token, now  # type: ignore[attr-defined]  # ApiRequest
        self.spent = quota.spend(token, now)
        if self.spent.is_spent:
            words = _("More than %(n)s requests in a minute. Wait as long as Retry-After says.")
            raise Problem("too_many", words % {"n": self.spent.most}, retry_after=self.spent.seconds)
        self.acting.enter_context(acting_as(Acting(token.organization_id, token.open_homes)))
        tokens.note_use(token, now)
        if _length(request) > self.most_octets:
            raise too_large(self.most_octets)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What every answer bears."""
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self.spent.headers if self.spent else {}).items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "private, no-store")
        if response.status_code >= REFUSED:
            response.content_type = problems.MEDIA_TYPE
        return response

    def get_exception_handler(self) -> Any:
        """Every failure is a problem."""
        return problems.answer


class Nowhere(OrgView):
    """Whatever address isn't there, for anybody."""

    authentication_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - DRF's contract
        """Nobody is asked for a token here."""
        words = _("There is no such address. All of them are in /api/v1/schema/ and end with a slash.")
        raise Problem("not_found", words)


def _length(request: Request) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdigit() else 0


# Operations

type Handler = Callable[..., Any]


def operation(name: str, scope: Scope | None, **options: Any) -> Callable[[Handler], Handler]:
    """Make a method an operation of the API, and describe it; its docstring is the text for people.

    The method gets the request and what was asked for, in the body or in the query, then the ids of the address.
    """
    told = Operation(name, scope, **options)

    def wrap(handler: Handler) -> Handler:
        @describing.described(told, handler)
        @wraps(handler)
        def handled(view: OrgView, request: Any, **ids: str) -> Response:
            _admit(request, told)
            asked = _asked(request, told)
            return _once(request, told, lambda: _answer(request, told, handler(view, request, asked, **ids)))

        return handled

    return wrap


def _admit(request: ApiRequest, told: Operation) -> None:
    """Raises Problem where the token may not do this."""
    token = request.token
    lacks = next((scope for scope in told.scopes if not allows(token.scopes, scope)), None)
    if lacks:
        words = _("The token lacks the scope %(scope)s. Make one that has it under Account → API tokens.")
        raise Problem("forbidden", words % {"scope": lacks.value})
    if told.whole and token.homes is not None:
        words = _("This concerns all homes, and the token is limited to some. Make one that isn't.")
        raise Problem("forbidden", words)


def _asked(request: Any, told: Operation) -> dict[str, Any]:
    """What was asked for, as the description says. Raises what becomes 400."""
    query = told.parameters(data=dict(request.query_params.items()))
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = dict(query.validated_data)
    if told.takes:
        partial = request.method == "PATCH"
        body = told.takes(data=request.data, partial=partial, context={"request": request})
        body.is_valid(raise_exception=True)
        found |= body.validated_data
    return found


def _answer(request: ApiRequest, told: Operation, found: Any) -> Response:
    if told.gives is None:
        return Response(status=NO_CONTENT)
    context = {"request": request, "now": request.now}
    if told.paged:
        rows, following = found
        data: Any = {"data": told.gives(rows, many=True, context=context).data, "next": following}
    elif told.many:
        data = {"data": told.gives(found, many=True, context=context).data}
    else:
        data = told.gives(found, context=context).data
    response = Response(data, status=told.status)
    if told.at:
        response.headers["Location"] = reverse(told.at, args=[data["id"]])
    if told.guarded:
        response.headers["ETag"] = etag(data)
    return response


def _once(request: Any, told: Operation, do: Callable[[], Response]) -> Response:
    """Do it, once for each key that is named; what was done is a line of the audit log."""
    key = request.headers.get(keeping.HEADER)
    if request.method in SAFE:
        return do()
    if key is None:
        return _logged(request, told, do())
    parts = (request.method.encode(), request.get_full_path().encode(), _canonical(request))
    row = keeping.begin(request.token, key, keeping.digest(request.token, *parts), request.now)
    if row.status is not None:
        return _again(row.status, row.headers, row.body)
    try:
        response = _logged(request, told, do())
        headers = {name: response.headers[name] for name in ("Location", "ETag") if name in response.headers}
        content = b"" if told.gives is None else JSONRenderer().render(response.data)
        keeping.keep(row, response.status_code, headers, content)
    except BaseException:
        keeping.let_go(row)
        raise
    return response


def _canonical(request: Any) -> bytes:
    """The body as it was meant: spaces and the order of names don't count."""
    return json.dumps(request.data, sort_keys=True).encode() if _length(request) else b""


def _again(status: int, headers: Mapping[str, str], body: bytes | None) -> Response:
    data = json.loads(bytes(body)) if body else None
    return Response(data, status=status, headers={**headers, keeping.REPLAYED: "true"})


def only_shows(request: Any) -> None:
    """Say that this request changes nothing, although its method may: no line of the audit log tells of it."""
    audit.only_shows(request._request)  # noqa: SLF001 - DRF's name for Django's request


def _logged(request: Any, told: Operation, response: Response) -> Response:
    plain, token = request._request, request.token  # noqa: SLF001 - DRF's name for Django's request
    if not audit.changes(plain):
        return response
    audit.note(plain, operation=told.name)
    if told.takes:
        audit.note(plain, fields=sorted(request.data))
    audit.record(plain, request.org, (AuditLine.Kind.TOKEN, token.name, None), request.now)
    return response


# Conditional changes


def etag(data: Mapping[str, Any]) -> str:
    """A strong validator of what is shown (RFC 9110 §8.8.3)."""
    text = JSONRenderer().render(data)
    return f'"{hashlib.sha256(text).hexdigest()[:32]}"'


def refuse_if_changed(request: ApiRequest, row: Any, shape: type[Out]) -> None:
    """Raises Problem where the request's If-Match names another state than the row's."""
    told = request.headers.get("If-Match")
    if told is None or told.strip() == "*":
        return
    now = etag(shape(row, context={"request": request, "now": request.now}).data)
    if now not in [each.strip() for each in told.split(",")]:
        words = _("Read it again, then send the change with the ETag of that answer in If-Match.")
        raise Problem("changed", words)
