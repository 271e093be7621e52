"""`python -m tests.support.tgi_server`: try `--llm tgi:` on a machine without a GPU."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from tests.support.tgi_server.engine import Engine
from tests.support.tgi_server.faults import CATALOGUE, Fault
from tests.support.tgi_server.limits import FALCONLITE2, Limits
from tests.support.tgi_server.server import serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.templates import FALCONLITE2 as CHAT_TEMPLATE
from tests.support.tgi_server.versions import KNOWN, Version

EXAMPLES = """
Examples:

\b
  python -m tests.support.tgi_server --profile 1.0.3 --port 8080
  kestrel ask "What is the access code of the Meridian office?" --kb kb --llm tgi:http://127.0.0.1:8080
\b
  # FalconLite2's limits, counted by Falcon's tokenizer; the answers are noise
  python -m tests.support.tgi_server --model counting --tokenizer ../shared/data/falcon_tokenizer/tokenizer.json
\b
  # every first request is refused for two seconds
  python -m tests.support.tgi_server --fault 'b13:2*1'
\b
  curl 127.0.0.1:8080/generate_stream -H 'Content-Type: application/json' \\
    -d '{"inputs": "<|prompter|>Hello<|endoftext|><|assistant|>", "parameters": {"max_new_tokens": 20}}'
"""
FAULT_LIST = "\b\n" + "\n".join(f"  {kind:<4} {what}" for kind, what in CATALOGUE.items())


def _version(_context: click.Context, _parameter: click.Parameter, value: str) -> Version:
    try:
        return Version.parse(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no release such as {', '.join(KNOWN)}") from error


def _fault(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        if value is not None:
            Fault.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value


@click.command(epilog=EXAMPLES + "\n\nFaults:\n\n" + FAULT_LIST, context_settings={"max_content_width": 110})
@click.option("--profile", "version", default="1.0.3", show_default=True, callback=_version, help="Release of TGI.")
@click.option("--port", default=8080, show_default=True, help="0 takes any that is free.")
@click.option("--model", type=click.Choice(["small", "counting"]), default="small", show_default=True)
@click.option("--tokenizer", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="For counting.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Where the small model is kept.")
@click.option("--fault", callback=_fault, help="Show a fault, such as b13:2*1 (KIND:VARIANT*TIMES@all).")
@click.option("--chat/--no-chat", default=True, show_default=True, help="Give the model a chat template.")
@click.option("--api-key", help="Asked for from release 2.3.0 on.")
@click.option("--pause", default=0.0, help="Seconds before each token.")
def main(
    version: Version,
    port: int,
    model: str,
    tokenizer: Path | None,
    cache: Path | None,
    fault: str | None,
    chat: bool,
    api_key: str | None,
    pause: float,
) -> None:
    """Serves a small real Falcon in the protocol of text-generation-inference, until Ctrl-C.

    The small model is trained on the first start (some minutes) and kept in the user's cache folder.
    """
    engine, limits = _model(model, tokenizer, cache)
    template = CHAT_TEMPLATE if chat else None
    setup = Setup(engine, version, limits, chat_template=template, api_key=api_key, pause=pause)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with serving(setup, fault, port) as server:
        click.echo(f"text-generation-inference {version} with {engine.model_id} at {server.url}", err=True)
        try:
            while not ended.wait(1.0):  # in turns, so that Ctrl-C is heard on Windows
                pass
        except KeyboardInterrupt:
            click.echo("ended", err=True)


def _model(name: str, tokenizer: Path | None, cache: Path | None) -> tuple[Engine, Limits]:
    from tests.support.tgi_server.falcon_engine import counting_engine

    if name == "counting":
        if tokenizer is None:
            raise click.UsageError("--model counting needs --tokenizer FILE, a tokenizer.json of Falcon")
        return counting_engine(tokenizer), FALCONLITE2
    from tests.support.small_falcon import load

    small = load(cache)
    return small.engine(), small.limits()


if __name__ == "__main__":
    main()
