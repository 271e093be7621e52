"""Options that several commands of ingest share, and what they open."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.console import embedder_option, gathered, json_option, knowledge_base_option
from ingest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ingest.knowledge_base import KnowledgeBase
    from ingest.pipeline import IngestOptions
    from ingest.queue.running import QueuedIngest

RAY = "ray://"
PASSWORD = "KESTREL_PASSWORD"  # noqa: S105 - the name of a variable


class _Workers(click.ParamType):  # type: ignore[type-arg]
    """How many workers, or the address of a Ray cluster that has them."""

    name = "workers"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "N|ray://HEAD"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if str(value).startswith(RAY):
            return str(value)
        return click.IntRange(1).convert(value, parameter, context)


def _ask_for_password(context: click.Context, parameter: click.Parameter, asked: bool) -> str:
    return click.prompt("Password of the files", hide_input=True, err=True) if asked else os.environ.get(PASSWORD, "")


password_option = click.option(
    "--password",
    is_flag=True,
    callback=_ask_for_password,
    help=f"Ask for the password of protected PDFs and Office files; else {PASSWORD} holds it, where that is set.",
)


again_option = click.option(
    "--again", is_flag=True, help="Read files anew that did not change too, as after an upgrade of Kestrel."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said on the command line about reading files: where they go, by which parts, what is left out."""

    kb: Path | str
    embedder: str | None
    password: str = field(repr=False)
    chunker: str
    workers: int | str | None
    exclude: tuple[str, ...]

    def opened(self) -> AbstractContextManager[KnowledgeBase]:
        """The knowledge base, made where there is none."""
        return opened(self.kb, self.embedder, create=True)

    def options(self, *, again: bool = False) -> IngestOptions:
        """Raises `UsageError` for workers that cannot do what is asked."""
        from ingest.pipeline import IngestOptions

        shared = "://" in str(self.kb)
        if self.workers is None or (isinstance(self.workers, int) and not shared):
            return IngestOptions(
                exclude=self.exclude, chunker=self.chunker, workers=self.workers, again=again, password=self.password
            )
        if not shared:
            raise UsageError(
                f"{self.workers} can only work where they share a database, and {self.kb} is a folder.",
                "Give --kb postgresql://HOST/DATABASE, or a number of --workers.",
            )
        if self.password:
            raise UsageError(
                "A password is told to no other process than those of one command, and "
                f"{self.workers} are workers of a queue.",
                f"Add protected files without --workers, and unset {PASSWORD} for the rest.",
            )
        queued = self._queued(self.workers, again)
        return IngestOptions(exclude=self.exclude, chunker=self.chunker, again=again, elsewhere=queued)

    def _queued(self, workers: int | str, again: bool) -> QueuedIngest:
        from ingest.queue.claiming import Task
        from ingest.queue.crews import crew_of
        from ingest.queue.running import QueuedIngest

        return QueuedIngest(Task(str(self.kb), self.chunker, self.embedder, again=again), crew_of(workers))


reading_options = gathered(
    Reading,
    "reading",
    (
        knowledge_base_option,
        json_option,
        embedder_option,
        password_option,
        click.option("--chunker", default="sentence", show_default=True, help="sentence, llamaindex or module:Class."),
        click.option(
            "--workers",
            type=_Workers(),
            help="Parser processes; with --kb postgresql://… whole workers that share a queue there, or ray://HEAD for "
            "those of a Ray cluster. Default: one parser per processor, at most 4.",
        ),
        click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out, as in .gitignore; repeatable."),
    ),
)


@contextmanager
def opened(
    kb: Path | str, embedder: str | None = None, *, create: bool = False, read_only: bool = False
) -> Iterator[KnowledgeBase]:
    from ingest.knowledge_base import KnowledgeBase

    with KnowledgeBase.open(kb, embedder=embedder, create=create, read_only=read_only) as knowledge:
        yield knowledge
