"""The assistant command line: questions in, answers that can be checked out."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ingest.console import embedder_option, emit_json, fail, json_option, knowledge_base_option, run, say
from ingest.errors import KestrelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assistant.answers import Answer
    from assistant.assistant import Assistant

ABSTAINED = 8  # the documents do not hold the answer
DEGRADED = 5  # the model server did not answer; the extractive answer was given
INCOMPLETE = 9

EXAMPLES = """\b
Examples:
  assistant ask "How many days of parental leave are there?"
  assistant ask "What is covered abroad?" --source "*Benefits*" --json
  assistant chat --kb contracts/

\b
Exit codes: 0 answered, 8 the documents do not hold the answer, 4 nothing indexed; all of them in docs/commands.md
"""


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def assistant() -> None:
    """Ask your own documents and get answers you can check."""


def _answer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--llm",
            metavar="SPEC",
            envvar="KESTREL_LLM",
            default="extractive",
            show_default=True,
            show_envvar=True,
            help="extractive: built in, answers in the documents' own words.",
        ),
        click.option("--source", "sources", multiple=True, metavar="GLOB", help="Only from these sources; repeatable."),
        click.option(
            "--where", "metadata", multiple=True, metavar="KEY=VALUE", help="Only where metadata says so; repeatable."
        ),
        click.option("--reranker", metavar="MODEL", help="A sentence-transformers cross-encoder for a second look."),
        embedder_option,
        json_option,
        knowledge_base_option,
    ):
        command = option(command)
    return command


@assistant.command()
@click.argument("question")
@click.option(
    "-k", "--passages", type=click.IntRange(1), default=10, show_default=True, help="How many to answer from."
)
@_answer_options
def ask(question: str, passages: int, as_json: bool, **settings: Any) -> int:
    """Answer one question. Every sentence says where it stands; exit code 8 when the documents do not tell."""
    from assistant.rendering import render

    with _opened(**settings) as (kestrel, only):
        answer = kestrel.ask(question, only=only, passages=passages)
    if as_json:
        from assistant.json_shapes import answer_as_json

        emit_json(answer_as_json(answer))
    else:
        click.echo(render(answer, color=sys.stdout.isatty()))
    return _exit_code(answer)


@assistant.command()
@_answer_options
def chat(as_json: bool, **settings: Any) -> int:
    """Keep a conversation: later questions may lean on earlier ones. One question a line; an empty line ends it."""
    from assistant.json_shapes import answer_as_json
    from assistant.rendering import render

    with _opened(**settings) as (kestrel, only):
        conversation = kestrel.chat(only=only)
        for question in _questions():
            try:
                answer = conversation.ask(question)
            except KestrelError as error:  # one question that fails does not end a conversation
                fail(error)
                continue
            if as_json:
                emit_json(answer_as_json(answer))
                continue
            if answer.searched_for != question:
                say(f"(searched for: {answer.searched_for})")
            click.echo(render(answer, color=sys.stdout.isatty()) + "\n")
    return 0


def _questions() -> Iterator[str]:
    interactive = sys.stdin.isatty()
    if interactive:
        say("Ask what you want to know. An empty line or Ctrl-D ends the conversation.")
    while True:
        if interactive:
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line


@contextmanager
def _opened(
    kb: Path,
    llm: str,
    embedder: str | None,
    reranker: str | None,
    sources: tuple[str, ...],
    metadata: tuple[str, ...],
) -> Iterator[tuple[Assistant, Any]]:
    from assistant.assistant import Assistant
    from ingest.filtering import parse_filter

    only = parse_filter(sources, metadata)
    with Assistant.open(kb, llm=llm, embedder=embedder, reranker=reranker) as kestrel:
        yield kestrel, only


def _exit_code(answer: Answer) -> int:
    if answer.completion and answer.completion.finish == "incomplete":
        return INCOMPLETE
    if answer.degraded:
        return DEGRADED
    return ABSTAINED if answer.abstained else 0


def main() -> NoReturn:
    run(assistant, "assistant")
