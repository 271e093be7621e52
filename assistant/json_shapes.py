"""Answers as JSON. Field names are a contract: scripts read them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.answers import Answer, Citation, ModelProfile, Passage, Prompt, Sentence

if TYPE_CHECKING:
    from assistant.diagnosis import Check


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """The object that `assistant ask --json` prints. `ledger` is {} where no prompt was built."""
    return {
        "question": answer.question,
        "text": answer.text,
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 4),
        "sentences": [sentence_as_json(sentence) for sentence in answer.sentences],
        "ledger": asdict(answer.prompt.ledger) if answer.prompt else {},
        "passages": [passage_as_json(passage) for passage in answer.passages],
        "timings": {stage: round(seconds, 4) for stage, seconds in answer.timings.items()},
        "model": answer.model,
        "searched_for": answer.searched_for,
        "degraded": answer.degraded,
        "damaged": answer.damaged,
        "markers_dropped": answer.markers_dropped,
        "manifest": dict(answer.manifest),
    }


def prompt_as_json(prompt: Prompt) -> dict[str, Any]:
    """The object that `assistant prompt --json` prints. `tokens` counts the whole prompt as the server will."""
    places = ("number", "source", "page", "label", "start", "end")
    return {
        "text": prompt.text,
        "tokens": prompt.ledger.total,
        "exact": prompt.ledger.exact,
        "ledger": asdict(prompt.ledger),
        "passages": [{name: getattr(passage, name) for name in places} for passage in prompt.passages],
    }


def profile_as_json(profile: ModelProfile) -> dict[str, Any]:
    """One element of the array that `assistant models --json` prints. `window` and `max_input` are in its tokens."""
    return {
        "name": profile.name,
        "summary": profile.summary,
        "window": profile.window,
        "max_input": profile.max_input,
        "usable": profile.usable,
        "template": profile.template,
        "stop": list(profile.stop),
        "server": profile.serving.server,
        "command": profile.serving.command,
    }


def check_as_json(check: Check) -> dict[str, Any]:
    """One element of the array that `assistant doctor --json` prints."""
    return {**asdict(check), "seconds": round(check.seconds, 4)}


def sentence_as_json(sentence: Sentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "support": sentence.support,
        "doubts": list(sentence.doubts),
        "citations": [citation_as_json(citation) for citation in sentence.citations],
    }


def citation_as_json(citation: Citation) -> dict[str, Any]:
    """`passage` is the number n of "[n]"; the other fields are where the quote stands."""
    return asdict(citation)


def passage_as_json(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "source": passage.source,
        "page": passage.page,
        "label": passage.label,
        "start": passage.start,
        "end": passage.end,
        "score": round(passage.score, 6),
        "text": passage.text,
    }
