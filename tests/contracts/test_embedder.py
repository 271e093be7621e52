"""What every `Embedder` keeps."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.embedders import EMBEDDERS, open_embedder
from ingest.embedders.minilm import MiniLM
from ingest.errors import EmbedderFailed, UnknownPart

PACKAGED = str(MiniLM().tokens.source.parent)  # a model folder that sentence-transformers reads, too
OPENED = {}

TEXTS = [
    "The warranty covers defects in material for two years.",
    "Two years of guarantee are given on faulty material.",
    "Bananas are yellow.",
    "",
    "word " * 200,
    "Grüße, 你好, مرحبا 🙂",
    "Bananas are yellow.",
]


@pytest.fixture(
    params=["hashing", "minilm", "minilm:f32", pytest.param(f"st:{PACKAGED}", marks=pytest.mark.slow, id="st")]
)
def embedder(request):
    """Opened once for all tests: a sentence-transformers model takes seconds."""
    if request.param not in OPENED:
        OPENED[request.param] = open_embedder(request.param)
    return OPENED[request.param]


def test_every_registered_embedder_is_under_this_contract():
    assert EMBEDDERS.names() == ["hashing", "minilm", "st"]


def test_rows_are_unit_vectors_in_the_order_given(embedder):
    rows = embedder.embed_documents(TEXTS)
    assert rows.shape == (len(TEXTS), embedder.model.dimension)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = np.vstack([embedder.embed_documents([text]) for text in TEXTS])
    assert (rows * alone).sum(1).min() > 0.9995, "a text's vector does not depend on its company"


def test_nothing_gives_nothing(embedder):
    assert embedder.embed_documents([]).shape == (0, embedder.model.dimension)


def test_equal_texts_are_nearest_and_related_ones_nearer_than_others(embedder):
    rows = embedder.embed_documents(TEXTS)
    cosines = rows @ rows.T
    assert cosines[2, 6] > 0.9999
    assert cosines[0, 1] > cosines[0, 2] + 0.1


def test_a_question_is_compared_with_documents(embedder):
    query = embedder.embed_query(TEXTS[0])
    assert query.shape == (1, embedder.model.dimension)
    assert query.dtype == np.float32
    assert (embedder.embed_documents(TEXTS) @ query[0]).argmax() == 0


def test_the_same_text_gives_the_same_bits(embedder):
    assert np.array_equal(embedder.embed_query(TEXTS[0]), embedder.embed_query(TEXTS[0]))
    assert np.array_equal(embedder.embed_documents(TEXTS), embedder.embed_documents(TEXTS))


def longest(embedder):
    """A text of exactly the longest length, and one word more."""
    special = 0 if embedder.model.name == "hashing" else 2
    count = embedder.max_tokens - special
    return "word " * count, "word " * (count + 1)


def test_the_longest_text_is_read_whole_and_a_longer_one_refused(embedder):
    fits, exceeds = longest(embedder)
    assert embedder.embed_documents([fits]).shape == (1, embedder.model.dimension)
    with pytest.raises(EmbedderFailed, match=r"A text of 257 .* exceeds the 256 .*'word word") as failure:
        embedder.embed_documents(["short", exceeds])
    assert "chunker" in failure.value.remedy


def test_a_long_question_is_cut(embedder):
    fits, exceeds = longest(embedder)
    cosine = float((embedder.embed_query(exceeds * 100) @ embedder.embed_query(fits).T)[0, 0])
    assert cosine > 0.9999


def test_its_name_opens_it_again(embedder):
    again = open_embedder(embedder.model.name)
    assert again.model == embedder.model
    assert 8 <= len(again.model.fingerprint) <= 64


@given(st.text(max_size=300))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_token_starts_ascend_inside_the_text(embedder, text):
    starts = embedder.tokens.starts(text)
    assert starts.dtype == np.int64
    assert (np.diff(starts) >= 0).all()
    assert not len(starts) or 0 <= starts[0] <= starts[-1] < len(text)


def test_tokens_cross_process_borders(embedder):
    copy = pickle.loads(pickle.dumps(embedder.tokens))
    assert copy.starts(TEXTS[0]).tolist() == embedder.tokens.starts(TEXTS[0]).tolist()


def test_odd_characters_are_embedded(embedder):
    rows = embedder.embed_documents(["\udc80 lone surrogate", "\x00\x01", "\u2028", "ﷺ"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_threads_share_one_object(embedder):
    alone = [embedder.embed_documents([text, "other"]) for text in TEXTS] + [embedder.embed_query(t) for t in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        documents = [pool.submit(embedder.embed_documents, [text, "other"]) for text in TEXTS]
        questions = [pool.submit(embedder.embed_query, text) for text in TEXTS]
    together = [future.result() for future in [*documents, *questions]]
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_an_unknown_embedder_is_named():
    with pytest.raises(UnknownPart, match=r"There is no 'minilmm' among the embedders\. Did you mean 'minilm'"):
        open_embedder("minilmm")


def test_a_class_of_ones_own_is_named_by_its_module():
    assert open_embedder("ingest.embedders.hashing:HashingEmbedder").model.name == "hashing"
    with pytest.raises(UnknownPart, match=r"No module named 'no_such_module'"):
        open_embedder("no_such_module:Embedder")
