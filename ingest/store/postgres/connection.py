"""Connections to PostgreSQL, and units of work that are run again as a whole when the server goes away under them."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ingest.errors import KnowledgeBaseError, MissingExtra, StorageFailed
from ingest.plain import without_secrets
from ingest.store.postgres.schema import SCHEMA

if TYPE_CHECKING:
    from psycopg import Connection

Result = TypeVar("Result")
CONNECTIONS = 8  # at most; more threads wait for one
RETRY_SECONDS = 120.0  # a failover by Patroni takes about 20 s
RETRY_READING_SECONDS = 10.0  # who prefers a standby has the others at once
PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 5


class Server:
    """One database. `standby` prefers a server that only reads; threads share the object."""

    def __init__(self, url: str, *, standby: bool = False) -> None:
        try:
            import psycopg
            from psycopg import conninfo
        except ImportError as error:
            raise MissingExtra(
                "A knowledge base in PostgreSQL needs psycopg, which is not installed.",
                "Install it: pip install 'kestrel-assistant[postgres]'",
            ) from error
        self._psycopg = psycopg
        try:
            asked = conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            problem = str(error).replace(url, without_secrets(url)).strip()
            raise KnowledgeBaseError(f"This is no address of a PostgreSQL database: {problem}.") from None
        wish = {"target_session_attrs": "prefer-standby" if standby else "read-write"}
        self._conninfo = conninfo.make_conninfo("", **{"connect_timeout": CONNECT_SECONDS, **wish, **asked})
        self.name = f"postgresql://{asked.get('host', 'localhost')}/{asked.get('dbname', '')}"  # without the password
        self._patience = RETRY_READING_SECONDS if standby else RETRY_SECONDS
        self._turns = threading.BoundedSemaphore(CONNECTIONS)
        self._guard = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in autocommit mode. One that failed is closed and not used again."""
        with self._turns:
            connection = self._take()
            try:
                yield connection
            except self._psycopg.Error:
                connection.close()
                raise
            finally:
                self._give(connection)

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction that sees one state, again as a whole when the server fails under it."""

        def in_snapshot(connection: Connection) -> Result:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return work(connection)

        return self._persistently(in_snapshot)

    def unit(self, work: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
        """Run `work` in one transaction, again as a whole when the server fails, and never twice to the end.

        Each try first writes the same token. When the acknowledgement of a COMMIT was lost, the next try meets the
        token, waits for the old transaction where it still runs, and returns what that one did.
        """
        token = uuid.uuid4()
        return self._persistently(lambda connection: _once(connection, token, work))

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        with self._guard:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _persistently(self, work: Callable[[Connection], Result]) -> Result:
        until = time.monotonic() + self._patience
        while True:
            try:
                with self.connection() as connection, connection.transaction():
                    return work(connection)
            except self._passing() as error:
                if time.monotonic() > until:
                    raise self._failed(error) from error
                time.sleep(PAUSE_SECONDS)
            except self._psycopg.Error as error:
                raise self._failed(error) from error

    def _passing(self) -> tuple[type[Exception], ...]:
        errors = self._psycopg.errors
        return (
            self._psycopg.OperationalError,  # connections, deadlocks and serialisation failures too
            errors.ReadOnlySqlTransaction,  # the leader became a standby
            errors.ForeignKeyViolation,  # another writer removed the document between our statements
        )

    def _failed(self, error: Exception) -> StorageFailed:
        said = " ".join(str(error).split())
        return StorageFailed(f"{self.name} refused: {said}.", "What was stored before is safe; try again.")

    def _take(self) -> Connection:
        with self._guard:
            if self._closed:
                raise KnowledgeBaseError(f"The knowledge base {self.name} has been closed.", "Open it again.")
            if self._idle:
                return self._idle.pop()
        connection = self._psycopg.connect(self._conninfo, autocommit=True)
        try:
            connection.execute(f"SET search_path = {SCHEMA}, public")
            connection.execute("SET idle_in_transaction_session_timeout = '60s'")  # an old one delays all followers
        except BaseException:
            connection.close()
            raise
        return connection

    def _give(self, connection: Connection) -> None:
        with self._guard:
            if self._closed or connection.closed:
                connection.close()
            else:
                self._idle.append(connection)


def _once(connection: Connection, token: uuid.UUID, work: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
    claim = "INSERT INTO commits (token) VALUES (%s) ON CONFLICT DO NOTHING RETURNING token"
    if connection.execute(claim, (token,)).fetchone() is None:
        row = connection.execute("SELECT result FROM commits WHERE token = %s", (token,)).fetchone()
        assert row is not None
        return dict(json.loads(row[0]))
    result = work(connection)
    connection.execute("UPDATE commits SET result = %s WHERE token = %s", (json.dumps(result), token))
    return result
