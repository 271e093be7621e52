"""Answers on stdout, what must be known about them on stderr, and the exit code that says the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ingest.console import emit_json, say
from ingest.errors import KestrelError
from ingest.plain import plain, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.answers import Answer
    from assistant.history import History

ABSTAINED = 8  # the documents do not hold the answer
DEGRADED = 5  # the model server did not answer; the extractive answer was given
INCOMPLETE = 9  # the stream broke, or the answer reached its longest length


def show(answer: Answer, *, as_json: bool, streamed: bool = False) -> None:
    """An answer as JSON or for people. One that a model `streamed` is shown again, with what was found for it."""
    from assistant.json_shapes import answer_as_json
    from assistant.rendering import render

    if as_json:
        emit_json(answer_as_json(answer))
        return
    if streamed:
        click.echo()
    quoted = answer.prompt is None  # then what was streamed is what stands in the documents
    click.echo(render(answer, color=sys.stdout.isatty(), text=not (streamed and quoted)))
    for remark in _remarks(answer):
        say(plain(remark))


def show_piece(piece: str, *, as_json: bool) -> None:
    """A piece of an answer as it came from the model, not yet looked for in the documents."""
    if as_json:
        emit_json({"piece": piece})
    else:
        click.echo(printable(piece), nl=False)


def show_ledger(answer: Answer) -> None:
    """Where the tokens of the window and the time went, on stderr."""
    from assistant.explaining import explain, stages

    if answer.prompt:
        say(explain(answer.prompt.ledger, answer.model))
    else:
        say("No prompt was sent: the answer is made of the documents' own sentences.")
    say(stages(answer.timings))


def keep(history: History, answer: Answer, settings: Mapping[str, Any], *, quiet: bool) -> None:
    """Write an answer down, once it was shown. What goes wrong with that is told, and is no failure of the answer."""
    try:
        run = history.keep(answer, settings)
    except KestrelError as error:
        say(f"The answer was not kept. {error}")
        return
    if not quiet:
        say(f"Kept as run {run.id}." if run else "Not kept: the knowledge base is read-only.")


def exit_code(answer: Answer) -> int:
    """See docs/commands.md."""
    if answer.completion and answer.completion.finish != "stop":
        return INCOMPLETE
    if answer.degraded:
        return DEGRADED
    return ABSTAINED if answer.abstained else 0


def _remarks(answer: Answer) -> list[str]:
    from assistant.refusing import refuses

    remarks = []
    if answer.degraded:
        remarks.append(f"This answer is in the documents' own words. {answer.degraded}")
    written = answer.completion.text.strip() if answer.completion else ""
    if answer.abstained and written and not refuses(written):
        remarks.append("The model wrote an answer, and nothing of it stands in the documents: it is left out.")
    if answer.completion and answer.completion.finish == "length":
        remarks.append("The answer is cut off: it has reached the length that was kept for it. Raise --reserve.")
    if answer.completion and answer.completion.finish == "incomplete":
        remarks.append(f"The answer is incomplete. {answer.completion.problem}")
    return remarks
