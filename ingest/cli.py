"""The ingest command line: files in, and what is known of them out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ingest.commands.folder import SOME_FILES_FAILED, doctor, watch
from ingest.commands.options import Reading, again_option, opened, reading_options
from ingest.commands.transfer import export, follow, import_
from ingest.console import embedder_option, emit_json, json_option, knowledge_base_option, run, say
from ingest.errors import NothingIndexed, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.reports import Event, Report

EXAMPLES = """\b
Examples:
  ingest add docs/ report.pdf            bring files in; again: only what changed
  ingest add https://example.org/a.html  fetch a page
  ingest sync docs/                      the same, and forget what is gone
  ingest watch docs/                     the same, again and again
  ingest search "parental leave" -k 3    what would be found
  ingest text report.pdf                 the stored text, to check an offset
  ingest doctor report.pdf               what a reader sees in it
"""


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def ingest() -> None:
    """Turn files into a knowledge base that can be searched and asked."""


@ingest.command()
@click.argument("paths", nargs=-1, metavar="PATH…")
@click.option(
    "--urls",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Fetch the web pages of this list too, one address a line.",
)
@again_option
@reading_options
def add(paths: tuple[str, ...], urls: Path | None, again: bool, as_json: bool, reading: Reading) -> int:
    """Bring files, folders, globs or web pages in. Unchanged files cost nothing; changed ones embed only what changed.

    A PATH that begins with https:// or http:// is fetched: that page alone, and only from the public internet.
    """
    from dataclasses import replace

    from ingest import pipeline

    wanted = (*paths, *_listed(urls))
    if not wanted:
        raise UsageError("There is nothing to add.", "Name files, folders or addresses: ingest add docs/")
    with reading.opened() as knowledge:
        return _watch(pipeline.add(knowledge, wanted, replace(reading.options(again=again), urls=True)), as_json)


@ingest.command()
@click.argument("path")
@click.option("--allow-empty", is_flag=True, help="Accept that the folder is gone or empty, and forget all of it.")
@again_option
@reading_options
def sync(path: str, allow_empty: bool, again: bool, as_json: bool, reading: Reading) -> int:
    """As add, and forget every source below PATH that is not there any more."""
    from ingest import pipeline

    with reading.opened() as knowledge:
        return _watch(pipeline.sync(knowledge, path, reading.options(again=again), allow_empty=allow_empty), as_json)


@ingest.command("list")
@json_option
@knowledge_base_option
def list_sources(kb: Path, as_json: bool) -> None:
    """Show every source: pages, chunks, size, and what is wrong with it."""
    from ingest.commands.listing import holding_as_json, holding_lines

    with opened(kb, read_only=True) as knowledge:
        holdings = knowledge.store.holdings()
    if as_json:
        emit_json([holding_as_json(holding) for holding in holdings])
    else:
        click.echo("\n".join(holding_lines(holdings)))


@ingest.command()
@click.argument("source")
@json_option
@knowledge_base_option
def remove(source: str, kb: Path, as_json: bool) -> None:
    """Forget a source and give a receipt of every place that could still hold it."""
    from ingest.commands.listing import receipt_as_json, receipt_lines

    with opened(kb) as knowledge:
        receipt = knowledge.remove(source)
    if as_json:
        emit_json(receipt_as_json(receipt))
    else:
        click.echo("\n".join(receipt_lines(receipt, kb)))


@ingest.command()
@click.argument("source")
@knowledge_base_option
def text(source: str, kb: Path) -> None:
    """Print the stored text of a document, exactly; offsets in citations count its characters."""
    with opened(kb, read_only=True) as knowledge:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        sys.stdout.write(knowledge.text(source))


@ingest.command()
@click.argument("query", required=False)
@click.option("--queries", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One query a line.")
@click.option("-k", "count", type=click.IntRange(1), default=8, show_default=True, help="How many results.")
@click.option("--source", "sources", multiple=True, metavar="GLOB", help="Only in these sources; repeatable.")
@click.option(
    "--where", "metadata", multiple=True, metavar="KEY=VALUE", help="Only where metadata says so; repeatable."
)
@embedder_option
@json_option
@knowledge_base_option
def search(
    query: str | None,
    queries: Path | None,
    count: int,
    sources: tuple[str, ...],
    metadata: tuple[str, ...],
    kb: Path,
    as_json: bool,
    embedder: str | None,
) -> None:
    """Find the chunks that fit a question best, by meaning and by words."""
    from ingest.commands.listing import hit_as_json, hit_lines
    from ingest.filtering import parse_filter

    if (query is None) == (queries is None):
        raise UsageError("Give either a query or --queries FILE.", 'Example: ingest search "parental leave" -k 3')
    only = parse_filter(sources, metadata)
    with opened(kb, embedder, read_only=True) as knowledge:
        if query is not None:
            hits = knowledge.search(query, count, only)
            if as_json:
                emit_json([hit_as_json(rank, hit) for rank, hit in enumerate(hits, start=1)])
            else:
                click.echo("\n".join(hit_lines(hits)))
            return
        assert queries is not None
        for line in filter(str.strip, queries.read_text(encoding="utf-8").splitlines()):
            found = knowledge.search(line, count, only)
            emit_json([hit_as_json(rank, hit) for rank, hit in enumerate(found, start=1)])


@ingest.command()
@click.option("--full", is_flag=True, help="Check every byte: each row, vector and segment.")
@json_option
@knowledge_base_option
def verify(full: bool, kb: Path, as_json: bool) -> int:
    """Check that what is stored is what was written. Exit code 10 when it is not."""
    from dataclasses import asdict

    from ingest.errors import KnowledgeBaseDamaged

    with opened(kb, read_only=True) as knowledge:
        findings = list(knowledge.store.verify(full))
        statistics = knowledge.store.statistics()
    if as_json:
        emit_json({"ok": not findings, "findings": [asdict(finding) for finding in findings], **asdict(statistics)})
    else:
        for finding in findings:
            click.echo(f"{finding.where}: {finding.problem}\n  {finding.remedy}")
        counts = f"{statistics.documents} documents, {statistics.chunks} chunks"
        click.echo(f"{len(findings)} problems in {counts}." if findings else f"No problem in {counts}.")
    return KnowledgeBaseDamaged.exit_code if findings else 0


@ingest.command()
@knowledge_base_option
def rebuild(kb: Path) -> None:
    """Make every cache anew from the stored truth, and give the bytes of removed documents back to the disk."""
    with opened(kb) as knowledge:
        before = knowledge.store.statistics().bytes
        knowledge.store.rebuild()
        after = knowledge.store.statistics().bytes
    say(f"Rebuilt {kb}: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now.")


def _listed(urls: Path | None) -> list[str]:
    """The addresses in a file; empty lines and those that begin with # are left out."""
    lines = [line.strip() for line in urls.read_text(encoding="utf-8").splitlines()] if urls else []
    return [line if "://" in line else f"https://{line}" for line in lines if line and not line.startswith("#")]


def _watch(events: Iterator[Event], as_json: bool) -> int:
    """Show a run while it lasts, print its report, and return the exit code."""
    from ingest.commands.listing import password_hint, report_lines
    from ingest.progress import shown
    from ingest.reports import Report

    report: Report | None = None
    try:
        with shown(terminal=sys.stderr.isatty()) as observe:
            for event in events:
                if isinstance(event, Report):
                    report = event
                else:
                    observe(event)
    except KeyboardInterrupt:
        say("Stopped. What was stored is kept; run the same command again to go on.")
        raise
    assert report is not None
    if as_json:
        emit_json(report.as_json())
    else:
        click.echo("\n".join(report_lines(report)))
    if hint := password_hint(report):
        say(hint)
    if report.documents == 0:
        return NothingIndexed.exit_code
    return SOME_FILES_FAILED if report.failed else 0


for command in (watch, doctor, export, follow, import_):
    ingest.add_command(command)


def main() -> NoReturn:
    run(ingest, "ingest")
