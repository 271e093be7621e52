"""Answers that were given, kept beside the knowledge base: to look them up, to judge them, to make them again."""

from assistant.history.history import CONVERSATION, History
from assistant.history.runs import VERDICTS, Run, Verdict

__all__ = ["CONVERSATION", "VERDICTS", "History", "Run", "Verdict"]
