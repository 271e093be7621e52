"""What this process reaches for while a block runs: files, connections, programs, as Python's audit hooks tell them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OUTSIDE = frozenset(
    {
        *(
            "socket.connect",
            "socket.bind",
            "socket.getaddrinfo",
            "socket.gethostbyname",
            "socket.sendto",
            "socket.sendmsg",
        ),
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "webbrowser.open"),
        *("urllib.Request", "http.client.connect"),
    }
)

_listening: list[list[tuple[str, Any]]] = []
_installed = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    for heard in _listening:
        heard.append((event, arguments))


@contextmanager
def audited() -> Iterator[list[tuple[str, Any]]]:
    """Every event (https://docs.python.org/3/library/audit_events.html) with its arguments, in a list that grows."""
    global _installed
    if not _installed:
        sys.addaudithook(_hear)  # cannot be taken out again
        _installed = True
    heard: list[tuple[str, Any]] = []
    _listening.append(heard)
    try:
        yield heard
    finally:
        _listening.remove(heard)


def opened(heard: list[tuple[str, Any]]) -> set[str]:
    """The paths of files that were opened."""
    return {str(arguments[0]) for event, arguments in heard if event == "open"}


def reached_out(heard: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """What went beyond this process: connections, programs."""
    return [each for each in heard if each[0] in OUTSIDE]
