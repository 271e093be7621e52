"""Pages of stored files as pictures, drawn in a process of their own: the file is a stranger's here as well.

picture = page_picture(path.read_bytes(), citation.page, citation.quote)
picture.png, picture.boxes      # the PNG, and where on it the quote stands
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import asdict

from ingest.errors import FileFailed
from ingest.readers.pdf_pictures import Box, PagePicture, draw_page
from ingest.unlocking import given_password, unlocked
from ingest.workers.child import command_for, start
from ingest.workers.confinement import deny_network, limit_memory, limit_processor_time
from ingest.workers.wire import WireClosed, receive, send

__all__ = ["Box", "PagePicture", "page_picture"]

SECONDS = 20.0  # for one picture, the start of the process included; a scan of 600 dpi takes 2
MEMORY = 1_500_000_000  # bytes of address space
WIDEST = 4000  # pixels


def page_picture(data: bytes, page: int, quote: str = "", near: float = 0.0, width: int = 1000) -> PagePicture:
    """The picture of a page (from 1) of the PDF in `data`, `width` pixels wide, and the boxes in which `quote` stands.

    `near` is the share of the page's text that stands before the quote, in [0, 1]: it decides where the same words
    stand twice. The password that `ingest.unlocking` holds goes through the process's pipe. Raises `FileFailed` when
    the page cannot be drawn, cannot within 20 s, or is too much for the memory; "encrypted" for want of a password.
    """
    task = {"page": page, "quote": quote, "near": near, "width": max(1, min(width, WIDEST))}
    message = io.BytesIO()
    send(message, json.dumps(task).encode())
    send(message, given_password().encode())
    send(message, data)
    with start(command_for("ingest.page_pictures")) as process:
        try:
            answer, _ = process.communicate(message.getvalue(), SECONDS)
        except subprocess.TimeoutExpired as error:
            raise FileFailed("timeout", f"page {page} was not drawn within {SECONDS:g} s") from error
        finally:
            process.kill()
    try:
        return _understood(io.BytesIO(answer))
    except WireClosed as error:
        raise FileFailed("crashed", f"drawing page {page} failed (exit status {process.returncode})") from error


def _understood(answer: io.BytesIO) -> PagePicture:
    told = json.loads(receive(answer))
    if "failed" in told:
        raise FileFailed(*told["failed"])
    boxes = tuple(Box(**box) for box in told["boxes"])
    return PagePicture(receive(answer), told["width"], told["height"], boxes)


def main() -> None:
    """The child: one task in, one picture out."""
    limit_memory(MEMORY)
    limit_processor_time(round(SECONDS))
    deny_network()
    task = json.loads(receive(sys.stdin.buffer))
    password = receive(sys.stdin.buffer).decode()
    try:
        with unlocked(password):
            picture = draw_page(receive(sys.stdin.buffer), **task)
    except FileFailed as failure:
        send(sys.stdout.buffer, json.dumps({"failed": [failure.outcome, failure.reason]}).encode())
        return
    except MemoryError:
        send(sys.stdout.buffer, json.dumps({"failed": ["memory", "drawing the page took too much memory"]}).encode())
        return
    boxes = [asdict(box) for box in picture.boxes]
    told = {"width": picture.width, "height": picture.height, "boxes": boxes}
    send(sys.stdout.buffer, json.dumps(told).encode())
    send(sys.stdout.buffer, picture.png)
