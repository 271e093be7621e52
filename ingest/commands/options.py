"""Options that several commands of ingest share, and what they open."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.console import embedder_option, json_option, knowledge_base_option
from ingest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.knowledge_base import KnowledgeBase
    from ingest.pipeline import IngestOptions

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
    help=f"Ask for the password of protected PDFs; else it is taken from {PASSWORD}, where that is set.",
)


def ingest_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out, as in .gitignore; repeatable."),
        click.option(
            "--workers",
            type=_Workers(),
            help="Parser processes; with --kb postgresql://… whole workers that share a queue there, or ray://HEAD for "
            "those of a Ray cluster. Default: one parser per processor, at most 4.",
        ),
        click.option("--chunker", default="sentence", show_default=True, help="sentence, llamaindex or module:Class."),
        password_option,
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


def options_of(
    exclude: tuple[str, ...],
    chunker: str,
    workers: int | str | None,
    kb: Path | str,
    embedder: str | None,
    password: str = "",
) -> IngestOptions:
    from ingest.pipeline import IngestOptions

    shared = "://" in str(kb)
    if workers is None or (isinstance(workers, int) and not shared):
        return IngestOptions(exclude=exclude, chunker=chunker, workers=workers, password=password)
    if not shared:
        raise UsageError(
            f"{workers} can only work where they share a database, and {kb} is a folder.",
            "Give --kb postgresql://HOST/DATABASE, or a number of --workers.",
        )
    if password:
        raise UsageError(
            f"A password is told to no other process than those of one command, and {workers} are workers of a queue.",
            f"Add protected files without --workers, and unset {PASSWORD} for the rest.",
        )
    from ingest.queue.claiming import Task
    from ingest.queue.crews import crew_of
    from ingest.queue.running import QueuedIngest

    queued = QueuedIngest(Task(str(kb), chunker, embedder), crew_of(workers))
    return IngestOptions(exclude=exclude, chunker=chunker, elsewhere=queued)
