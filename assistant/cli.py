"""The assistant command line: questions in, answers that can be checked out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from assistant.command_options import answer_options, opened, passages_option
from assistant.model_commands import models, prompt
from ingest.console import emit_json, fail, run, say
from ingest.errors import KestrelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.answers import Answer

ABSTAINED = 8  # the documents do not hold the answer
DEGRADED = 5  # the model server did not answer; the extractive answer was given
INCOMPLETE = 9  # the stream broke, or the answer reached its longest length

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
@click.option("--explain", "explained", is_flag=True, help="Draw where the tokens of the window went, on stderr.")
@answer_options
def ask(question: str, passages: int | None, stream: bool, explained: bool, as_json: bool, **settings: Any) -> int:
    """Answer one question. Every sentence says where it stands; exit code 8 when the documents do not tell."""
    with opened(**settings) as (kestrel, only):
        response = kestrel.stream(question, only=only, passages=passages)
        for piece in response:
            if stream:
                _show_piece(piece, as_json=as_json)
        answer = response.answer
    _show(answer, as_json=as_json, streamed=stream)
    if explained:
        _explain(answer)
    return _exit_code(answer)


@assistant.command()
@answer_options
def chat(as_json: bool, **settings: Any) -> int:
    """Keep a conversation: later questions may lean on earlier ones. One question a line; an empty line ends it."""
    with opened(**settings) as (kestrel, only):
        conversation = kestrel.chat(only=only)
        for question in _questions():
            try:
                answer = conversation.ask(question)
            except KestrelError as error:  # one question that fails does not end a conversation
                fail(error)
                continue
            if answer.searched_for != question and not as_json:
                say(f"(searched for: {answer.searched_for})")
            _show(answer, as_json=as_json)
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


def _show_piece(piece: str, *, as_json: bool) -> None:
    if as_json:
        emit_json({"piece": piece})
    else:
        click.echo(piece, nl=False)


def _show(answer: Answer, *, as_json: bool, streamed: bool = False) -> None:
    """The answer on stdout, what must be known about it on stderr."""
    from assistant.json_shapes import answer_as_json
    from assistant.rendering import render

    if as_json:
        emit_json(answer_as_json(answer))
        return
    if streamed:
        click.echo("\n")
    click.echo(render(answer, color=sys.stdout.isatty()))
    if answer.degraded:
        say(f"The answer is given in the documents' own words: {answer.degraded}")
    if answer.completion and answer.completion.finish == "length":
        say("The answer is cut off: it reached the length that was kept for it. Raise --reserve.")
    if answer.completion and answer.completion.finish == "incomplete":
        say(f"The answer is incomplete: {answer.completion.problem}")


def _explain(answer: Answer) -> None:
    from assistant.explaining import explain

    if answer.prompt:
        say(explain(answer.prompt.ledger, answer.model))
    else:
        say("No prompt was sent: the answer is made of the documents' own sentences.")


def _exit_code(answer: Answer) -> int:
    if answer.completion and answer.completion.finish != "stop":
        return INCOMPLETE
    if answer.degraded:
        return DEGRADED
    return ABSTAINED if answer.abstained else 0


for command in (prompt, models):
    assistant.add_command(command)


def main() -> NoReturn:
    run(assistant, "assistant")
