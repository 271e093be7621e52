"""Conversations that were held: the kept answers that belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.history import CONVERSATION, History, Run


@dataclass(frozen=True, slots=True)
class PastConversation:
    """Answers in the order in which they were given. `id` is that of a conversation, or of the one answer it has."""

    id: str
    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        return self.runs[0].answer.question

    @property
    def last_asked(self) -> float:
        """Seconds since the epoch."""
        return self.runs[-1].asked


def belonging(settings: Mapping[str, Any], conversation: str) -> dict[str, Any]:
    """The settings of an answer, marked as a part of a conversation."""
    return {**settings, CONVERSATION: conversation}


def past_conversations(
    history: History, words: str = "", limit: int = 30, skip: int = 0
) -> tuple[Sequence[PastConversation], int]:
    """Those of which one answer, or its question, holds all of these words, the newest first, and how many there are.

    `limit` of them, after the first `skip`. Answers that were asked for by a command are conversations of their own.
    Raises the `KnowledgeBaseError`s.
    """
    found, total = history.conversations(words, limit, skip)
    return [PastConversation(name, tuple(runs)) for name, runs in found], total
