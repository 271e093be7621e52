"""Ask your own documents, get answers you can check.

from assistant import Assistant

kestrel = Assistant.open("kb")
kestrel.add("docs/")
answer = kestrel.ask("What does the warranty cover?")
"""

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
