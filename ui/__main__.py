"""`python -m ui`: Kestrel in the browser, on this machine only unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ingest.console import gathered, knowledge_base_option
from ingest.errors import UsageError
from ui.listening import VARIABLE, Listening, key_for


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n  python -m ui\n  python -m ui --kb contracts --llm tgi:http://localhost:8080",
)
@knowledge_base_option
@click.option("--llm", metavar="SPEC", envvar="KESTREL_LLM", show_envvar=True, help="The model that answers at first.")
@click.option("--reranker", metavar="MODEL", help="A sentence-transformers cross-encoder for a second look.")
@gathered(
    Listening,
    "listening",
    [
        click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True),
        click.option(
            "--address",
            default="127.0.0.1",
            show_default=True,
            help="Where to listen; 0.0.0.0 lets other machines in, and needs a key.",
        ),
        click.option(
            "--host",
            "hosts",
            multiple=True,
            metavar="NAME",
            help="A further name in the browser's address, of a proxy say.",
        ),
        click.option(
            "--key-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help=f"Holds the key that every browser has to give; else {VARIABLE} does, where that is set.",
        ),
        click.option(
            "--no-key",
            "everyone",
            is_flag=True,
            help="Whoever reaches the address may read, add and remove documents.",
        ),
    ],
)
@click.option("--open/--no-open", "open_browser", default=True, show_default=True, help="Open the page in a browser.")
def main(kb: Path, llm: str | None, reranker: str | None, listening: Listening, open_browser: bool) -> None:
    """Ask your documents in the browser, and look after them. Ctrl-C ends it; nothing leaves this machine."""
    if "://" in str(kb):
        raise click.UsageError(
            f"{kb} is a database, and the pages need a folder. "
            "Keep one in step with it (ingest follow ADDRESS --kb DIR), and name that."
        )
    try:
        key = key_for(listening)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    from ui.serving import serve
    from ui.warming import warm_in_background

    os.environ["KESTREL_KB"] = str(kb.absolute())
    if llm:
        os.environ["KESTREL_LLM"] = llm
    if reranker:
        os.environ["KESTREL_RERANKER"] = reranker
    serve(key, listening, open_browser, warm=lambda: warm_in_background(kb.absolute()))


if __name__ == "__main__":
    main()
