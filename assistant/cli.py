"""The assistant command line: questions in, answers that can be checked out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from assistant.commands.history import feedback, history, replay
from assistant.commands.models import doctor, models, prompt, summarize
from assistant.commands.options import (
    ModelOptions,
    SearchOptions,
    answer_options,
    keep_option,
    passages_option,
    settings_of,
)
from assistant.showing import exit_code, keep, show, show_ledger, show_piece
from ingest.console import fail, run, say
from ingest.errors import KestrelError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@assistant.command()
@click.argument("question")
@passages_option
@click.option("--stream", is_flag=True, help="Show the answer while it is written. With --json: one object a line.")
@click.option(
    "--explain", "explained", is_flag=True, help="Draw where the tokens of the window and the time went, on stderr."
)
@keep_option
@answer_options
def ask(
    question: str,
    passages: int | None,
    stream: bool,
    explained: bool,
    kept: bool,
    as_json: bool,
    model: ModelOptions,
    search: SearchOptions,
) -> int:
    """Answer one question. Every sentence says where it stands; exit code 8 when the documents do not tell."""
    only = search.only
    with search.opened(model) as kestrel:
        response = kestrel.stream(question, only=only, passages=passages)
        for piece in response:
            if stream:
                show_piece(piece, as_json=as_json)
        answer = response.answer
    show(answer, as_json=as_json, streamed=stream)
    if explained:
        show_ledger(answer)
    if kept:
        keep(kestrel.history, answer, settings_of(model, search), quiet=as_json)
    return exit_code(answer)


@assistant.command()
@keep_option
@answer_options
def chat(kept: bool, as_json: bool, model: ModelOptions, search: SearchOptions) -> int:
    """Keep a conversation: later questions may lean on earlier ones. One question a line; an empty line ends it."""
    only = search.only
    with search.opened(model) as kestrel:
        conversation = kestrel.chat(only=only)
        for question in _questions():
            try:
                answer = conversation.ask(question)
            except KestrelError as error:  # one question that fails does not end a conversation
                fail(error)
                continue
            if answer.searched_for != question and not as_json:
                say(f"(searched for: {answer.searched_for})")
            show(answer, as_json=as_json)
            if kept:
                keep(kestrel.history, answer, settings_of(model, search), quiet=True)
            if not as_json:
                click.echo()
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


for command in (prompt, summarize, models, doctor, history, replay, feedback):
    assistant.add_command(command)


def main() -> NoReturn:
    run(assistant, "assistant")
