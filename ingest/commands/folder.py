"""The commands that look at files and folders rather than at what is stored: `ingest doctor` and `ingest watch`."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import click

from ingest.commands.options import Reading, password_option, reading_options
from ingest.console import emit_json, json_option, say

if TYPE_CHECKING:
    from ingest.watching import FolderWatch

SOME_FILES_FAILED = 3
BUSY_SHARE = 0.05  # of the time may go into looking: large folders are looked over less often

DOCTOR_EXAMPLES = """\b
Examples:
  ingest doctor scan.pdf                  is there text on its pages?
  ingest doctor prices.xlsx --chunks 10   how its rows are cut
  ingest doctor inbox/ --json             one object for each file
"""


@click.command(epilog=DOCTOR_EXAMPLES)
@click.argument("paths", nargs=-1, required=True, metavar="FILE…")
@click.option("--chunks", type=click.IntRange(0), default=3, show_default=True, help="How many chunks to show.")
@click.option("--chunker", default="sentence", show_default=True, help="sentence, llamaindex or module:Class.")
@click.option(
    "--embedder", metavar="SPEC", envvar="KESTREL_EMBEDDER", default="minilm", help="Whose tokens are counted."
)
@password_option
@json_option
def doctor(paths: tuple[str, ...], chunks: int, chunker: str, embedder: str, password: str, as_json: bool) -> int:
    """Show what a reader sees in files: outcome, pages, quality, what is left out, the first chunks. Stores nothing."""
    from ingest.commands.inspection import inspection_as_json, inspection_lines
    from ingest.inspection import inspect

    seen = []
    for inspection in inspect(paths, chunker, embedder, password=password):
        seen.append(inspection)
        if not as_json:
            click.echo("\n".join(inspection_lines(inspection, chunks)) + "\n")
    if as_json:
        emit_json([inspection_as_json(inspection, chunks) for inspection in seen])
    return SOME_FILES_FAILED if any(inspection.document is None for inspection in seen) else 0


WATCH_EXAMPLES = """\b
Examples:
  ingest watch docs/                      until Ctrl-C
  ingest watch docs/ --json >> watch.log  one object a line, for a service
"""


@click.command(epilog=WATCH_EXAMPLES)
@click.argument("path")
@click.option(
    "--interval", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Seconds between two looks."
)
@reading_options
def watch(path: str, interval: float, as_json: bool, reading: Reading) -> None:
    """Keep the folder PATH in step, as sync does, until it is stopped, and show what was done.

    A file is read once it has looked the same for two seconds. While the folder is away or empty nothing is forgotten.
    Stopped at any moment, it goes on at the next start where folder and knowledge base differ.
    """
    from ingest.watching import FolderWatch

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _stop)
    options = reading.options()
    with reading.opened() as knowledge:
        folder = FolderWatch(knowledge, path, options)
        say(f"Watching {folder.root} every {interval:g} s; Ctrl-C ends it.")
        try:
            while True:
                started = time.process_time()
                _look_once(folder, as_json)
                time.sleep(max(interval, (time.process_time() - started) / BUSY_SHARE))
        except KeyboardInterrupt:
            say("Stopped. What was stored is kept; the next start goes on from there.")
            raise


def _stop(*_: object) -> None:
    """A service manager ends with SIGTERM what a person ends with Ctrl-C, which shells make background jobs ignore."""
    raise KeyboardInterrupt


def _look_once(folder: FolderWatch, as_json: bool) -> None:
    from ingest.commands.listing import deed_as_json, deed_line

    absent = folder.absent
    for event in folder.round():
        if as_json and (deed := deed_as_json(event)):
            emit_json({"time": round(time.time(), 3), **deed})
        elif not as_json and (line := deed_line(event)):
            click.echo(f"{time.strftime('%H:%M:%S')}  {line}")
    if folder.absent != absent:
        say(f"{folder.absent}." if folder.absent else f"{folder.root} is back.")
