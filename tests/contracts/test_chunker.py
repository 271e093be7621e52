"""What every `Chunker` keeps, on documents made to break it."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunkers import CHUNKERS, open_chunker
from ingest.documents import Document, Heading
from ingest.embedders import open_embedder
from ingest.errors import EmbedderFailed, UnknownPart
from ingest.headers import embedding_text

EMBEDDERS = {name: open_embedder(name) for name in ("minilm", "hashing")}

words = st.lists(
    st.sampled_from(
        ["a", "unaffable", "x" * 99, "y" * 130, "3.14", "Dr.", "你好世界", "مرحبا", "🙂👩‍👩‍👧", "e\u0301" * 40, "ﷺ"]
    ),
    min_size=1,
    max_size=60,
)
between = st.sampled_from([" ", "\n", "\n\n", ". ", ".\n\n# ", ", ", "", "\u00a0", " " * 40, "\u2028", "\n- "])
texts = st.one_of(
    st.text(max_size=400),
    st.builds(lambda parts, gap, times: gap.join(parts) * times, words, between, st.integers(1, 40)),
    st.builds(lambda unit, times: unit * times, st.text(min_size=1, max_size=8), st.integers(0, 3000)),
    st.builds(
        lambda before, unit: before + unit * 2000, st.text(max_size=20), st.sampled_from([" ", "z", "你", "\x01"])
    ),
)
titles = st.one_of(st.just(""), st.text(max_size=30), st.sampled_from(["A plain title", "ﷺ" * 60, "x" * 300]))


@st.composite
def documents(draw):
    text = draw(texts)
    places = st.integers(0, max(0, len(text)))
    headings = draw(st.lists(st.builds(Heading, st.integers(1, 6), titles, places), max_size=6))
    return Document("0" * 64, text, "a file", title=draw(titles), headings=tuple(headings))


@pytest.fixture(params=CHUNKERS.names())
def name(request):
    return request.param


def check(spans, document, embedder):
    before = 0
    for span in spans:
        text = document.text[span.start : span.end]
        assert before <= span.start, "spans ascend and are disjoint"
        assert not document.text[before : span.start].strip(), "nothing but white space is left out"
        assert text, "no span is empty"
        assert text == text.strip()
        embedded = embedding_text(document.title, span.heading, text)
        assert embedder.embed_documents([embedded]).shape == (1, embedder.model.dimension), "it can be embedded"
        before = span.end
    assert not document.text[before:].strip()


class Counting:
    """An embedder that refuses as the real one does, without the work of embedding."""

    def __init__(self, embedder):
        self.tokens, self.max_tokens, self.model = embedder.tokens, embedder.max_tokens, embedder.model
        self._special = 2 if embedder.model.name == "minilm" else 0

    def embed_documents(self, embedded):
        import numpy as np

        count = len(self.tokens.starts(embedded[0])) + self._special
        assert count <= self.max_tokens, f"{count} tokens in {embedded[0][:80]!r}"
        return np.zeros((1, self.model.dimension))


@pytest.mark.parametrize("embedder", EMBEDDERS)
@given(documents())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_spans_cover_the_text_and_fit_the_embedder(name, embedder, document):
    counting = Counting(EMBEDDERS[embedder])
    check(open_chunker(name, EMBEDDERS[embedder]).split(document), document, counting)


def test_real_chunks_are_embedded(name):
    text = "The first sentence of this paragraph is about chunks. " * 60 + "\n\n" + "z" * 5000 + "\n\n你好。" * 300
    document = Document("0" * 64, text, "a file", title="Title", headings=(Heading(1, "Section", 0),))
    spans = open_chunker(name, EMBEDDERS["minilm"]).split(document)
    assert len(spans) > 5
    check(spans, document, EMBEDDERS["minilm"])


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n", "\u00a0\u2003"])
def test_a_blank_document_has_no_chunks(name, text):
    assert open_chunker(name, EMBEDDERS["minilm"]).split(Document("0" * 64, text, "a file")) == []


def test_equal_documents_are_cut_equally_in_any_process(name):
    document = Document("0" * 64, "One sentence. Another one, longer. " * 80, "a file")
    chunker = open_chunker(name, EMBEDDERS["minilm"])
    sent = pickle.dumps(chunker)
    assert len(sent) < 1000
    assert pickle.loads(sent).split(document) == chunker.split(document)


def test_an_unknown_chunker_is_named():
    with pytest.raises(UnknownPart, match=r"There is no 'sentense' among the chunkers\. Did you mean 'sentence'"):
        open_chunker("sentense", EMBEDDERS["hashing"])


def test_an_embedder_must_read_enough():
    short = Counting(EMBEDDERS["hashing"])
    short.max_tokens = 64
    with pytest.raises(EmbedderFailed, match="hashing reads only 64 tokens at once; 128 are needed"):
        open_chunker("sentence", short)
