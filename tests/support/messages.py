"""E-mails and notebooks for tests, made by the standard library."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

BORDER = b"From ann@example.org Mon Nov 16 10:00:00 2026\n"


def make_message(
    text: str = "Hello Bo.\n", html: str = "", attached: Mapping[str, bytes] | None = None, subject: str = "Leave"
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann Lee <ann@example.org>"
    message["To"] = "bo@example.org"
    message["Date"] = "Mon, 16 Nov 2026 10:00:00 +0000"
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in (attached or {}).items():
        kind = ("image", "png") if name.endswith(".png") else ("application", "octet-stream")
        message.add_attachment(data, maintype=kind[0], subtype=kind[1], filename=name)
    return message


def make_mbox(*messages: EmailMessage) -> bytes:
    return b"\n".join(BORDER + message.as_bytes() for message in messages)


def make_notebook(*cells: Mapping[str, Any]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def prose(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def code(source: str, *outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": source, "outputs": outputs}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}


def shown(**forms: str | Sequence[str]) -> dict[str, Any]:
    """An output in several forms, each named by its type with `_` for `/`."""
    data = {name.replace("_", "/"): form for name, form in forms.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}
