"""Options that several commands of ingest share, and what they open."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.console import embedder_option, json_option, knowledge_base_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.knowledge_base import KnowledgeBase
    from ingest.pipeline import IngestOptions


def ingest_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out, as in .gitignore; repeatable."),
        click.option(
            "--workers", type=click.IntRange(1), help="Parser processes. Default: one per processor, at most 4."
        ),
        click.option("--chunker", default="sentence", show_default=True, help="sentence, llamaindex or module:Class."),
        embedder_option,
        json_option,
        knowledge_base_option,
    ):
        command = option(command)
    return command


@contextmanager
def opened(
    kb: Path, embedder: str | None = None, *, create: bool = False, read_only: bool = False
) -> Iterator[KnowledgeBase]:
    from ingest.knowledge_base import KnowledgeBase

    with KnowledgeBase.open(kb, embedder=embedder, create=create, read_only=read_only) as knowledge:
        yield knowledge


def options_of(exclude: tuple[str, ...], chunker: str, workers: int | None) -> IngestOptions:
    from ingest.pipeline import IngestOptions

    return IngestOptions(exclude=exclude, chunker=chunker, workers=workers)
