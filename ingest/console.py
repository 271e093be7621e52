"""What both command lines share: settings, exit codes, and one place where errors become sentences.

Results go to stdout, everything else to stderr. Exit codes are listed in `docs/commands.md` and never change meaning.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import tomllib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from ingest.errors import KestrelError, UsageError

INTERNAL_ERROR = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
SETTINGS_FILE = "kestrel.toml"
MEMORY_REMEDY = "Close other programs, or give fewer --workers; what was stored before is safe."


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Location(click.Path):
    """A folder as a `Path`, or the address of a database as it is given."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        return value if "://" in str(value) else super().convert(value, parameter, context)


knowledge_base_option = click.option(
    "--kb",
    type=_Location(path_type=Path, file_okay=False),
    envvar="KESTREL_KB",
    default=Path("kb"),
    show_default=True,
    show_envvar=True,
    help="Folder of the knowledge base, or postgresql://HOST/DATABASE.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object or array on stdout.")
embedder_option = click.option(
    "--embedder",
    metavar="SPEC",
    envvar="KESTREL_EMBEDDER",
    show_envvar=True,
    help="minilm (built in, English), st:NAME_OR_PATH for any sentence-transformers model (for other languages: "
    "st:sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2), or module:Class. Default: the one the knowledge "
    "base was made with.",
)


def gathered(noun: type[Any], name: str, options: Sequence[Decorator]) -> Decorator:
    """A decorator that gives a command these options, and what they say as one parameter: a `noun`, a dataclass.

    Options that are no field of it reach the command by themselves.
    """
    names = [field.name for field in fields(noun)]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(**given: Any) -> Any:
            return command(**{name: noun(**{each: given.pop(each) for each in names})}, **given)

        decorated: Callable[..., Any] = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def run(command: click.Group, program: str) -> NoReturn:
    """Run a command line and exit with its code; no traceback reaches the person."""
    try:
        code = command.main(prog_name=program, standalone_mode=False, default_map=_default_map(command))
    except KestrelError as error:
        code = fail(error)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MemoryError:
        code = fail(KestrelError("There is not enough memory.", MEMORY_REMEDY))
    except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a sentence
        code = _internal_error(error)
    sys.exit(code or 0)


def fail(error: KestrelError) -> int:
    """Say what went wrong and what to do; returns the exit code."""
    say(click.style("Error: ", fg="red") + error.message)
    if error.remedy:
        say(error.remedy)
    return error.exit_code


def say(text: str = "") -> None:
    """A line for the person, on stderr."""
    click.echo(text, err=True)


def emit_json(value: Any) -> None:
    """One JSON value on stdout, in one line, readable in any language."""
    click.echo(json.dumps(value, ensure_ascii=False))


def _internal_error(error: Exception) -> int:
    if os.environ.get("KESTREL_DEBUG"):
        traceback.print_exception(error)
    with tempfile.NamedTemporaryFile("w", prefix="kestrel-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    say(click.style("Internal error: ", fg="red") + f"{type(error).__name__}: {error}")
    say(f"This is a fault in Kestrel. Please report it with the file {log.name}; what was stored before is safe.")
    return INTERNAL_ERROR


def _default_map(command: click.Group) -> dict[str, dict[str, Any]]:
    """Settings of `kestrel.toml`, offered to every subcommand that has an option of that name."""
    path = Path(os.environ.get("KESTREL_SETTINGS", SETTINGS_FILE))
    if not path.is_file():
        return {}
    from ingest.settings import Settings  # pydantic costs 0.06 s: only who has a settings file pays

    try:
        values = Settings.parse(tomllib.loads(path.read_text(encoding="utf-8")), path)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Correct the file or remove it.") from error
    return {
        name: {key: value for key, value in values.items() if key in {option.name for option in subcommand.params}}
        for name, subcommand in command.commands.items()
    }
