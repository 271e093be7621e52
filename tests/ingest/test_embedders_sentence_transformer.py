"""Models of sentence-transformers, and the default embedder beside the same model run by it."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.chunkers import open_chunker
from ingest.documents import Document
from ingest.embedders import open_embedder
from ingest.embedders.minilm import MiniLM
from ingest.errors import EmbedderFailed, UsageError

PACKAGED = MiniLM().tokens.source.parent


@pytest.fixture(scope="module")
def reference():
    """The packaged model as sentence-transformers runs it, in float32 where there is no GPU."""
    return open_embedder(f"st:{PACKAGED}")


@pytest.fixture(scope="module")
def chunks(shared_data):
    """1,000 real chunks, from five kinds of text."""
    chunker = open_chunker("sentence", MiniLM())
    found = []
    for path in sorted((shared_data / "chunking_eval/corpora").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        found.append([text[span.start : span.end] for span in chunker.split(Document("", text, path.name))[:300]])
    even = [chunk for group in found for chunk in group]
    assert len(even) >= 800
    extra = (shared_data / "cranfield/cran.all.1400").read_text(encoding="latin-1")
    even += [extra[span.start : span.end] for span in chunker.split(Document("", extra, "cranfield"))]
    return even[:1000]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_default_embedder_makes_the_same_vectors(reference, chunks):
    assert len(chunks) == 1000
    expected = reference.embed_documents(chunks)
    for precision, least in (("f32", 0.9999), ("bf16", 0.999)):
        cosines = (open_embedder(f"minilm:{precision}").embed_documents(chunks) * expected).sum(1)
        assert cosines.min() >= least, precision


@pytest.mark.slow
def test_questions_are_the_same_too(reference):
    questions = ["What does the warranty cover?", "", "word " * 400, "Wie hoch ist die Kaution?"]
    for question in questions:
        cosine = float((reference.embed_query(question) @ open_embedder("minilm:f32").embed_query(question).T)[0, 0])
        assert cosine >= 0.9999, question


@pytest.mark.slow
def test_the_fingerprint_is_of_weights_not_of_places(reference, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in PACKAGED.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(PACKAGED)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert open_embedder(f"st:{copy}").model.fingerprint == reference.model.fingerprint
    config = copy / "1_Pooling" / "config.json"
    changed = config.read_text().replace('"pooling_mode_cls_token": false', '"pooling_mode_cls_token": true')
    config.write_text(changed.replace('"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": false'))
    assert open_embedder(f"st:{copy}").model.fingerprint != reference.model.fingerprint


def test_a_name_is_needed():
    with pytest.raises(UsageError, match=r"Such as: --embedder st:.*multilingual"):
        open_embedder("st:")


@pytest.mark.parametrize("path", ["/no/such/folder", "./no-such-folder", "~/no-such-folder", "no/such/folder"])
def test_a_folder_that_is_absent(path):
    with pytest.raises(EmbedderFailed, match=f"There is no folder {path}"):
        open_embedder(f"st:{path}")


@pytest.mark.slow
def test_a_folder_that_holds_no_model(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(EmbedderFailed, match=f"sentence-transformers cannot load {tmp_path}"):
        open_embedder(f"st:{tmp_path}")


@pytest.mark.slow
def test_a_model_that_is_neither_here_nor_within_reach(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EmbedderFailed, match=r"'no/such-model' is not on this machine.*cannot be reached") as failure:
        open_embedder("st:no/such-model")
    assert "st:/path/to/model" in failure.value.remedy


@pytest.mark.gpu
def test_a_gpu_is_used_and_changes_nothing(reference):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    assert reference._encoder.device.type == "cuda"
    texts = ["What does the warranty cover?", "word " * 250]
    cosines = (reference.embed_documents(texts) * open_embedder("minilm:f32").embed_documents(texts)).sum(1)
    assert np.all(cosines >= 0.999)
