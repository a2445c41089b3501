"""Servers that behave as strangers' servers do, each on a real socket of this machine."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

type Handler = Callable[[socket.socket, bytes], None]


def reply(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole HTTP/1.1 response; `length` may lie about the body."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Server:
    """Answers each request with `handler(connection, request)`; counts connections and requests."""

    def __init__(
        self, handler: Handler, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.handler, self.tls = handler, tls
        self.listener = socket.create_server((address, port), family=family, backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = self.open = self.most_open = 0
        self.lock = threading.Lock()
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with self.lock:
                    self.connections += 1
                    self.open += 1
                    self.most_open = max(self.most_open, self.open)
                self.sockets.append(connection)
                threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), connection:
                if self.tls is None:
                    self.answer(connection)
                else:
                    with self.tls.wrap_socket(connection, server_side=True) as secure:
                        self.answer(secure)
        finally:
            with self.lock:
                self.open -= 1

    def answer(self, connection: socket.socket) -> None:
        """One request after the other, until the client has gone or the handler has closed."""
        pending = b""
        while chunk := connection.recv(65_536):
            pending += chunk
            if b"\r\n\r\n" in pending:
                request, pending = pending, b""
                self.requests.append(request)
                self.handler(connection, request)


def path_of(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode("latin-1")


def header_of(request: bytes, name: str) -> str | None:
    for line in request.decode("latin-1").split("\r\n")[1:]:
        if line.lower().startswith(f"{name.lower()}: "):
            return line.split(": ", 1)[1]
    return None
