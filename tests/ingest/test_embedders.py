"""The default embedder against an oracle, its cache, and what it must not do; hashing against values."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from ingest.embedders import minilm, open_embedder, packaged_model
from ingest.embedders.converted_model import ModelCache
from ingest.embedders.hashing import HashingEmbedder
from ingest.embedders.length_batches import length_batches
from ingest.embedders.minilm import MiniLM
from ingest.errors import EmbedderFailed, UsageError
from tests.support import bert

TEXTS = [
    "What does the warranty cover?",
    "The warranty covers defects in material and workmanship for a period of two years from the date of purchase.",
    "Unaffable café owners (all 42 of them) paid $3.50; 你好, Grüße!",
    "word " * 60,
    "",
]

# The first six of the 384 coordinates that sentence-transformers 5.7 gives to TEXTS[0] in float32.
PUBLISHED = [-0.1003118, 0.0928082, 0.0825493, -0.0096525, 0.0177833, 0.0225730]


@pytest.fixture(scope="module")
def weights():
    return load_file(MiniLM().tokens.source.parent / "model.safetensors")


@pytest.fixture(scope="module")
def expected(weights):
    return np.array([bert.embed(weights, ids) for ids in MiniLM().tokens.encode(TEXTS)])


@pytest.mark.parametrize(("precision", "least"), [("f32", 0.999999), ("bf16", 0.999)])
def test_vectors_are_those_of_the_published_model(expected, precision, least):
    embedder = open_embedder(f"minilm:{precision}")
    assert (embedder.embed_documents(TEXTS) * expected).sum(1).min() > least
    assert min(float(embedder.embed_query(t)[0] @ row) for t, row in zip(TEXTS, expected, strict=True)) > least


def test_the_oracle_is_the_published_model(expected):
    np.testing.assert_allclose(expected[0, :6], PUBLISHED, atol=1e-6)


def test_precisions_share_a_fingerprint():
    assert open_embedder("minilm:f32").model == open_embedder("minilm:bf16").model == open_embedder("minilm").model


def test_an_unknown_precision_is_refused():
    with pytest.raises(UsageError, match=r"There is no precision 'int8' for minilm\. Known: f32, bf16"):
        open_embedder("minilm:int8")


def test_a_missing_package_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(packaged_model, "PACKAGE", "no-such-package")
    with pytest.raises(EmbedderFailed, match=r"there is no package no-such-package\. Run: pip install"):
        MiniLM()


@pytest.fixture
def copied_package(tmp_path, monkeypatch):
    """A copy of the package's folder, put in the place of the real one."""
    folder = tmp_path / "package" / "model"
    shutil.copytree(MiniLM().tokens.source.parent, folder)
    monkeypatch.setattr(packaged_model, "folder", lambda: folder)
    return folder


def change_one_byte(path):
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1000, os.SEEK_END)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_altered_files_are_refused(copied_package, tmp_path, name):
    change_one_byte(copied_package / name)
    with pytest.raises(EmbedderFailed, match=f"{name} is not the published model: its sha256 is") as failure:
        MiniLM(cache=ModelCache(tmp_path / "cache")).embed_query("anything")
    assert "--force-reinstall" in failure.value.remedy
    assert not (tmp_path / "cache").exists()


def test_absent_files_are_named(copied_package, tmp_path):
    (copied_package / "model.safetensors").unlink()
    with pytest.raises(EmbedderFailed, match=r"model\.safetensors cannot be read: No such file"):
        MiniLM(cache=ModelCache(tmp_path / "cache")).embed_query("anything")


@pytest.fixture
def cache(tmp_path):
    return ModelCache(tmp_path / "cache")


def conversions(monkeypatch):
    """A list that grows with every conversion from here on."""
    done = []
    convert = minilm._convert
    monkeypatch.setattr(minilm, "_convert", lambda *given: done.append(given) or convert(*given))
    return done


def test_the_model_is_converted_once(cache, monkeypatch):
    done = conversions(monkeypatch)
    vectors = [MiniLM("f32", cache=cache).embed_query(TEXTS[0]) for _ in range(2)]
    assert len(done) == 1
    assert all(np.array_equal(vectors[0], vector) for vector in vectors)
    assert [path.suffix for path in cache.folder.iterdir()] == [".blob"]


def test_a_damaged_copy_is_made_anew(cache, monkeypatch, caplog):
    expected = MiniLM("f32", cache=cache).embed_query(TEXTS[0])
    done = conversions(monkeypatch)
    (path,) = cache.folder.iterdir()
    change_one_byte(path)
    for _ in range(2):
        assert np.array_equal(MiniLM("f32", cache=cache).embed_query(TEXTS[0]), expected)
    assert len(done) == 1
    assert caplog.text.count("is damaged and is made anew") == 1


def test_a_folder_that_cannot_be_written_is_reported_and_done_without(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        embedder = MiniLM("f32", cache=ModelCache(tmp_path / "file" / "cache"))
        embedder.embed_query(TEXTS[0])
        embedder.embed_documents(TEXTS)
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == [
        f"The converted model cannot be kept in {tmp_path / 'file' / 'cache'}"
    ]


def test_the_cache_keeps_what_it_was_given(cache):
    blob = np.arange(100, dtype=np.uint8)
    assert cache.read("model") is None
    cache.write("model", blob)
    assert cache.read("model").tobytes() == blob.tobytes()
    assert [path.name for path in cache.folder.iterdir()] == ["model.blob"]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 1000, 4127])
def test_a_copy_cut_short_is_not_used(cache, length):
    cache.write("model", np.zeros(4096, np.uint8))
    os.truncate(cache.folder / "model.blob", length)
    assert cache.read("model") is None


def test_a_copy_with_a_changed_byte_is_not_used(cache):
    cache.write("model", np.zeros(4096, np.uint8))
    change_one_byte(cache.folder / "model.blob")
    assert cache.read("model") is None


ALONE = """
import socket, sys
def refuse(*_): raise SystemExit("a connection was tried")
socket.socket.connect = socket.getaddrinfo = refuse
from ingest.embedders import open_embedder
embedder = open_embedder("minilm")
embedder.embed_query("question"), embedder.embed_documents(["document"])
print(*(name for name in sys.modules))
"""


def test_nothing_is_reported_to_anyone():
    """`import openvino` on its own imports its converter, which sends a telemetry event while it is imported."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "openvino" in loaded
    assert not {name for name in loaded if name.startswith(("openvino.tools", "openvino_telemetry"))}
    assert loaded.isdisjoint({"torch", "transformers", "sentence_transformers", "llama_index", "urllib.request"})


def test_the_converter_can_still_be_imported_by_others():
    code = "from ingest.embedders.openvino_runtime import load_openvino, CONVERTER; import sys; load_openvino()\n"
    code += "import importlib.util; print(CONVERTER in sys.modules, importlib.util.find_spec(CONVERTER) is not None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(10, 200))
def test_batches_hold_each_sequence_once_within_the_budget(lengths, budget):
    sequences = [[index + 1] * length for index, length in enumerate(lengths)]
    batches = list(length_batches(sequences, budget))
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(lengths)))
    for batch in batches:
        assert batch.ids.size <= budget or len(batch.rows) == 1
        assert batch.ids.shape[1] == max(lengths[row] for row in batch.rows)
        for row, ids, mask in zip(batch.rows, batch.ids, batch.mask, strict=True):
            assert ids[mask == 1].tolist() == sequences[row]
            assert not ids[mask == 0].any()


def test_hashing_counts_words():
    embedder = HashingEmbedder()
    (one,) = embedder.embed_documents(["warranty"])
    assert sorted(set(np.abs(one).tolist())) == [0, 1], "one word, one coordinate"
    assert embedder.embed_query("Warranty!") @ one == 1, "case and marks do not count"
    both = embedder.embed_query("warranty period")[0]
    assert both @ one == pytest.approx(1 / np.sqrt(2))
    often = embedder.embed_query("warranty warranty warranty warranty period")[0]
    assert often @ one == pytest.approx(2 / np.sqrt(5))


def test_hashing_is_the_same_everywhere():
    row = HashingEmbedder().embed_query("the warranty covers defects")[0]
    found = {int(place): float(row[place]) for place in np.flatnonzero(row)}
    assert found == {277: 0.5, 430: 0.5, 558: -0.5, 942: -0.5}


def test_an_interrupted_call_leaves_nothing_behind(monkeypatch):
    embedder = MiniLM("f32")
    expected = embedder.embed_documents(TEXTS)

    def interrupted(sequences, budget):
        yield from list(length_batches(sequences, budget))[:1]
        raise KeyboardInterrupt

    monkeypatch.setattr(minilm, "length_batches", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embedder.embed_documents(["something else"] * 40)
    monkeypatch.undo()
    assert np.array_equal(embedder.embed_documents(TEXTS), expected)


def test_what_openvino_raises_is_told_as_an_error_of_ours(cache):
    name = minilm.converted_name("f32")
    cache.write(name, np.zeros(4096, np.uint8))
    with pytest.raises(EmbedderFailed, match=r"OpenVINO failed to load the converted model: \S") as failure:
        MiniLM("f32", cache=cache).embed_query("anything")
    assert failure.value.remedy == f"Delete {cache.folder / name}.blob"
