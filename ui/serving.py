"""The server of the pages: Streamlit's, with the guard before all of its routes where there is a key."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import click
from streamlit import App

from ui.cookie import Cookie
from ui.door import Door
from ui.guard import Guard, Receive, Request, Scope, Send, hang_up
from ui.listening import EVERY, Listening, names_of
from ui.theme import THEME

SCRIPT = Path(__file__).with_name("app.py")


class Pages(App):
    """An ASGI application. `started` is called once it is reached at its address."""

    def __init__(self, key: str, started: Callable[[], None]) -> None:
        super().__init__(SCRIPT, lifespan=self._begin)
        self._started = started
        behind = super().__call__
        self._front = Guard(behind, Door(key), Cookie(key)) if key else behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Streamlit asks a service on the internet for this machine's address before it turns such a session down.
        if scope["type"] == "websocket" and Request.of(scope).is_from_elsewhere():
            await hang_up(receive, send)
        else:
            await self._front(scope, receive, send)

    @asynccontextmanager
    async def _begin(self, _: App) -> AsyncIterator[None]:
        self._started()
        yield


def serve(key: str, listening: Listening, open_browser: bool, warm: Callable[[], object]) -> None:
    """Until Ctrl-C or SIGTERM, which end it the same way: the programs that were started end too."""

    def started() -> None:
        click.echo(f"\n  {where_it_is(listening)}\n  Ctrl-C ends it.\n")
        warm()
        if open_browser:
            click.launch(address_of(listening))

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        Pages(key, started).run(config=_options(listening, open_browser))


def address_of(listening: Listening) -> str:
    """Where a browser on this machine finds the pages."""
    host = "localhost" if listening.address in EVERY else listening.address
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.port}"


def where_it_is(listening: Listening) -> str:
    """What is said once the pages are served. Other machines get an answer under the names that were given alone."""
    here = f"Kestrel is at {address_of(listening)}"
    if listening.hosts:
        return f"{here}, and under {', '.join(listening.hosts)}"
    if listening.address in EVERY:
        return f"{here}, and for other machines at http://{socket.gethostname()}:{listening.port}"
    return here


def _options(listening: Listening, open_browser: bool) -> dict[str, Any]:
    """Streamlit's, of which a file of settings somewhere may not say otherwise."""
    return {
        "server.address": listening.address,
        "server.port": listening.port,
        "server.baseUrlPath": "",
        "server.allowedHosts": names_of(listening.address, listening.hosts),
        "server.headless": not open_browser,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 500,  # MB; larger ones go in by `ingest add`
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,  # it asks a service on the internet which address this machine has
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        **THEME,
    }
