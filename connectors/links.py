"""Links that strangers give us, brought into the one form that is stored and fetched."""

import re
import string
from hashlib import sha256
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from connectors.addresses import is_public
from domain.links import completed

LONGEST = 2048
_DIGEST_LENGTH = 12
_LONGEST_NAME = 253
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^#]*)(?:#.*)?")
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]+)(?::([0-9]{0,9}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = {"http": "http", "https": "https", "webcal": "http", "webcals": "https"}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_INWARD_SUFFIXES = frozenset({"localhost", "local", "internal"})


class BadLink(Exception):
    """A link that will not be stored; `code` says why, `detail` holds no secret part of the link.

    Codes: empty, too_long, characters, scheme, credentials, host, port.
    """

    def __init__(self, *, code: str, **detail: str | int) -> None:
        """Keep the code and its figures."""
        super().__init__(code)
        self.code = code
        self.detail: dict[str, str | int] = detail


def normalise(text: str, *, loopback_ports: frozenset[int] = frozenset()) -> str:
    """Return the https link to store, path and query byte for byte as given; raise BadLink.

    A link that was pasted without a scheme, as browsers show it, is completed.
    Plain http remains only for loopback hosts whose port is in `loopback_ports`.
    """
    text = text.strip()
    _refuse_unreadable(text)
    shape = _SHAPE.fullmatch(completed(text))
    if shape is None:
        raise BadLink(code="scheme", scheme="")
    given, authority, rest = shape.groups()
    scheme = _SCHEMES.get(given.lower())
    if scheme is None:
        raise BadLink(code="scheme", scheme=given.lower()[:20])
    host, port = _host_and_port(authority)
    if _is_loopback(host) and (port or _DEFAULT_PORTS[scheme]) in loopback_ports:
        suffix = "" if port is None else f":{port}"
    else:
        _refuse_inward(host)
        suffix = _public_suffix(scheme, port)
        scheme = "https"
    link = f"{scheme}://{host}{suffix}{_path(rest)}"
    if len(link) > LONGEST:
        raise BadLink(code="too_long", length=len(link), limit=LONGEST)
    return link


def host_of(url: str) -> str:
    """Return the host of a normalised link, without port and brackets."""
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise BadLink(code="scheme", scheme="")
    return _host_and_port(shape[2])[0].strip("[]")


def readable(host: str) -> str:
    """A host as people write it: ``xn--bcher-kva.example`` is ``bücher.example``."""
    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def digest(url: str) -> str:
    """Return what logs may say instead of the link: the first 12 hex digits of its SHA-256."""
    return sha256(url.encode()).hexdigest()[:_DIGEST_LENGTH]


def _refuse_unreadable(text: str) -> None:
    """Refuse what no two parsers read alike: spaces, backslashes, control and invisible characters."""
    if not text:
        raise BadLink(code="empty")
    if len(text) > LONGEST:
        raise BadLink(code="too_long", length=len(text), limit=LONGEST)
    if " " in text or "\\" in text or not text.isprintable():
        raise BadLink(code="characters")


def _host_and_port(authority: str) -> tuple[str, int | None]:
    """Split an authority into its canonical host and its port, if one is given."""
    if "@" in authority:
        raise BadLink(code="credentials")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise BadLink(code="host")
    host, port = parts.groups()
    return _canonical(host), int(port) if port else None


def _canonical(host: str) -> str:
    """Return a host in the one spelling that curl also uses; ambiguous spellings are refused."""
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:-1])}]"
        name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
        name = name.removesuffix(".")
        labels = name.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(name))
        for label in labels:
            if label.startswith("xn--"):
                idna.ulabel(label)
    except (AddressValueError, UnicodeError) as error:
        raise BadLink(code="host") from error
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise BadLink(code="host")
    return name


def _is_loopback(host: str) -> bool:
    """Whether the name stands for this machine; ``*.localhost`` does too (RFC 6761 §6.3)."""
    return host in _LOOPBACK or host.endswith(".localhost")


def _refuse_inward(host: str) -> None:
    """Refuse hosts that can only lead inwards; names are judged again when the socket opens."""
    labels = host.split(".")
    numeric = host.startswith("[") or labels[-1].isdigit()
    inward = len(labels) == 1 or labels[-1] in _INWARD_SUFFIXES
    if not is_public(host.strip("[]")) if numeric else inward:
        raise BadLink(code="host", host=host)


def _public_suffix(scheme: str, port: int | None) -> str:
    """Return the port part of the https link; http's own port moves to https's own."""
    if port is None or port == _DEFAULT_PORTS["https"]:
        return ""
    if port != _DEFAULT_PORTS["http"]:
        raise BadLink(code="port", port=port)
    return "" if scheme == "http" else f":{port}"


def _path(rest: str) -> str:
    """Return path and query unchanged, except that a path exists and other alphabets are escaped."""
    path = rest if rest.startswith("/") else f"/{rest}"
    return path if path.isascii() else quote(path, safe=string.printable)
