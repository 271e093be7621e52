"""The commands that look at files and folders rather than at what is stored: `ingest doctor` and `ingest watch`."""

from __future__ import annotations

import click

from ingest.console import emit_json, json_option

SOME_FILES_FAILED = 3

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
@json_option
def doctor(paths: tuple[str, ...], chunks: int, chunker: str, embedder: str, as_json: bool) -> int:
    """Show what a reader sees in files: outcome, pages, quality, what is left out, the first chunks. Stores nothing."""
    from ingest.inspection import inspect
    from ingest.inspection_listing import inspection_as_json, inspection_lines

    seen = []
    for inspection in inspect(paths, chunker, embedder):
        seen.append(inspection)
        if not as_json:
            click.echo("\n".join(inspection_lines(inspection, chunks)) + "\n")
    if as_json:
        emit_json([inspection_as_json(inspection, chunks) for inspection in seen])
    return SOME_FILES_FAILED if any(inspection.document is None for inspection in seen) else 0
