"""The eval command line: each command is a file in `eval/commands`, and is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import NoReturn

import click

from ingest.console import run

COMMANDS = {
    "build": "eval.commands.build:build",
    "run": "eval.commands.run:run",
    "report": "eval.commands.report:report",
    "compare": "eval.commands.report:compare",
    "gate": "eval.commands.report:gate",
    "calibrate": "eval.commands.calibrate:calibrate",
    "finetune": "eval.commands.finetune:finetune",
    "finetune-embedder": "eval.commands.finetune_embedder:finetune_embedder",
    "longcontext": "eval.commands.longcontext:longcontext",
    "speed": "eval.commands.speed:speed",
    "score": "eval.commands.score:score",
}

EXAMPLES = """\b
Examples:
  python -m eval build --kb contracts --out set.jsonl --review set.csv
  python -m eval run --questions set.jsonl --variants extractive:k=5,extractive:k=20 --out runs/k
  python -m eval score --task quality --cases quality.jsonl.gz --outputs gpt4.pred.jsonl.gz

\b
Exit codes: 0 done, 2 usage, 5 model server unreachable, 7 gate failed; all of them in docs/commands.md
"""


class LazyCommands(MutableMapping[str, click.Command]):
    """Commands by name, each imported at the first look at it: `--help` of one costs nothing for the others."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = dict(places)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            self._loaded[name] = getattr(import_module(module), attribute)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._places[name], self._loaded[name] = f"{command.callback.__module__}:{name}", command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


evaluation = click.Group(
    name="eval",
    help="Find out on your own documents and questions what pays.",
    commands=LazyCommands(COMMANDS),
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main() -> NoReturn:
    run(evaluation, "python -m eval")
