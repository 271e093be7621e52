"""Commands about answers that were given: look them up, make them again, say what they are worth."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.commands.options import KEPT, ModelOptions, SearchOptions
from ingest.console import emit_json, json_option, knowledge_base_option, say
from ingest.errors import UsageError
from ingest.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.history import Run
    from assistant.replaying import Difference, Replay

WIDE = 88  # characters of a question or sentence that are shown in a list
VERDICTS = ("good", "wrong", "citation", "missing")

HISTORY_EXAMPLES = """\b
Examples:
  assistant history                       the last answers, newest first
  assistant history parental leave        those that hold both words
  assistant history --show 3fa1           one of them, whole
  assistant history --remove 3fa1         forget one
  assistant history --forget handbook.pdf forget all that were made from a document
"""
FEEDBACK_EXAMPLES = """\b
Examples:
  assistant feedback last good
  assistant feedback 3fa1 wrong --reason "It is 14 weeks since May"

\b
Verdicts: good; wrong: it says what is not so; citation: right, and the place is not the one; missing: the documents
hold an answer that was not found.
"""


@click.command(epilog=HISTORY_EXAMPLES)
@click.argument("words", nargs=-1)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many are listed.")
@click.option("--show", "shown", metavar="RUN", help="Show one answer whole, as it was given.")
@click.option("--remove", "removed", metavar="RUN", help="Forget one answer.")
@click.option("--forget", "forgotten", metavar="SOURCE", help="Forget every answer that was made from a document.")
@json_option
@knowledge_base_option
def history(
    words: tuple[str, ...],
    limit: int,
    shown: str | None,
    removed: str | None,
    forgotten: str | None,
    as_json: bool,
    kb: Path,
) -> int:
    """List the answers that were given here, newest first; with WORDS, those that hold all of them.

    RUN is the name of an answer, the beginning of it, or "last".
    """
    from assistant.history import History

    kept = History(_folder(kb))
    if sum(each is not None for each in (shown, removed, forgotten)) + bool(words) > 1:
        raise UsageError("WORDS, --show, --remove and --forget exclude each other.", "Give one of them.")
    if shown is not None:
        _show(kept.get(shown), as_json=as_json)
    elif removed is not None:
        run = kept.remove(removed)
        _tell({"removed": [run.id]}, f"Forgot run {run.id}: {plain(run.answer.question)}", as_json=as_json)
    elif forgotten is not None:
        count = kept.forget(forgotten)
        _tell({"forgotten": count}, f"Forgot {count} answers that were made from {forgotten}.", as_json=as_json)
    else:
        _list(kept.search(" ".join(words), limit), as_json=as_json)
    return 0


@click.command()
@click.argument("run")
@click.option("--llm", metavar="SPEC", help="Ask this model instead of the one that answered then.")
@json_option
@knowledge_base_option
def replay(run: str, llm: str | None, as_json: bool, kb: Path) -> int:
    """Make an answer again and say what differs, and why: documents that changed, another model, another version.

    RUN is the name of an answer, the beginning of it, or "last". It is asked as it was then, in the knowledge base as
    it is now. Exit code 0, whether it differs or not; `same` in the JSON output tells.
    """
    from assistant.history import CONVERSATION, History
    from assistant.replaying import replay as made_again

    before = History(_folder(kb)).get(run)
    settings = {name: value for name, value in before.settings.items() if name != CONVERSATION}
    search = SearchOptions(kb, **{name: settings.pop(name) for name in KEPT if name in settings})
    model = _model(settings, llm)
    if model.llm == "extractive" and before.answer.model != "extractive":
        raise UsageError(
            f"Run {before.id} was answered by {before.answer.model!r}, and how it was reached is not known.",
            "Name the model server with --llm.",
        )
    with search.opened(model) as kestrel:
        again = made_again(kestrel, before)
    if as_json:
        emit_json(replay_as_json(again))
    else:
        click.echo("\n".join(_replay_lines(again)))
    return 0


@click.command(epilog=FEEDBACK_EXAMPLES)
@click.argument("run")
@click.argument("verdict", type=click.Choice(VERDICTS))
@click.option("--reason", default="", help="In your own words; kept with the verdict.")
@json_option
@knowledge_base_option
def feedback(run: str, verdict: Any, reason: str, as_json: bool, kb: Path) -> int:
    """Say what an answer is worth. It is kept with its verdict, to become a question of your evaluation.

    RUN is the name of an answer, the beginning of it, or "last". A later verdict takes the place of an earlier one.
    """
    from assistant.history import History

    judged = History(_folder(kb)).feedback(run, verdict, reason)
    _tell(
        run_as_json(judged), f"Run {judged.id} is kept as {verdict}: {plain(judged.answer.question)}", as_json=as_json
    )
    return 0


def run_as_json(run: Run) -> dict[str, Any]:
    """One element of `assistant history --json`. `asked` is the time in seconds since the epoch."""
    return {
        "run": run.id,
        "asked": round(run.asked, 3),
        "question": run.answer.question,
        "text": run.answer.text,
        "abstained": run.answer.abstained,
        "model": run.answer.model,
        "verdict": run.verdict,
        "reason": run.reason,
    }


def replay_as_json(again: Replay) -> dict[str, Any]:
    """The object that `assistant replay --json` prints."""
    from dataclasses import asdict

    from assistant.json_shapes import answer_as_json

    return {
        "run": again.before.id,
        "same": again.same,
        "causes": [asdict(cause) for cause in again.causes],
        "effects": [asdict(effect) for effect in again.effects],
        "before": answer_as_json(again.before.answer),
        "now": answer_as_json(again.now),
    }


def _model(settings: dict[str, Any], llm: str | None) -> ModelOptions:
    """The model that answered then, or another one of which nothing else is known."""
    if llm is not None and llm != settings.get("llm"):
        return ModelOptions(llm)
    known = {**settings, "tokenizer": Path(settings["tokenizer"]) if settings.get("tokenizer") else None}
    return ModelOptions(**{"llm": "extractive", **known})


def _folder(kb: Path) -> Path:
    from ingest.errors import NothingIndexed

    if not kb.is_dir():
        raise NothingIndexed(f"There is no knowledge base in {kb}.", f"Run: ingest add PATH --kb {kb}")
    return kb


def _tell(value: Any, line: str, *, as_json: bool) -> None:
    if as_json:
        emit_json(value)
    else:
        click.echo(line)


def _list(runs: Sequence[Run], *, as_json: bool) -> None:
    if as_json:
        emit_json([run_as_json(run) for run in runs])
        return
    for run in runs:
        when = datetime.fromtimestamp(run.asked).astimezone().strftime("%Y-%m-%d %H:%M")
        click.echo(f"{run.id}  {when}  {run.verdict:<8}  {_short(run.answer.question)}")
    if not runs:
        click.echo("No answers.")


def _show(run: Run, *, as_json: bool) -> None:
    from assistant.showing import show

    show(run.answer, as_json=as_json)
    if run.verdict and not as_json:
        say(f"Kept as {run.verdict}. {plain(run.reason)}".rstrip())


def _replay_lines(again: Replay) -> list[str]:
    lines = [f"Question: {plain(again.before.answer.question)}"]
    if again.same:
        lines.append("The same answer: the same sentences from the same places.")
    else:
        lines += ["The answer differs:", *map(_difference_line, again.effects)]
    if again.causes:
        lines += ["What it was made from differs:", *map(_difference_line, again.causes)]
    elif not again.same:
        lines.append("Everything that it was made from is as it was: the model itself answers differently.")
    return lines


def _difference_line(difference: Difference) -> str:
    what = difference.what
    if not difference.before:
        return f"  + {_short(difference.now)}"
    if not difference.now and what == "a sentence":
        return f"  - {_short(difference.before)}"
    return f"  {plain(what)}: {_short(difference.before)} → {_short(difference.now) or 'none'}"


def _short(text: str) -> str:
    shown = plain(text)
    return shown if len(shown) <= WIDE else shown[: WIDE - 1].rstrip() + "…"
