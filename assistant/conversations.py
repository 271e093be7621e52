"""Conversations that were held: the kept answers that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answers import Answer
from assistant.history import History, Run

SCANNED = 500  # kept answers, the newest, among which conversations are looked for
_KEY = "conversation"  # in the manifest of each answer


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


def belonging(answer: Answer, conversation: str) -> Answer:
    """The answer, marked as a part of a conversation."""
    return replace(answer, manifest={**answer.manifest, _KEY: conversation})


def past_conversations(history: History, words: str = "") -> Sequence[PastConversation]:
    """Those of which a question or an answer holds all of these words, each whole, the newest first.

    Answers that were asked for by a command are conversations of their own. Raises the `KnowledgeBaseError`s.
    """
    wanted = {_conversation(run) for run in history.search(words, SCANNED)}
    runs: dict[str, list[Run]] = {}
    for run in history.search("", SCANNED):
        if _conversation(run) in wanted:
            runs.setdefault(_conversation(run), []).append(run)
    return [PastConversation(name, tuple(reversed(each))) for name, each in runs.items()]


def _conversation(run: Run) -> str:
    return str(run.answer.manifest.get(_KEY) or run.id)
