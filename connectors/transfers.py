"""One curl handle and one job: what may be asked for, what may come back, and where it must stop."""

import re
import socket
import ssl
import zlib
from dataclasses import dataclass
from typing import Any

import certifi
import pycurl

from connectors.addresses import is_public
from connectors.answers import Answer, Failure, Limits, Target, retry_after

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_LOOPBACK_HOSTS = frozenset({b"127.0.0.1", b"[::1]", b"localhost"})
_LINK = re.compile(
    rb"(https?)://(\[[0-9a-f:.]+\]|[^/?#@:\[\]\\\x00-\x20\x7f]+)(?::([0-9]{1,5}))?"
    rb"((?:[/?][^#\x00-\x20\x7f]*)?)(?:#[^\x00-\x20\x7f]*)?",
    re.IGNORECASE,
)
_WEB_SCHEME = re.compile(rb"https?:", re.IGNORECASE)
_UNSENDABLE = re.compile("[^\t\x20-\x7e\x80-\xff]")
_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_KEPT_HEADERS = frozenset(
    {b"content-encoding", b"content-type", b"date", b"etag", b"last-modified", b"location", b"retry-after"}
)
_GZIP = frozenset({b"gzip", b"x-gzip"})
_ENCODINGS = frozenset({b"", b"identity"}) | _GZIP
_E_TOO_LARGE = 100  # libcurl's own limit on one header line; pycurl has no name for it
_FAILURES = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_FILESIZE_EXCEEDED: "too_big",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_INVALIDCERTSTATUS: "tls",
    _E_TOO_LARGE: "headers",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that stays the same from batch to batch, so that handles can be kept."""

    user_agent: str
    loopback_ports: frozenset[int]
    limits: Limits
    ports: frozenset[int]
    resolve: tuple[str, ...]


class Job:
    """One target on its way through its hops."""

    __slots__ = (
        "body",
        "header_bytes",
        "headers",
        "hops",
        "host",
        "link",
        "outcome",
        "path",
        "place",
        "seconds",
    )

    def __init__(self, target: Target, place: int) -> None:
        self.place = place  # of the target in its batch
        self.body = target.body
        self.headers = _request_headers(target)
        self.header_bytes = 0
        self.hops = 0
        self.seconds = 0.0
        self.outcome: Answer | Failure | None = None
        self.link = b""
        self.host = b""
        self.path = b""
        self.aim(target.url.encode(errors="replace"), None)

    def aim(self, link: bytes, loopback_ports: frozenset[int] | None) -> None:
        """Make a link the next hop, or fail when it is none that may be asked for.

        With `loopback_ports`, plain http is refused except on those ports of this machine.
        """
        parts = _LINK.fullmatch(link)
        if parts is None:
            self.fail("protocol" if _WEB_SCHEME.match(link) else "scheme")
            return
        scheme, host, port, path = parts.groups()
        self.link = link
        self.host = host.lower()
        # Exactly as the link has it: libcurl itself would rewrite %2b as %2B.
        self.path = path if path.startswith(b"/") else b"/" + path
        if loopback_ports is None or scheme.lower() == b"https":
            return
        if self.host not in _LOOPBACK_HOSTS or int(port or 80) not in loopback_ports:
            self.fail("scheme")

    def redirect(self, link: bytes, rules: Rules) -> None:
        """Go on to where the last hop pointed: https, or http on an allowed loopback port.

        What was posted goes to the address it was meant for and to no other.
        """
        self.hops += 1
        if self.hops > rules.limits.redirects or not link or self.body is not None:
            self.fail("redirects")
        else:
            self.aim(link, rules.loopback_ports)

    def fail(self, code: str) -> None:
        self.outcome = Failure(code, self.seconds)


class Transfer:
    """One reusable curl handle, and what has arrived through it for its present job."""

    __slots__ = ("chunks", "excused_s", "handle", "head", "job", "rules", "verdict", "vetoed", "wire_bytes")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.handle = pycurl.Curl()
        for option, value in _standing_options(rules):
            self.handle.setopt(option, value)
        self.handle.setopt(pycurl.OPENSOCKETFUNCTION, self.open_socket)
        self.handle.setopt(pycurl.HEADERFUNCTION, self.take_header)
        self.handle.setopt(pycurl.WRITEFUNCTION, self.take_body)

    def begin(self, job: Job) -> None:
        """Forget the last job and aim at the present hop of this one."""
        self.job = job
        self.head: dict[bytes, bytes] = {}
        self.chunks: list[bytes] = []
        self.wire_bytes = 0
        self.verdict = ""
        self.vetoed = False
        self.excused_s = 0.0
        self.handle.setopt(pycurl.URL, job.link)
        self.handle.setopt(pycurl.REQUEST_TARGET, job.path)
        self.handle.setopt(pycurl.HTTPHEADER, job.headers)
        if job.body is None:
            self.handle.setopt(pycurl.HTTPGET, 1)  # also after this handle has posted something
        else:
            self.handle.setopt(pycurl.POST, 1)
            self.handle.setopt(pycurl.POSTFIELDS, job.body)
        self.excuse(0)

    def excuse(self, seconds: float) -> None:
        """Set the deadlines, that much later than they were, because nobody looked at this transfer meanwhile."""
        self.excused_s += seconds
        limits = self.rules.limits
        left_s = limits.total_s - self.job.seconds
        for option, most_s in (
            (pycurl.TIMEOUT_MS, left_s),
            (pycurl.CONNECTTIMEOUT_MS, min(limits.connect_s, left_s)),
        ):
            self.handle.setopt(option, max(1, int((most_s + self.excused_s) * 1000)))

    def open_socket(self, _purpose: int, address: Any) -> socket.socket | int:
        """Open a socket to an address that may be reached; libcurl asks for every address it tries."""
        if address.family in (socket.AF_INET, socket.AF_INET6) and self.may_reach(*address.addr[:2]):
            return socket.socket(address.family, address.socktype, address.protocol)
        self.vetoed = True
        refused: int = pycurl.SOCKET_BAD
        return refused

    def may_reach(self, address: str, port: int) -> bool:
        """Public addresses on web ports; this machine only on the ports named for it."""
        if address in _LOOPBACK:
            return port in self.rules.loopback_ports
        return port in self.rules.ports and is_public(address)

    def take_header(self, line: bytes) -> int | None:
        """Count every header byte, keep the few headers we use, refuse encodings we did not ask for."""
        job = self.job
        job.header_bytes += len(line)
        if job.header_bytes > self.rules.limits.header_bytes:
            return self.refuse("headers")
        name, colon, value = line.partition(b":")
        if not colon:
            if line.startswith(b"HTTP/"):
                self.head.clear()
            return None
        name = name.lower()
        if name in _KEPT_HEADERS:
            if name == b"content-encoding" and not self.understands(value):
                return self.refuse("protocol")
            self.head[name] = value.strip()
        return None

    def understands(self, encoding: bytes) -> bool:
        """Whether a body in this encoding is unpacked once at most, so that its caps hold."""
        return encoding.strip().lower() in _ENCODINGS and b"content-encoding" not in self.head

    def take_body(self, chunk: bytes) -> int | None:
        """Keep bytes as they came over the wire, up to their cap."""
        self.wire_bytes += len(chunk)
        if self.wire_bytes > self.rules.limits.wire_bytes:
            return self.refuse("too_big")
        self.chunks.append(chunk)
        return None

    def refuse(self, code: str) -> int:
        """Say why, and tell libcurl to stop."""
        self.verdict = code
        return -1

    def settle(self, error: int) -> None:
        """Turn the end of a hop into an outcome, or into the next hop."""
        job, handle = self.job, self.handle
        job.seconds += max(0.0, handle.getinfo(pycurl.TOTAL_TIME) - self.excused_s)
        if error:
            job.fail(self.verdict or self.failure(error))
            return
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        if status in _FOLLOWED and b"location" in self.head:
            job.redirect(handle.getinfo_raw(pycurl.REDIRECT_URL) or b"", self.rules)
            return
        body = self.unpack(b"".join(self.chunks))
        self.chunks = []
        if body is None:
            job.fail(self.verdict)
        else:
            job.outcome = self.answer(status, body)

    def unpack(self, wire: bytes) -> bytes | None:
        """Return the body as the sender had it; None, with the verdict set, when it is not whole or too big.

        Done here because libcurl counts unpacked bytes against the cap for the wire, and takes a
        gzip stream that breaks off for a whole one.
        """
        cap = self.rules.limits.body_bytes
        body, whole = wire, True
        if wire and self.head.get(b"content-encoding", b"").lower() in _GZIP:
            unpacker = zlib.decompressobj(wbits=31)
            try:
                body = unpacker.decompress(wire, cap + 1)
            except zlib.error:
                whole = False
            else:
                whole = unpacker.eof and not unpacker.unused_data
        if len(body) > cap:
            self.refuse("too_big")
        elif not whole:
            self.refuse("protocol")
        else:
            return body
        return None

    def failure(self, error: int) -> str:
        """Name a libcurl error; a veto explains every connection that did not come about."""
        if self.vetoed and not self.handle.getinfo(pycurl.PRIMARY_IP):
            return "address"
        return _FAILURES.get(error, "protocol")

    def answer(self, status: int, body: bytes) -> Answer:
        head = self.head
        return Answer(
            status=status,
            body=body,
            content_type=head.get(b"content-type", b"").decode("latin-1"),
            etag=head.get(b"etag", b"").decode("latin-1"),
            last_modified=head.get(b"last-modified", b"").decode("latin-1"),
            retry_after=retry_after(head),
            seconds=self.job.seconds,
        )


def _standing_options(rules: Rules) -> tuple[tuple[int, Any], ...]:
    """Options that hold for every fetch: two schemes, no proxies, no credentials, verified TLS, hard caps."""
    web = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
    return (
        (pycurl.PROTOCOLS, web),
        (pycurl.REDIR_PROTOCOLS, web),
        (pycurl.FOLLOWLOCATION, 0),  # each hop comes back here first
        (pycurl.PROXY, ""),
        (pycurl.NOPROXY, "*"),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.USERAGENT, rules.user_agent),
        (pycurl.RESOLVE, list(rules.resolve)),
        (pycurl.MAXFILESIZE_LARGE, rules.limits.wire_bytes),
        (pycurl.SSL_VERIFYPEER, 1),
        (pycurl.SSL_VERIFYHOST, 2),
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        (pycurl.CAINFO, ssl.get_default_verify_paths().cafile or certifi.where()),
        (pycurl.NOSIGNAL, 1),
    )


def _request_headers(target: Target) -> list[bytes]:
    """What we take, and the validators exactly as the other side once sent them; or what is posted."""
    if target.body is not None:
        named = [f"{name}: {value}" for name, value in target.headers]
        if any(_UNSENDABLE.search(line) for line in named):
            message = "a header that can't be sent"
            raise ValueError(message)
        # Without "Expect:", libcurl waits a second for a "100 Continue" before it sends a large body.
        return [
            b"Accept: */*",
            b"Accept-Encoding: gzip",
            b"Expect:",
            *(line.encode("latin-1") for line in named),
        ]
    headers = [b"Accept: text/calendar, text/plain;q=0.9, */*;q=0.5", b"Accept-Encoding: gzip"]
    for name, value in ((b"If-None-Match: ", target.etag), (b"If-Modified-Since: ", target.last_modified)):
        if value and not _UNSENDABLE.search(value):
            headers.append(name + value.encode("latin-1"))
    return headers
