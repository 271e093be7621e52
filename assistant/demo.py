"""`python -m assistant.demo [FOLDER]`: the sample collection, three questions, and a check of every answer.

The third question is one that the documents cannot answer: saying so is the right answer there.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ingest.console import fail
from ingest.errors import KestrelError

if TYPE_CHECKING:
    from assistant.answers import Answer
    from assistant.assistant import Assistant

SAMPLE = Path(__file__).parent / "sample"
FAILED = 1


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what a right answer holds: `words`, cited from `source`; both "" when it must abstain."""

    question: str
    source: str = ""
    words: str = ""

    def problem(self, answer: Answer) -> str:
        """What is wrong with an answer to this question; "" when nothing is."""
        cited = [citation for sentence in answer.sentences for citation in sentence.citations]
        if not self.source:
            return "" if answer.abstained else "it should have said that the documents do not hold the answer"
        if answer.abstained:
            return "it abstained, though the documents hold the answer"
        if self.words not in answer.text:
            return f"the answer should hold {self.words!r}"
        if not any(Path(citation.source).name == self.source for citation in cited):
            return f"the answer should cite {self.source}"
        return "" if all(citation.verified for citation in cited) else "a citation could not be verified"


EXAMPLES = (
    Example("How many tokens does the window of FalconLite2 hold?", "kestrel-guide.pdf", "24,576"),
    Example(
        "Does one damaged page cost the whole document?",
        "02-adding-documents.md",
        "One damaged page never costs a document",
    ),
    Example("How much does a Kestrel licence for ten users cost per year?"),
)


def demo(folder: Path) -> int:
    """Ingest the sample collection into `folder`/kb and ask it three questions; returns the exit code."""
    from assistant.assistant import Assistant

    location = folder / "kb"
    with Assistant.open(location) as kestrel:
        ingest_sample(kestrel, location)
        problems = [ask(kestrel, location, example) for example in EXAMPLES]
    if any(problems):
        click.secho("The demo failed: the answers marked above are not what the sample collection says.", fg="red")
        return FAILED
    say_goodbye()
    return 0


def ingest_sample(kestrel: Assistant, location: Path) -> None:
    """Bring the guide in and say what was done."""
    from ingest.commands.listing import report_lines
    from ingest.progress import shorten

    show_command(f"ingest add {shorten(str(SAMPLE))} --kb {location}")
    for line in report_lines(kestrel.add(SAMPLE)):
        click.echo(line)


def ask(kestrel: Assistant, location: Path, example: Example) -> str:
    """Ask one question, show the answer, and return what is wrong with it, if anything."""
    from assistant.rendering import render

    show_command(f'assistant ask "{example.question}" --kb {location}')
    answer = kestrel.ask(example.question)
    click.echo(render(answer, color=sys.stdout.isatty()))
    problem = example.problem(answer)
    if problem:
        click.secho(f"✗ Not as expected: {problem}.", fg="red")
    elif answer.abstained:
        click.secho("✓ Right: nothing in the sample collection tells, and Kestrel does not guess.", fg="green")
    else:
        click.secho(f"✓ Found in {example.source}, in {answer.timings['total']:.2f} s.", fg="green")
    return problem


def show_command(command: str) -> None:
    """The command that does the same, in the way shells show it."""
    click.secho(f"\n$ {command}", bold=True)


def say_goodbye() -> None:
    click.echo()
    click.secho("That was the sample. Now your own documents:", bold=True)
    if Path(sys.prefix) == Path(".venv").absolute():
        click.echo("  source .venv/bin/activate" if os.name == "posix" else r"  .venv\Scripts\activate")
    click.echo("  ingest add ~/Documents/some-folder")
    click.echo('  assistant ask "your question"')


def main() -> NoReturn:
    try:
        code = demo(Path(*(sys.argv[1:2] or [".demo"])))
    except KestrelError as error:
        code = fail(error)
    sys.exit(code)


if __name__ == "__main__":
    main()
