"""Answers of the pages, kept beside the knowledge base like those of the command line, and taken up again."""

from __future__ import annotations

from typing import Any

from assistant.conversations import PastConversation, belonging
from assistant.history import History, Run
from ingest.errors import KestrelError
from ui.state import EXTRACTIVE, Exchange, Session


def history_of(here: Session) -> History:
    return History(here.collection)


def keep(here: Session, exchange: Exchange) -> None:
    """Write the exchange's answer down. What goes wrong with that is told beside it and fails nothing."""
    if exchange.answer is None:
        return
    try:
        run = history_of(here).keep(exchange.answer, belonging(exchange.settings, here.conversation))
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
    return Exchange(run.answer.question, insisted, run.answer, run=run.id, verdict=run.verdict, settings=run.settings)


def run_of_exchange(exchange: Exchange) -> Run:
    """As it is kept, or would be. The exchange has an answer."""
    assert exchange.answer is not None
    return Run(exchange.run, 0.0, exchange.answer, exchange.settings)


def settings_of(here: Session) -> dict[str, Any]:
    """The flags of the command line that ask the same; never a key."""
    search = {"reranker": here.reranker} if here.reranker else {}
    if here.llm == EXTRACTIVE:
        return {"llm": EXTRACTIVE, **search}
    endpoint = here.endpoints[here.llm]
    model = {"llm": here.llm, "profile": endpoint.profile or None, "tokenizer": endpoint.tokenizer or None}
    return {**model, "mode": here.mode, **search}
