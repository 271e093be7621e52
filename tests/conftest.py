"""Fixtures that all tests may use."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.support.fixtures"]

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


# An example may take its time on a busy machine; what is tested is what comes out.
hypothesis.settings.register_profile("kestrel", deadline=None)
hypothesis.settings.load_profile("kestrel")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; see its README.md. Tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the data of {SHARED_DATA}, which is not part of the repository")
    return SHARED_DATA


@pytest.fixture(scope="session", autouse=True)
def only_this_machine():
    """A test that tries to connect to another machine fails."""

    def guarded(way: str):
        through = getattr(socket.socket, way)

        def call(self: socket.socket, *arguments):
            """The address is the last argument of each of them."""
            if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(arguments[-1][0]):
                raise RuntimeError(f"a test tried to reach {arguments[-1][0]}, and tests work without a network")
            return through(self, *arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for way in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, way, guarded(way))
        yield


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name
        return False


@pytest.fixture(scope="session")
def postgres_server():
    """Address of a real PostgreSQL; `tests.support.postgres.new_database` gives empty databases in it."""
    from tests.support.postgres import postgres

    with postgres() as uri:
        yield uri


@pytest.fixture
def postgres_location(postgres_server, tmp_path, monkeypatch):
    """Address of an empty database; what follows it on this machine is kept below `tmp_path`."""
    from tests.support.postgres import new_database

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return new_database(postgres_server)
