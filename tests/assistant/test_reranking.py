"""A real cross-encoder, made here and trained to like one word, orders what the search found."""

import pytest

from assistant.reranking import CrossEncoderReranker
from assistant.retrieval import Query, retrieve
from assistant.stopwatch import Stopwatch
from ingest.documents import Chunk, Hit
from ingest.errors import EmbedderFailed

pytestmark = pytest.mark.slow  # sentence-transformers takes seconds to import

TEXTS = ["the train leaves at nine", "the kestrel hovers over the field", "receipts are kept for ten years"]
HITS = [Hit(Chunk(n, "d", n, 0, len(text), text), 1.0 / (n + 1), "a.txt") for n, text in enumerate(TEXTS)]


class Found:
    """A retriever that always finds the same."""

    def retrieve(self, question, k, only=None):
        return HITS[:k]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """A one-layer BERT whose score is the bias plus the embedding of the word "kestrel", by construction."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("cross-encoder")
    words = sorted({word for text in TEXTS for word in text.split()} | {"which", "bird"})
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]), encoding="utf-8")
    BertWordPieceTokenizer(str(vocabulary))
    tokenizer = BertTokenizerFast(vocab_file=str(vocabulary), model_max_length=64)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=1,
    )
    encoder = BertForSequenceClassification(config)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.01)
    batch = tokenizer([("which bird", text) for text in TEXTS], padding=True, return_tensors="pt")
    wanted = torch.tensor([[float("kestrel" in text)] for text in TEXTS])
    for _ in range(60):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(encoder(**batch).logits, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.filterwarnings("ignore")
def test_the_cross_encoder_decides_the_order(model):
    watch = Stopwatch()
    hits = retrieve(Found(), CrossEncoderReranker(model), Query("which bird", 2), watch)
    assert list(watch.stages) == ["search", "rerank"]
    assert hits[0].chunk.text == "the kestrel hovers over the field"
    assert len(hits) == 2
    assert hits[0].score > hits[1].score


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EmbedderFailed, match="no-such-model"):
        CrossEncoderReranker(str(tmp_path / "no-such-model"))
