"""The simulated Gateway (GraphQL): which managers handed us units, and which units. Its token is text, and lasts.

Of GraphQL it reads the two fields that `FIELDS` names with their arguments; it answers with every part of a node that
it knows.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from simulator import escapia_traffic as traffic
from simulator.escapia_hsapi import basic
from simulator.escapia_keys import EVERY_MANAGER, Key
from simulator.escapia_shapes import Shape
from simulator.escapia_state import ESCAPIA, Escapia
from simulator.escapia_traffic import Asked, Refused
from simulator.escapia_world import Manager, distributed

TOKEN_DAYS_S = 30 * 86_400
MOST_NODES, USUAL_NODES = 500, 50
ARGUMENT = re.compile(r'(\w+)\s*:\s*(\$\w+|"[^"]*"|\d+|null)')


@dataclass(frozen=True, slots=True)
class Question:
    """One field asked for, with its arguments."""

    escapia: Escapia
    asked: Asked
    key: Key
    arguments: dict[str, object]

    def managers(self) -> list[Manager]:
        """The managers who admitted the key."""
        every = self.escapia.managers.values()
        return [one for one in every if one.granted and self.key.manager in (EVERY_MANAGER, one.id)]


def add_routes(app: web.Application) -> None:
    """Hang the Gateway into the application that is mounted at /escapia."""
    app.router.add_get("/gateway/token", token)
    app.router.add_post("/gateway/graphql", graphql)


async def token(request: web.Request) -> web.Response:
    """GET /token: the same one until it expires."""
    escapia, (name, secret) = request.config_dict[ESCAPIA], basic(request)
    asked = Asked(escapia.clock(), "gateway", "token", name)
    escapia.traffic.requests.append(asked)
    response = await traffic.instead(escapia.traffic, request, asked)
    if response is None:
        key = traffic.known_key("gateway", name, secret, list(escapia.managers))
        if key is None or escapia.traffic.take("unauthorised", asked):
            response = web.Response(status=401, text="Unauthorized")
        else:
            made = escapia.traffic.token(key, asked.at, TOKEN_DAYS_S, again=True)
            until = made.expires.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            response = web.Response(text=made.text, headers={"max-expires-date": until})
            response = await traffic.afterwards(escapia.traffic, request, asked, response)
    asked.status = response.status
    return response


async def graphql(request: web.Request) -> web.Response:
    """POST /graphql; every reply says how many requests are left."""
    escapia = request.config_dict[ESCAPIA]
    given = escapia.traffic.tokens.get(request.headers.get("Authorization", ""))
    asked = Asked(escapia.clock(), "gateway", "graphql", given.key.id if given else "")
    escapia.traffic.requests.append(asked)
    response = await traffic.instead(escapia.traffic, request, asked)
    if response is None:
        if given is None or given.expires <= asked.at or escapia.traffic.take("unauthorised", asked):
            response = web.json_response({"errors": [{"message": "Unauthorized"}]}, status=401)
        else:
            response = await _answered(request, escapia, given.key, asked)
            response = await traffic.afterwards(escapia.traffic, request, asked, response)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    asked.status = response.status
    return response


async def _answered(request: web.Request, escapia: Escapia, key: Key, asked: Asked) -> web.Response:
    options = escapia.options
    headers = {}
    if options.gateway_quota:
        left, _ = escapia.traffic.spend(key.id, asked.at, options.gateway_quota, options.quota_seconds)
        headers = {
            "X-RateLimit-Limit": str(options.gateway_quota),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Window": str(options.quota_seconds * 1000),
        }
        if left < 0:
            return web.Response(status=429, text="Too Many Requests", headers=headers)
    try:
        body = json.loads(await request.read())
        query, variables = body["query"], body.get("variables") or {}
        fields = {
            name: FIELDS[name](Question(escapia, asked, key, arguments))
            for name, arguments in _asked_for(query, variables).items()
        }
        told: Shape = {"data": fields}
    except (ValueError, KeyError, TypeError, AttributeError):
        return web.json_response({"errors": [{"message": "No query."}]}, status=400, headers=headers)
    except Refused as wrong:
        told = {"errors": [{"message": str(wrong)}], "data": None}
    return web.Response(body=json.dumps(told).encode(), content_type="application/json", headers=headers)


def _asked_for(query: str, variables: Shape) -> dict[str, dict[str, object]]:
    """The fields of the query that are known here, each with its arguments."""
    found = {}
    for name in FIELDS:
        if asked := re.search(rf"\b{name}\b\s*(?:\(([^)]*)\))?\s*\{{", query):
            pairs = ARGUMENT.findall(asked.group(1) or "")
            found[name] = {
                argument: variables.get(value[1:]) if value[0] == "$" else json.loads(value)
                for argument, value in pairs
            }
    if not found:
        raise Refused(200, 'Cannot query such a field on type "Query".')
    return found


def property_managers(question: Question) -> Shape:
    """The field myPropertyManagers: the ones who handed us a unit."""
    nodes = [
        {"name": one.name, "propertyManagerId": one.gateway_id}
        for one in question.managers()
        if distributed(one.units.values())
    ]
    return _connection(nodes, question.arguments)


def unit_ids(question: Question) -> Shape:
    """The field myPropertyManagersDistributedUnitIds."""
    wanted = question.arguments.get("propertyManagerId")
    for manager in question.managers():
        if manager.gateway_id == wanted:
            question.asked.manager = manager.id
            units = distributed(manager.units.values())
            if question.escapia.traffic.take("no_units", question.asked):
                units = []
            return _connection([{"unitId": int(unit.id)} for unit in units], question.arguments)
    raise Refused(200, f"You have no access to property manager {wanted}.")


FIELDS: dict[str, Callable[[Question], Shape]] = {
    "myPropertyManagers": property_managers,
    "myPropertyManagersDistributedUnitIds": unit_ids,
}


def _connection(nodes: Sequence[Shape], arguments: dict[str, object]) -> Shape:
    """One relay page of the nodes."""
    first, after = arguments.get("first"), arguments.get("after")
    start = _place(after) if isinstance(after, str) else 0
    count = min(first, MOST_NODES) if isinstance(first, int) else USUAL_NODES
    here = list(nodes[start : start + count])
    cursor = base64.b64encode(f"after {start + len(here)}".encode()).decode() if here else None
    return {
        "nodes": here,
        "pageInfo": {"endCursor": cursor, "hasNextPage": start + len(here) < len(nodes)},
    }


def _place(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("after "))
    except (binascii.Error, ValueError):
        raise Refused(200, "The cursor is invalid.") from None
