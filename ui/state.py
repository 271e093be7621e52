"""What a browser session remembers, and what all of them share: opened collections and models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from assistant.answering import open_answerer
from assistant.assistant import Assistant
from assistant.endpoints import Endpoint, kept_endpoints
from assistant.history.history import new_id
from assistant.packing import PackingOptions
from ingest.changes import Holding
from ingest.documents import Filter
from ingest.errors import KnowledgeBaseError
from ingest.knowledge_base import KnowledgeBase

if TYPE_CHECKING:
    from assistant.answers import Answer
    from assistant.protocols import LLM
    from assistant.retrieval import Reranker
    from eval.background import EvaluationRun, MeasuringRun
    from ingest.running import IngestRun

EXTRACTIVE = "extractive"
CACHED = 4  # lists of documents


@dataclass
class Exchange:
    """A question and what became of it: an answer, the words of an error, or the part that came before a stop.

    `settings` are what it was asked with, whatever the side bar says by now. `run` is the name under which the answer
    is kept, "" where it is not (`unkept` says why); `verdict` a person's.
    """

    question: str
    insisted: bool = False
    answer: Answer | None = None
    error: str = ""
    partial: str = ""
    run: str = ""
    unkept: str = ""
    verdict: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """The citation that the source panel shows: its exchange, its sentence, and its place among the sentence's."""

    exchange: int
    sentence: int
    citation: int


@dataclass
class Session:
    """Of one browser tab."""

    collection: Path
    llm: str = EXTRACTIVE
    reranker: str = ""  # a cross-encoder for a second look at what was found; "" for none
    mode: Literal["auto", "chunks", "whole"] = "auto"
    sources: tuple[str, ...] = ()
    conversation: str = field(default_factory=new_id)
    exchanges: list[Exchange] = field(default_factory=list)
    shown: Shown | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)  # of files whose pages are drawn, by source
    waiting: tuple[str, bool] | None = None  # a question that a button asked, and whether it insists

    def begin(self, conversation: str = "", exchanges: list[Exchange] | None = None) -> None:
        """A new conversation, or one that was held before."""
        self.conversation, self.exchanges, self.shown = conversation or new_id(), exchanges or [], None

    def ask(self, question: str, insist: bool = False) -> None:
        """To be answered by the run of the page that follows."""
        self.waiting = (question, insist)

    def show(self, place: Shown) -> None:
        """Beside the conversation, from the next run on."""
        self.shown = place

    @property
    def only(self) -> Filter | None:
        return Filter(sources=self.sources) if self.sources else None


def session() -> Session:
    """This tab's, made at its first run from the settings of the one who started the server."""
    if "kestrel" not in st.session_state:
        place = Path(os.environ.get("KESTREL_KB", "kb")).absolute()
        kept = {each.spec: each for each in kept_endpoints(place)}
        first = Session(place, reranker=os.environ.get("KESTREL_RERANKER", ""), endpoints=kept)
        spec = os.environ.get("KESTREL_LLM", EXTRACTIVE)
        if spec != EXTRACTIVE:
            profile, tokenizer = (os.environ.get(f"KESTREL_{name}", "") for name in ("PROFILE", "TOKENIZER"))
            first.endpoints[spec] = Endpoint(spec, profile, tokenizer=tokenizer)
            first.llm = spec
        st.session_state.kestrel = first
    found: Session = st.session_state.kestrel
    return found


def _is_there(knowledge: KnowledgeBase) -> bool:
    """Whether it can still be read: its folder may have been removed, or another made in its place."""
    try:
        knowledge.store.generation()
    except KnowledgeBaseError:
        return False
    return True


@st.cache_resource(show_spinner="Opening the collection …", validate=_is_there)
def knowledge_of(location: str) -> KnowledgeBase:
    """One for all sessions and threads; what other processes commit is seen by the next search."""
    return KnowledgeBase.open(location, create=True)


@st.cache_resource(max_entries=CACHED, hash_funcs={KnowledgeBase: id}, show_spinner="Reading the list of documents …")
def _holdings(knowledge: KnowledgeBase, generation: int) -> Sequence[Holding]:
    return knowledge.store.holdings()


def holdings_of(here: Session) -> Sequence[Holding]:
    """Every source of the collection. Reading 20,000 takes a second, so it is done once for each state of it."""
    knowledge = knowledge_of(str(here.collection))
    return _holdings(knowledge, knowledge.store.generation())


@st.cache_resource(show_spinner=False)
def opened_model(endpoint: Endpoint) -> LLM:
    """No request is sent. Raises `UsageError`, `UnknownPart` or `MissingExtra` where it means nothing here."""
    from assistant.llms import open_llm

    key = endpoint.key or os.environ.get("KESTREL_LLM_KEY", "")
    tokenizer = Path(endpoint.tokenizer).expanduser() if endpoint.tokenizer else None
    return open_llm(endpoint.spec, endpoint.profile or None, tokenizer=tokenizer, key=key)


@st.cache_resource(show_spinner="Loading the reranker …")
def _reranker(model: str) -> Reranker:
    from assistant.reranking import CrossEncoderReranker

    return CrossEncoderReranker(model)


def reranker_of(here: Session) -> Reranker | None:
    """The one that takes a second look at what is found. Raises `EmbedderFailed` where it is not to be had."""
    return _reranker(here.reranker) if here.reranker else None


def model_of(here: Session) -> str | LLM:
    """The answerer's name, or the model that was chosen. Raises `UsageError` for a specification that means nothing."""
    return EXTRACTIVE if here.llm == EXTRACTIVE else model_at(here, here.llm)


def model_at(here: Session, spec: str) -> LLM:
    """The model of a server that was named on the Models page. Raises as `model_of`."""
    return opened_model(here.endpoints[spec])


def assistant_of(here: Session) -> Assistant:
    """The collection with the model of this session. Cheap: what is heavy is shared."""
    knowledge = knowledge_of(str(here.collection))
    answerer = open_answerer(model_of(here), knowledge, PackingOptions(here.mode))
    return Assistant(knowledge, answerer, reranker=reranker_of(here))


@st.cache_resource
def runs() -> dict[str, Any]:
    """The ingest run of each collection, seen by every session."""
    return {}


def run_of(here: Session) -> IngestRun | None:
    found: IngestRun | None = runs().get(str(here.collection))
    return found


@st.cache_resource
def measurements() -> dict[str, MeasuringRun]:
    """The measurement of each model server, seen by every session."""
    return {}


@st.cache_resource
def evaluations() -> dict[str, EvaluationRun]:
    """The evaluation of each collection, seen by every session."""
    return {}
