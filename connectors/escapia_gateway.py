"""Escapia's GraphQL interface, the Gateway: which managers and which of their units were distributed to us."""

import json
from collections.abc import Iterator
from typing import Any

from connectors import api_words, shapes
from connectors.contract import AuthFailed, BadReply, Rejected
from connectors.escapia_hsapi import basic
from connectors.shapes import Record
from connectors.tokens import Token, Tokens, bearer
from connectors.transport import Ask, Reply, Transport

BASE = "https://api-gateway.escapia.com"
PAGE = 100
MOST_PAGES = 200
MANAGERS = (
    "query($first:Int,$after:String){myPropertyManagers(first:$first,after:$after)"
    "{nodes{name propertyManagerId}pageInfo{endCursor hasNextPage}}}"
)
UNITS = (
    "query($pm:Int!,$first:Int,$after:String)"
    "{myPropertyManagersDistributedUnitIds(propertyManagerId:$pm,first:$first,after:$after)"
    "{nodes{unitId}pageInfo{endCursor hasNextPage}}}"
)


class Gateway:
    """The two questions that we have. Every reply says how many more may be asked."""

    def __init__(self, transport: Transport, client: str, secret: str) -> None:
        self._transport = transport
        self._base = transport.base("gateway", BASE)
        self._client, self._secret = client, secret
        self._tokens = Tokens(self._base, client, secret, self._token)

    def managers(self) -> list[tuple[int, str]]:
        """The managers that distribute units to us: number and name."""
        name = "myPropertyManagers"
        return [
            (shapes.count(node, "propertyManagerId", name), shapes.maybe(node, "name", name))
            for node in self._nodes(name, MANAGERS, {})
        ]

    def units(self, manager: int) -> Iterator[str]:
        """The numbers of the units that a manager distributes to us."""
        name = "myPropertyManagersDistributedUnitIds"
        return (shapes.text(node, "unitId", name) for node in self._nodes(name, UNITS, {"pm": manager}))

    def _nodes(self, name: str, query: str, variables: Record) -> Iterator[Record]:
        """Everything on every page. Raises BadReply where there is no end to it."""
        after: str | None = None
        for _ in range(MOST_PAGES):
            page = shapes.inner(
                self._ask(name, query, {**variables, "first": PAGE, "after": after}), name, name
            )
            yield from shapes.records(page.get("nodes"), f"{name}.nodes")
            info = shapes.inner(page, "pageInfo", name)
            if not shapes.flag(info, "hasNextPage", name):
                return
            cursor = shapes.text(info, "endCursor", name)
            if cursor == after:
                shapes.odd(f"{name}.endCursor")
            after = cursor
        raise BadReply(api_words.ODD, detail=f"{name}: pages without end")

    def _ask(self, name: str, query: str, variables: Record) -> Record:
        """The data of an answer. GraphQL tells of its failures inside a success."""
        operation = f"gateway.{name}"
        body = json.dumps({"query": query, "variables": variables}).encode()

        def send(authorization: str) -> Reply:
            headers = {
                "Authorization": authorization,
                "Content-Type": "application/json",
                "Accept": "application/json",
            }
            reply = self._transport.send(Ask(operation, "POST", f"{self._base}/graphql", headers, body))
            if _is_about_keys(reply.body):
                raise AuthFailed(api_words.WRONG_KEYS, detail=f"{operation}: errors")
            return reply

        found = shapes.record(shapes.parsed(self._tokens.use(send).body, operation), operation)
        if found.get("errors"):
            first = shapes.records(found["errors"], f"{operation}.errors")[0]
            said = shapes.maybe(first, "message", f"{operation}.errors")
            words = api_words.their_words(said, (self._secret, self._client))
            raise Rejected(words or api_words.REFUSED, detail=f"{operation}: errors")
        return shapes.inner(found, "data", operation)

    def _token(self) -> Token:
        """A new token: the body is the header's value, and it is the same one until it runs out."""
        name = "gateway.token"
        headers = {"Authorization": basic(self._client, self._secret)}
        reply = self._transport.send(Ask(name, "GET", f"{self._base}/token", headers))
        value = reply.body[:10_000].decode("latin-1").strip()
        return bearer(value, reply.headers.get("max-expires-date", ""), name)


def _is_about_keys(body: bytes) -> bool:
    """Whether GraphQL says that nobody is logged in; it does so with the status of a success."""
    try:
        found: Any = json.loads(body)
        return bool(found["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED")
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
