"""Makes the first question as quick as those after it: what is slow to load is loaded before anyone asks."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from threading import Thread

from assistant.assistant import Assistant
from ingest.errors import KestrelError
from ui.state import EXTRACTIVE, knowledge_of

PAGES = ("ask", "library", "history", "evaluate", "models")
QUESTION = "What is told here?"  # of any collection; the answer is thrown away

_LOG = logging.getLogger("kestrel.ui")


def warm_in_background(location: Path) -> Thread:
    """Begin at once; whoever opens a page meanwhile waits for no more than they would have waited without."""
    thread = Thread(target=warm, args=(location,), name="kestrel-warming", daemon=True)
    thread.start()
    return thread


def warm(location: Path) -> None:
    """Load the pages, the collection and its embedding model. What goes wrong is left to the page, which shows it."""
    _silence_what_is_said_of_threads()
    try:
        for name in PAGES:
            import_module(f"ui.views.{name}")
        knowledge = knowledge_of(str(location))
        knowledge.embedder.embed_query(QUESTION)
        if knowledge.store.statistics().documents:
            from assistant.answering import open_answerer

            Assistant(knowledge, open_answerer(EXTRACTIVE, knowledge)).ask(QUESTION)
    except (KestrelError, OSError) as error:
        _LOG.info("not warmed: %s", error)


def _silence_what_is_said_of_threads() -> None:
    """Streamlit warns of every thread that is not a page's. The logger gets its level where it is made, at import."""
    from streamlit.runtime.scriptrunner_utils import script_run_context

    logging.getLogger(script_run_context.__name__).setLevel(logging.ERROR)
