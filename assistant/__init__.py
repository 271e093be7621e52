"""Ask your own documents, get answers you can check.

from assistant import Assistant

kestrel = Assistant.open("kb")
kestrel.add("docs/")
answer = kestrel.ask("What does the warranty cover?")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.answers import Answer, Citation, Passage, Sentence
    from assistant.assistant import Assistant, Conversation
    from ingest.documents import Filter
    from ingest.errors import KestrelError
    from ingest.knowledge_base import KnowledgeBase

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "Conversation",
    "Filter",
    "KestrelError",
    "KnowledgeBase",
    "Passage",
    "Sentence",
]

# Loaded when they are first asked for (PEP 562): whoever needs one module of the package, `assistant --help` among
# them, does not wait for what answering needs (0.15 s of 0.3).
_HOMES = {
    **dict.fromkeys(("Answer", "Citation", "Passage", "Sentence"), "assistant.answers"),
    **dict.fromkeys(("Assistant", "Conversation"), "assistant.assistant"),
    "Filter": "ingest.documents",
    "KestrelError": "ingest.errors",
    "KnowledgeBase": "ingest.knowledge_base",
}


if not TYPE_CHECKING:  # a misspelt name stays an error for type checkers

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(_HOMES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
