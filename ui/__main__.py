"""`python -m ui`: Kestrel in the browser, on this machine only unless told otherwise."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import click

from ingest.console import knowledge_base_option
from ui.theme import THEME

APP = Path(__file__).with_name("app.py")


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n  python -m ui\n  python -m ui --kb contracts --llm tgi:http://localhost:8080",
)
@knowledge_base_option
@click.option("--llm", metavar="SPEC", envvar="KESTREL_LLM", show_envvar=True, help="The model that answers at first.")
@click.option("--reranker", metavar="MODEL", help="A sentence-transformers cross-encoder for a second look.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="0.0.0.0 lets other machines in: no login asked."
)
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="A further name in the browser's address, of a proxy say."
)
@click.option("--open/--no-open", "open_browser", default=True, show_default=True, help="Open the page in a browser.")
def main(
    kb: Path,
    llm: str | None,
    reranker: str | None,
    port: int,
    address: str,
    hosts: tuple[str, ...],
    open_browser: bool,
) -> None:
    """Ask your documents in the browser, and look after them. Ctrl-C ends it; nothing leaves this machine."""
    if "://" in str(kb):
        raise click.UsageError(
            f"{kb} is a database, and the pages need a folder. "
            "Keep one in step with it (ingest follow ADDRESS --kb DIR), and name that."
        )
    from streamlit.web import bootstrap

    from ui.warming import warm_in_background

    os.environ["KESTREL_KB"] = str(kb.absolute())
    if llm:
        os.environ["KESTREL_LLM"] = llm
    if reranker:
        os.environ["KESTREL_RERANKER"] = reranker
    options = {
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": names_of(address, hosts),
        "server.headless": not open_browser,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 500,  # MB; larger ones go in by `ingest add`
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        **THEME,
    }
    bootstrap.load_config_options(options)
    warm_in_background(kb.absolute())
    bootstrap.run(str(APP), is_hello=False, args=[], flag_options=options)


def names_of(address: str, hosts: tuple[str, ...] = ()) -> list[str]:
    """The names under which browsers may come. Others are refused, since a page elsewhere can have its own name mean
    this machine (DNS rebinding) and would then read the collection. [] lets any in: where other machines are let in,
    only a person knows the names."""
    if address == "localhost" or _is_loopback(address):
        return ["localhost", "127.0.0.1", "::1", address, *hosts]
    return list(hosts)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    main()
