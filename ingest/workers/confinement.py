"""What a process that reads files of strangers may not do: take all memory or time, or reach a network.

| | Linux | macOS | Windows |
|---|---|---|---|
| address space | kernel | – (the system refuses) | – |
| processor time | kernel | kernel | – |
| network, other processes' memory: Python code | audit hook | audit hook | audit hook |
| network, other processes' memory: native code, child programs | kernel (seccomp) | – | – |

A dash means that only the clock of the pool holds there. Files of the person stay readable everywhere: a worker opens
them by their paths.
"""

from __future__ import annotations

import sys

from ingest.workers.system_call_filter import deny_network_calls

ENDS_IN_CONNECTIONS = frozenset(
    {"socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
)


def deny_network() -> None:
    """Refuse sockets to this process and to every program it starts, as far as the system can."""
    sys.addaudithook(refuse_connections)
    deny_network_calls()


def limit_memory(size: int) -> None:
    """Hold this process, for good, to so many bytes of address space. Only Linux can."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))  # the hard limit too: it cannot be raised again
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_processor_time(seconds: int) -> None:
    """Allow this many seconds more. The pool watches the clock; this ends a worker whose pool was killed meanwhile."""
    if sys.platform != "win32":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def refuse_connections(event: str, _: tuple[object, ...]) -> None:
    """An audit hook (https://peps.python.org/pep-0578/) that ends whatever would open a connection."""
    if event in ENDS_IN_CONNECTIONS:
        raise PermissionError(f"a process that reads files has no network ({event})")
