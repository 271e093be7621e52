"""The commands that move a knowledge base: `ingest export` and `ingest import`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.console import emit_json, json_option, knowledge_base_option
from ingest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.transfer import Moved

ANSWERS_DIFFER = 7

EXPORT_EXAMPLES = """\b
Examples:
  ingest export --kb kb --to handbook.kestrel
"""
FOLLOW_EXAMPLES = """\b
Examples:
  ingest follow postgresql://db1,db2,db3/kb --kb kb             once
  ingest follow postgresql://db1,db2,db3/kb --kb kb --every 5   a serving node
"""
IMPORT_EXAMPLES = """\b
Examples:
  ingest import handbook.kestrel --kb elsewhere
"""


@click.command(epilog=EXPORT_EXAMPLES)
@click.option("--to", "path", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@json_option
@knowledge_base_option
def export(path: Path, force: bool, kb: Path, as_json: bool) -> None:
    """Write all documents, chunks and vectors to one file. It appears whole or not at all."""
    from ingest import transfer
    from ingest.store import open_store

    if path.exists() and not force:
        raise UsageError(f"{path} is there already.", "Give another name, or add --force to replace it.")
    store = open_store(kb, read_only=True)
    try:
        moved = _watched(transfer.export(store, path), store.statistics().documents)
    finally:
        store.close()
    if as_json:
        emit_json({"file": str(path), "bytes": path.stat().st_size, **_counts(moved)})
    else:
        click.echo(f"Wrote {_sentence(moved)} to {path} ({path.stat().st_size / 1e6:.1f} MB).")


@click.command(epilog=FOLLOW_EXAMPLES)
@click.argument("address", metavar="postgresql://…")
@click.option("--every", type=click.FloatRange(0.1), metavar="SECONDS", help="Look again and again, until Ctrl-C.")
@json_option
@knowledge_base_option
def follow(address: str, every: float | None, kb: Path, as_json: bool) -> None:
    """Keep the folder --kb in step with a database. Search and answers then work in it as in any other."""
    from ingest.store.postgres.connection import Server
    from ingest.store.postgres.following import Follower
    from ingest.store.sqlite import SqliteStore

    if "://" in str(kb):
        raise UsageError("--kb is the folder that follows, and cannot be a database.", "Give a folder with --kb.")
    store = SqliteStore(kb, create=True)
    server = Server(address, standby=True)
    try:
        follower = Follower(server, store, kb)
        while True:
            changed = follower.catch_up()
            if as_json:
                emit_json({"changed": changed, "generation": store.generation()})
            elif changed or not every:
                click.echo(f"{kb} is in step with {server.name}: {changed} names changed.")
            if not every:
                return
            time.sleep(every)
    finally:
        server.close()
        store.close()


@click.command("import", epilog=IMPORT_EXAMPLES)
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@knowledge_base_option
def import_(path: Path, kb: Path, as_json: bool) -> int:
    """Bring an exported file in without embedding again. After a stop, the same command goes on.

    Every document is read back and compared with the file, the whole is checked as by ingest verify --full, and
    questions asked at the export are asked again. Exit code 7 when they are not answered as they were.
    """
    from ingest import transfer
    from ingest.store import open_store
    from ingest.transfer_file import ExportReader

    with ExportReader(path) as file:
        total = file.counts["documents"]
    store = open_store(kb, create=True)
    try:
        moved = _watched(transfer.import_file(store, path), total)
    finally:
        store.close()
    if as_json:
        answers = {"present": moved.present, "probes": moved.probes, "equal_answers": moved.equal_answers}
        emit_json({"file": str(path), **_counts(moved), **answers})
    else:
        click.echo(f"{kb} holds {_sentence(moved)} of {path}; {moved.present} documents were there before.")
        click.echo(_answers(moved))
    return 0 if moved.answers_agree else ANSWERS_DIFFER


def _watched(steps: Iterator[int | Moved], total: int) -> Moved:
    done = 0
    with click.progressbar(length=total, label="Documents", file=sys.stderr) as bar:
        for step in steps:
            if not isinstance(step, int):
                return step
            bar.update(step - done)
            done = step
    raise AssertionError("a transfer ends with what it moved")


def _counts(moved: Moved) -> dict[str, int]:
    values = asdict(moved)
    return {name: values[name] for name in ("documents", "chunks", "sources")}


def _sentence(moved: Moved) -> str:
    return f"{moved.documents} documents, {moved.chunks} chunks and {moved.sources} names"


def _answers(moved: Moved) -> str:
    if moved.equal_answers is None:
        why = "other documents are there too, or came while the file was made"
        return f"Every document was read back equal. Answers were not compared: {why}."
    return f"Every document was read back equal; {moved.equal_answers} of {moved.probes} searches found the same."
