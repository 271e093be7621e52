"""all-MiniLM-L6-v2 on OpenVINO, the default embedder: English, 384 dimensions, without torch."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from ingest.documents import Model
from ingest.embedders import bert_graph
from ingest.embedders.converted_model import ModelCache
from ingest.embedders.length_batches import length_batches
from ingest.embedders.openvino_runtime import Precision, core, failures, load_openvino, options, processor
from ingest.embedders.packaged_model import TOKENIZER_SHA256, WEIGHTS_SHA256, tokenizer_path, weights
from ingest.errors import EmbedderFailed, UsageError
from ingest.processors import processors
from ingest.tokens import PIECE, JsonTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.documents import FloatMatrix
    from ingest.embedders.converted_model import Blob

SHAPE = bert_graph.BertShape(layers=6, heads=12)
DIMENSION = 384

MOST_STREAMS = 16  # each takes 30 MB
BUDGET = 2048  # tokens in a batch: 4,096 is as fast, 8,192 a tenth slower (two streams, 128 chunks in a call)


class MiniLM:
    """The embedder `minilm`. One object may be shared by threads; a question does not wait for documents.

    `precision` "" takes bf16 where the processor multiplies it natively and f32 elsewhere; both make the same vectors
    (cosine >= 0.9998), so a knowledge base moves between machines and `fingerprint` does not tell them apart. The
    model is loaded at the first text, converted at the very first one. `threads` None takes every processor.
    """

    max_tokens = 256

    def __init__(self, precision: str = "", *, threads: int | None = None, cache: ModelCache | None = None) -> None:
        if precision and precision not in get_args(Precision):
            raise UsageError(
                f"There is no precision {precision!r} for minilm.", f"Known: {', '.join(get_args(Precision))}."
            )
        self.tokens = JsonTokens(tokenizer_path())
        self.model = Model("minilm", _fingerprint(), DIMENSION)
        self._precision = cast("Precision | None", precision or None)
        self._threads = threads or processors()
        self._cache = cache or ModelCache()
        self._blob: Blob | None = None
        self._streams = min(self._threads, MOST_STREAMS)
        self._queue: Any = None  # for documents
        self._request: Any = None  # for questions: one thread, which is ready 0.05 s sooner and as fast on a short text
        self._loading, self._documents, self._questions = Lock(), Lock(), Lock()

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """As `Embedder.embed_documents`. The GIL is free while it computes, so a thread can embed as others parse."""
        sequences = self.tokens.encode(texts)
        for text, sequence in zip(texts, sequences, strict=True):
            if len(sequence) > self.max_tokens:
                raise EmbedderFailed(
                    f"A text of {len(sequence)} tokens exceeds the {self.max_tokens} that minilm reads: {text[:60]!r}…",
                    "Cut it with a chunker of ingest.chunkers, made for this embedder.",
                )
        means = np.zeros((len(sequences), DIMENSION), np.float32)
        with self._documents:
            self._fill(means, sequences)
        return _unit(means)

    def embed_query(self, text: str) -> FloatMatrix:
        """As `Embedder.embed_query`. The same text gives the same bits on the same machine."""
        (sequence,) = self.tokens.encode([text[:PIECE]])
        if len(sequence) > self.max_tokens:
            sequence = [*sequence[: self.max_tokens - 1], sequence[-1]]
        ids = np.array([sequence], np.int32)
        with self._questions:
            if self._request is None:
                self._request = self._compiled(threads=1, streams=1).create_infer_request()
            with failures("to embed a question"):
                means = self._request.infer([ids, np.ones_like(ids)])[0]
            return _unit(np.array(means, np.float32))

    def _fill(self, means: FloatMatrix, sequences: Sequence[Sequence[int]]) -> None:
        # Whatever interrupts this leaves batches under way in the queue: it is put back only when it is empty.
        queue, self._queue = self._queue or self._open_queue(), None

        def store(request: Any, rows: Any) -> None:
            means[rows] = request.get_output_tensor(0).data

        queue.set_callback(store)
        share = sum(map(len, sequences)) // self._streams  # few texts are spread over the streams evenly
        with failures("to embed documents"):
            for batch in length_batches(sequences, min(BUDGET, max(self.max_tokens, share))):
                queue.start_async([batch.ids, batch.mask], batch.rows)
            queue.wait_all()
        self._queue = queue

    def _open_queue(self) -> Any:
        return load_openvino().AsyncInferQueue(self._compiled(self._threads, self._streams), self._streams)

    def _compiled(self, threads: int, streams: int) -> Any:
        with self._loading:
            precision = self._precision or ("bf16" if processor().bf16 else "f32")
            if self._blob is None:
                self._blob = self._load(precision)
        tensor = load_openvino().Tensor(self._blob, shared_memory=True)
        with failures("to load the converted model", f"Delete {self._cache.path(converted_name(precision))}"):
            return core().import_model(tensor, "CPU", options(precision, threads, streams))

    def _load(self, precision: Precision) -> Blob:
        """The compiled model from the cache, or from the weights and then into the cache."""
        name = converted_name(precision)
        with ThreadPoolExecutor(1) as pool:  # its checksum is made while the tokenizer loads
            stored = pool.submit(self._cache.read, name)
            self.tokens.load()
            blob = stored.result()
        if blob is None:
            blob = _convert(precision)
            self._cache.write(name, blob)
        return blob


def converted_name(precision: Precision) -> str:
    """The name of the compiled model in the cache: of weights, graph, runtime and processor."""
    key = (WEIGHTS_SHA256, str(bert_graph.VERSION), precision, processor().name, processor().openvino)
    return f"all-MiniLM-L6-v2-{precision}-{_digest(*key)}"


def _convert(precision: Precision) -> Blob:
    graph = bert_graph.build(weights(), SHAPE)
    with failures("to convert the model"):
        compiled = core().compile_model(graph, "CPU", options(precision, 1, 1))
        return np.frombuffer(compiled.export_model().getbuffer(), np.uint8)


def _fingerprint() -> str:
    """Over all that changes vectors. The header above a chunk is not in it: it is part of the text that is hashed."""
    return _digest(WEIGHTS_SHA256, TOKENIZER_SHA256, "mean", "unit", str(MiniLM.max_tokens))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _unit(rows: FloatMatrix) -> FloatMatrix:
    unit: FloatMatrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
