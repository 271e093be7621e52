"""A way to PostgreSQL that hangs up between a COMMIT and its acknowledgement, as a network does at the worst moment."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CuttingProxy:
    """Passes the next `cuts` COMMITs on and then hangs up on the client, which cannot know what became of them.

    Only transactions in which `after` was sent are cut, in the text of a statement.
    """

    def __init__(self, location: str, after: bytes) -> None:
        folder, database = re.search(r"host=([^&]+)", location)[1], re.search(r"/(kb\d+)\?", location)[1]
        self.cuts = 0
        self._after = after
        self._server = f"{folder}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.location = f"postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        replies = threading.Thread(target=_copy, args=(server, client), daemon=True)
        replies.start()
        seen = b""
        while data := _received(client):
            seen += data
            if self.cuts and b"COMMIT" in data and self._after in seen:
                self.cuts -= 1
                client.shutdown(socket.SHUT_RDWR)
                server.sendall(data)
                replies.join(5)  # the server answers nobody
                break
            server.sendall(data)
            seen = b"" if b"COMMIT" in data else seen
        server.close()
        client.close()


@contextmanager
def cutting_proxy(location: str, after: bytes = b"") -> Iterator[CuttingProxy]:
    """A proxy to the server at `location`, which listens on a socket of this machine."""
    proxy = CuttingProxy(location, after)
    try:
        yield proxy
    finally:
        proxy.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        return


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 16)
    except OSError:
        return b""
