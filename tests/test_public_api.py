"""The names and signatures that programs of others rely on. A change here belongs into the changelog."""

from __future__ import annotations

import inspect

import pytest

import assistant
from assistant import Assistant, Conversation, KnowledgeBase
from assistant.events import unheard

EXPORTED = [
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
ASKING = {"history": (), "only": None, "passages": None}


def test_exported_names() -> None:
    assert sorted(assistant.__all__) == EXPORTED


@pytest.mark.parametrize("name", EXPORTED)
def test_every_exported_name_is_documented(name: str) -> None:
    exported = getattr(assistant, name)
    assert inspect.getdoc(exported)
    assert not str(inspect.getdoc(exported)).startswith(f"{name}(")  # the docstring that dataclasses make by themselves


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (
            Assistant.open,
            {
                "location": "kb",
                "llm": "extractive",
                "embedder": None,
                "reranker": None,
                "expand": "off",
                "packing": None,
                "max_risk": None,
                "read_only": False,
            },
        ),
        (Assistant.add, {"self": ..., "paths": ..., "options": None}),
        (Assistant.ask, {"self": ..., "question": ..., **ASKING, "insist": False}),
        (Assistant.stream, {"self": ..., "question": ..., **ASKING, "insist": False, "listener": unheard}),
        (Assistant.prompt, {"self": ..., "question": ..., **ASKING}),
        (Assistant.summarize, {"self": ..., "source": ..., "sentences": 7}),
        (Assistant.chat, {"self": ..., "only": None}),
        (Assistant.close, {"self": ...}),
        (Conversation.ask, {"self": ..., "question": ...}),
        (KnowledgeBase.open, {"location": ..., "embedder": None, "create": False, "read_only": False}),
        (KnowledgeBase.search, {"self": ..., "query": ..., "k": 8, "only": None}),
        (KnowledgeBase.text, {"self": ..., "source": ...}),
        (KnowledgeBase.remove, {"self": ..., "source": ...}),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_parameters_and_their_defaults(method: object, parameters: dict[str, object]) -> None:
    signature = inspect.signature(method)  # type: ignore[arg-type]
    found = {
        name: ... if parameter.default is inspect.Parameter.empty else parameter.default
        for name, parameter in signature.parameters.items()
    }
    assert found == parameters
