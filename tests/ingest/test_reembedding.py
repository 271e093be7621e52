"""Another embedding model under the same documents: same chunks and names, its own vectors, nothing read again."""

from __future__ import annotations

import numpy as np
import pytest

from ingest import pipeline
from ingest.errors import KnowledgeBaseMismatch
from ingest.headers import embedding_hash, embedding_text
from ingest.knowledge_base import KnowledgeBase
from ingest.reembedding import reembed

TEXTS = {"mill.md": "# The mill\n\nIt was built in 1875.\n", "copy.md": "# The mill\n\nIt was built in 1875.\n"}
TEXTS |= {f"town-{n}.md": f"# Town {n}\n\n" + f"Town {n} has {n * 7} wells. " * 60 for n in range(1, 6)}


@pytest.fixture
def knowledge(tmp_path):
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as opened:
        list(pipeline.add(opened, [tmp_path / "docs"]))
        yield opened


def test_chunks_and_names_stay_and_vectors_are_those_of_the_new_model(knowledge, tmp_path):
    with KnowledgeBase.open(tmp_path / "other", embedder="minilm", create=True) as into:
        assert list(reembed(knowledge, into)) == [1, 2, 3, 4, 5, 6]
        assert sorted(into.sources(), key=lambda each: each.uri) == sorted(
            knowledge.sources(), key=lambda each: each.uri
        )
        for source in into.sources():
            before, entry = knowledge.store.entry(source), into.store.entry(source)
            assert (entry.document, entry.spans) == (before.document, before.spans)
            title, text = entry.document.title, entry.document.text
            texts = [embedding_text(title, span.heading, text[span.start : span.end]) for span in entry.spans]
            assert entry.hashes == tuple(map(embedding_hash, texts))
            made = into.embedder.embed_documents(texts)
            np.testing.assert_allclose(entry.vectors, made, atol=2e-3)  # stored as half floats
        assert into.search("How many wells has town 3?", 1)[0].source.endswith("town-3.md")


def test_run_again_it_makes_only_what_is_not_there(knowledge, tmp_path):
    with KnowledgeBase.open(tmp_path / "other", embedder="minilm", create=True) as into:
        begun = reembed(knowledge, into)
        assert [next(begun), next(begun)] == [1, 2]
        begun.close()
        assert list(reembed(knowledge, into)) == [1, 2, 3, 4]
        assert list(reembed(knowledge, into)) == []


def test_vectors_of_two_models_are_not_mixed(knowledge, tmp_path):
    with KnowledgeBase.open(tmp_path / "other", embedder="minilm", create=True) as into:
        list(reembed(knowledge, into))
    with KnowledgeBase.open(tmp_path / "other", embedder="hashing") as wrong, pytest.raises(KnowledgeBaseMismatch):
        list(reembed(knowledge, wrong))
