"""A door in front of the database that counts what a process asks it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer

from django.db import connection

ASKS = b"QE"  # PostgreSQL's messages Query and Execute: one for each statement that is run


class Wiretap(ThreadingTCPServer):
    """Passes on what comes at `port`; `statements` counts those that came through."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.port, self.statements = self.server_address[1], 0
        self.there = connection.settings_dict["HOST"], connection.settings_dict["PORT"] or "5432"


class Passage(StreamRequestHandler):
    """One connection, until either side ends it."""

    server: Wiretap

    def handle(self) -> None:
        host, port = self.server.there
        where = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host or "127.0.0.1", int(port))
        with socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET) as database:
            database.connect(where)
            threading.Thread(target=self.answer, args=(database,), daemon=True).start()
            kind = b""  # what begins a connection has none
            while len(length := self.rfile.read(4)) == 4:
                content = self.rfile.read(int.from_bytes(length) - 4)
                self.server.statements += bool(kind) and kind in ASKS
                database.sendall(kind + length + content)
                kind = self.rfile.read(1)

    def answer(self, database: socket.socket) -> None:
        with suppress(OSError):
            while content := database.recv(65_536):
                self.wfile.write(content)


@contextmanager
def wiretap() -> Iterator[Wiretap]:
    """One on loopback, in front of the test database."""
    with Wiretap() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
