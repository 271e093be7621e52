"""Writes the help of every command into `docs/commands.md`, or the page named: `python docs/build_commands.py [PAGE]`.

The blocks between `<!-- help -->` and `<!-- /help -->` are generated, the rest of the page is written by hand. A test
compares the page with what the commands print: in a process of its own, as a command of click keeps the `--help` of
its first call, and one that was called without its group has no `-h`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from assistant.cli import assistant
from eval.cli import evaluation
from ingest.cli import ingest
from ui.__main__ import main

PAGE = Path(__file__).parent / "commands.md"
UI = ("python -m", click.Group(commands={"ui": main}, context_settings=main.context_settings))
PROGRAMS = (("ingest", ingest), ("assistant", assistant), ("python -m eval", evaluation), UI)
WIDTH = 100
GENERATED = re.compile(r"(<!-- help ([\w -]+?) -->\n).*?(<!-- /help -->)", re.S)


def build(page: str) -> str:
    """The text of the page with every generated block made anew. Raises `KeyError` for a program that is not ours."""
    programs = dict(PROGRAMS)

    def block(found: re.Match[str]) -> str:
        return found[1] + "\n".join(sections(found[2], programs[found[2]])) + found[3]

    return GENERATED.sub(block, page)


def sections(program: str, group: click.Group) -> Iterator[str]:
    """A heading and the help of each command of a program."""
    above = click.Context(group, info_name=program, **{**group.context_settings, "terminal_width": WIDTH})
    for name, command in group.commands.items():
        context = click.Context(command, info_name=name, parent=above)
        yield f"\n### {program} {name}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


if __name__ == "__main__":
    written = Path(sys.argv[1]) if sys.argv[1:] else PAGE
    written.write_text(build(written.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
