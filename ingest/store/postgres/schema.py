"""The tables in PostgreSQL. Names are the unit of change: whatever happens to a document touches its names.

Every name carries the id of the transaction that wrote it last, and `gone` those of names that went; followers read
both below `pg_snapshot_xmin`, since ids of rows become visible in another order than they are given.
"""

from __future__ import annotations

FORMAT = 1
SCHEMA = "kestrel"

# A database of before has it from the first tag on, which makes it no other format.
TAGS = """CREATE TABLE IF NOT EXISTS tags (
    uri bytea PRIMARY KEY REFERENCES sources (uri) ON DELETE CASCADE,
    mtime_ns bigint NOT NULL,
    value bytea NOT NULL
)"""

TABLES = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public",
    """CREATE TABLE IF NOT EXISTS base (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        format integer NOT NULL,
        identity uuid NOT NULL DEFAULT gen_random_uuid(),
        generation bigint NOT NULL DEFAULT 0,
        name text, fingerprint text, dimension integer
    )""",
    f"INSERT INTO base (format) VALUES ({FORMAT}) ON CONFLICT DO NOTHING",  # noqa: S608 - a number of our own
    """CREATE TABLE IF NOT EXISTS documents (
        key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id text NOT NULL UNIQUE,
        content bytea NOT NULL,
        facts text NOT NULL,
        text bytea NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS chunks (
        document bigint NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
        ordinal integer NOT NULL,
        embedding_hash bytea NOT NULL,
        embedding halfvec NOT NULL,
        PRIMARY KEY (document, ordinal)
    )""",
    "CREATE INDEX IF NOT EXISTS chunks_by_embedding ON chunks (embedding_hash)",
    """CREATE TABLE IF NOT EXISTS sources (
        uri bytea PRIMARY KEY,
        document bigint REFERENCES documents (key),
        size bigint NOT NULL,
        mtime_ns bigint NOT NULL,
        outcome text NOT NULL,
        reason bytea NOT NULL,
        seen double precision NOT NULL,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id()
    )""",
    "CREATE INDEX IF NOT EXISTS sources_of_document ON sources (document)",
    "CREATE INDEX IF NOT EXISTS sources_by_change ON sources (xid)",
    "CREATE TABLE IF NOT EXISTS gone (uri bytea NOT NULL, xid xid8 NOT NULL DEFAULT pg_current_xact_id())",
    "CREATE INDEX IF NOT EXISTS gone_by_change ON gone (xid)",
    # The queue of files to read. `claim` and `until` are whose a row is, and how long nobody else may take it.
    """CREATE TABLE IF NOT EXISTS jobs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        uri bytea NOT NULL UNIQUE,
        path bytea NOT NULL,
        size bigint NOT NULL,
        mtime_ns bigint NOT NULL,
        chunker text NOT NULL,
        tries integer NOT NULL DEFAULT 0,
        claim uuid,
        until timestamptz,
        worker text,
        finished timestamptz,
        result text
    )""",
    TAGS,
    "CREATE INDEX IF NOT EXISTS jobs_to_do ON jobs ((tries > 0), id) WHERE finished IS NULL",
    "CREATE INDEX IF NOT EXISTS jobs_of_claim ON jobs (claim) WHERE claim IS NOT NULL",
    # One row a commit, so that a commit whose acknowledgement was lost can be looked up.
    "CREATE TABLE IF NOT EXISTS commits (token uuid PRIMARY KEY, made timestamptz DEFAULT now(), result text)",
)
