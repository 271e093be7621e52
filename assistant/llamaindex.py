"""llama-index at the edge: our search and our models as its parts, its models as ours.

Whoever imports this module asks for llama-index, so its import (1-3 s) stands at the top here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata  # noqa: TID253
from llama_index.core.llms import CustomLLM  # noqa: TID253
from llama_index.core.llms.callbacks import llm_completion_callback  # noqa: TID253
from llama_index.core.retrievers import BaseRetriever  # noqa: TID253
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode  # noqa: TID253
from pydantic import PrivateAttr

from assistant.answers import Completion, ModelProfile, Sampling, TokenCount
from assistant.control_tokens import neutralise
from assistant.counting import estimate
from assistant.errors import ModelServerFailed
from assistant.llms.streaming import CompletionStream, Event, completed
from assistant.prompts import fill
from assistant.protocols import LLM
from assistant.retrieval import Retriever
from ingest.documents import Filter, Hit

DEFAULT_WINDOW = 4096  # tokens, where a llama-index model does not state its window
DEFAULT_ANSWER = 512


class KestrelRetriever(BaseRetriever):  # type: ignore[misc]
    """Kestrel's search as a llama-index retriever.

    A node's text is the chunk's; its metadata says where that stands: source, page, label, start, end, document_id.
    """

    def __init__(self, retriever: Retriever, k: int = 10, only: Filter | None = None) -> None:
        self._retriever = retriever
        self._k = k
        self._only = only
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self._retriever.retrieve(query_bundle.query_str, self._k, self._only)]


class KestrelLLM(CustomLLM):  # type: ignore[misc]
    """A Kestrel model as a llama-index LLM. The profile's template is put around each prompt.

    llama-index mixes documents and its own words into one text, so all of it is taken for data: control tokens are
    broken up in it.
    """

    _model: LLM = PrivateAttr()

    def __init__(self, model: LLM, **settings: Any) -> None:
        super().__init__(**settings)
        self._model = model

    @property
    def metadata(self) -> LLMMetadata:
        profile = self._model.profile
        answer = profile.sampling.max_tokens
        return LLMMetadata(context_window=profile.window, num_output=answer, model_name=profile.name)

    @llm_completion_callback()  # type: ignore[untyped-decorator]
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        completion = self._model.complete(self._filled(prompt))
        return CompletionResponse(text=completion.text, additional_kwargs={"finish": completion.finish})

    @llm_completion_callback()  # type: ignore[untyped-decorator]
    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        def pieces() -> Iterator[CompletionResponse]:
            text = ""
            for piece in self._model.stream(self._filled(prompt)):
                text += piece
                yield CompletionResponse(text=text, delta=piece)

        return pieces()

    def _filled(self, prompt: str) -> str:
        profile = self._model.profile
        return fill(profile.template, neutralise(prompt, profile.control_tokens))


class LlamaIndexModel:
    """Any llama-index LLM as a Kestrel `LLM`: `Assistant.open("kb", llm=LlamaIndexModel(theirs))`.

    Its window is what its metadata states; tokens are estimated, never too low. What it raises becomes a
    `ModelServerFailed`, for its errors are those of its own client.
    """

    counts_locally = True

    def __init__(self, theirs: Any, profile: ModelProfile | None = None) -> None:
        self._theirs = theirs
        self.profile = profile or _profile(theirs.metadata)
        self.identity = (type(theirs).__name__, str(theirs.metadata.model_name))

    def complete(self, prompt: str, sampling: Sampling | None = None) -> Completion:
        return completed(self.stream(prompt, sampling))

    def stream(self, prompt: str, sampling: Sampling | None = None) -> CompletionStream:
        return CompletionStream(self._events(prompt, sampling or self.profile.sampling))

    def count(self, text: str) -> TokenCount:
        return estimate(text)

    def _events(self, prompt: str, sampling: Sampling) -> Iterator[Event]:
        shown = ""
        try:
            settings = {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
            for response in self._theirs.stream_complete(prompt, **settings):
                piece, shown = response.text[len(shown) :], response.text
                yield piece
        except Exception as error:  # every integration raises its own client's errors
            problem = f"{type(self._theirs).__name__} failed: {error}"
            if not shown:
                raise ModelServerFailed(problem, "See the documentation of that llama-index integration.") from error
            yield Completion(shown, "incomplete", problem=problem)
            return
        yield Completion(shown, "stop")


def _profile(metadata: LLMMetadata) -> ModelProfile:
    """llama-index applies templates itself, so the prompt is the user's message."""
    window = metadata.context_window if metadata.context_window > 0 else DEFAULT_WINDOW
    answer = metadata.num_output if metadata.num_output > 0 else DEFAULT_ANSWER
    return ModelProfile(
        metadata.model_name, window, window, overhead=window // 32, sampling=Sampling(min(answer, window // 4))
    )


def _node(hit: Hit) -> NodeWithScore:
    chunk = hit.chunk
    place = {
        "source": hit.source,
        "page": chunk.page,
        "label": hit.label,
        "start": chunk.start,
        "end": chunk.end,
        "document_id": chunk.document_id,
    }
    hidden = ["start", "end", "document_id"]  # for programs, not for the model
    node = TextNode(
        id_=f"{chunk.document_id}:{chunk.ordinal}",
        text=chunk.text,
        metadata=place,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=list(place),
    )
    return NodeWithScore(node=node, score=hit.score)
