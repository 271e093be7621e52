"""Answers of the pages, kept beside the knowledge base like those of the command line, and taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.conversations import PastConversation, belonging
from assistant.history import History
from ingest.errors import KestrelError
from ui.state import EXTRACTIVE, Exchange, Session

if TYPE_CHECKING:
    from assistant.history import Run


def history_of(here: Session) -> History:
    return History(here.collection)


def keep(here: Session, exchange: Exchange) -> None:
    """Write the exchange's answer down. What goes wrong with that is told beside it and fails nothing."""
    if exchange.answer is None:
        return
    exchange.answer = belonging(exchange.answer, here.conversation)
    try:
        run = history_of(here).keep(exchange.answer, _settings(here))
    except KestrelError as error:
        exchange.unkept = str(error)
        return
    exchange.run = run.id if run else ""
    exchange.unkept = "" if run else "The collection is read-only."


def take_up(here: Session, past: PastConversation) -> None:
    """Go on with a conversation that was held before."""
    here.begin(past.id, [_exchange(run) for run in past.runs])


def _exchange(run: Run) -> Exchange:
    insisted = bool(run.answer.manifest.get("insist"))
    return Exchange(run.answer.question, insisted, run.answer, run=run.id, verdict=run.verdict)


def _settings(here: Session) -> dict[str, Any]:
    """The flags of the command line that ask the same; never a key."""
    if here.llm == EXTRACTIVE:
        return {"llm": EXTRACTIVE}
    return {"llm": here.llm, "profile": here.endpoints[here.llm].profile or None, "mode": here.mode}
