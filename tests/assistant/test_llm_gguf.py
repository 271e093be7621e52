"""A GGUF model inside the process: a real llama.cpp with a tiny Falcon of random weights."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from assistant.answers import Sampling, TokenCount
from assistant.errors import ModelMismatch, PromptOverflow
from assistant.llms import open_llm
from assistant.llms.gguf_file import read_header, with_window
from ingest.errors import UsageError
from tests.support.tiny_gguf import write_tiny_falcon

pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
pytest.importorskip("gguf", reason="the extra [test] is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gguf")


@pytest.fixture(scope="module")
def tiny(folder):
    return write_tiny_falcon(folder / "tiny.gguf", context_length=512)


@pytest.fixture(scope="module")
def alfred_path(folder):
    """As the converter writes it: 2,048 tokens and no RoPE base."""
    return write_tiny_falcon(folder / "alfred-40b-1023.Q4_K_M.gguf", name="alfred")


@pytest.fixture(scope="module")
def alfred(alfred_path):
    model = open_llm(f"gguf:{alfred_path}")
    yield model
    model.close()


def test_alfred_gets_its_window_its_template_and_its_end(alfred):
    assert (alfred.profile.name, alfred.profile.window) == ("alfred-40b-1023", 8192)
    assert alfred.profile.stop == ("<end_message>",)


def test_a_prompt_beyond_what_the_file_states_is_answered(alfred):
    prompt = alfred.profile.template.replace("{prompt}", "in the " * 1000)
    count = alfred.count(prompt)
    assert count.exact
    assert 3000 < count.tokens < 8000
    completion = alfred.complete(prompt, Sampling(max_tokens=3))
    assert (completion.prompt_tokens, completion.finish) == (count.tokens, "length")


def test_tokens_are_llama_cpps_own(alfred):
    assert alfred.count("<end_message>") == TokenCount(1, exact=True)
    assert alfred.count("the in") == TokenCount(3, exact=True)
    assert alfred.count("xyz") == TokenCount(3, exact=True)
    assert alfred.count("") == TokenCount(0, exact=True)


def test_greedy_answers_repeat_and_pieces_make_the_text(alfred):
    stream = alfred.stream("in the", Sampling(max_tokens=20))
    shown = "".join(stream)
    assert stream.completion.text == shown
    assert stream.completion.output_tokens == 20
    assert alfred.complete("in the", Sampling(max_tokens=20)).text == shown


def test_a_prompt_beyond_the_window(alfred):
    with pytest.raises(PromptOverflow) as raised:
        alfred.complete("x" * 9000)
    assert (raised.value.given, raised.value.limit) == (9000, 8192)


def test_a_cancelled_answer_frees_the_model(alfred):
    stream = alfred.stream("in the", Sampling(max_tokens=4000))
    next(stream)
    stream.close()
    assert stream.completion.finish == "incomplete"
    assert alfred.complete("in the", Sampling(max_tokens=1)).output_tokens == 1


def test_the_rope_base_of_the_profile_is_used(alfred, alfred_path, tmp_path):
    """The same weights at the base that the file lacks: over a long prompt they answer otherwise."""
    other = tmp_path / "other.toml"
    other.write_text('[other]\nwindow = 8192\ntemplate = "{prompt}"\nmodels = ["alfred*"]\n')
    prompt, sampling = "in the quick brown " * 200, Sampling(max_tokens=8)
    same = open_llm(f"gguf:{alfred_path}", "alfred-40b-1023")
    without = open_llm(f"gguf:{alfred_path}", str(other), any_model=True)
    try:
        assert same.complete(prompt, sampling).text == alfred.complete(prompt, sampling).text
        assert without.complete(prompt, sampling).text != alfred.complete(prompt, sampling).text
    finally:
        same.close()
        without.close()


def test_an_unknown_model_is_served_as_its_file_states(tiny):
    model = open_llm(f"gguf:{tiny}")
    assert (model.profile.name, model.profile.window) == ("chat", 512)
    assert model.complete("Hello", Sampling(max_tokens=2)).output_tokens == 2
    model.close()
    assert list(tiny.parent.glob("tiny.window-*")) == []


def test_another_profile_than_the_file_shows_is_a_mismatch(alfred_path):
    with pytest.raises(ModelMismatch, match=r"'falcon-mamba-7b-instruct' was asked for, but .* serves 'alfred'"):
        open_llm(f"gguf:{alfred_path}", "falcon-mamba-7b-instruct")


def test_the_header(tiny, alfred_path):
    header = read_header(tiny)
    assert (header.name, header.architecture, header.context_length) == ("tiny", "falcon", 512)
    (stated,) = struct.unpack_from("<I", tiny.read_bytes(), header.context_offset)
    assert stated == 512
    assert read_header(alfred_path).context_length == 2048


def test_a_copy_with_another_window_is_made_once_and_differs_in_it_alone(tmp_path):
    path = write_tiny_falcon(tmp_path / "m.gguf", context_length=512)
    header = read_header(path)
    assert with_window(path, header, 512) == path
    copy = with_window(path, header, 4096)
    assert copy == tmp_path / "m.window-4096.gguf"
    assert read_header(copy).context_length == 4096
    before, after = path.read_bytes(), copy.read_bytes()
    end = header.context_offset + 4
    assert (before[: header.context_offset], before[end:]) == (after[: header.context_offset], after[end:])
    made = copy.stat().st_mtime_ns
    assert with_window(path, header, 4096).stat().st_mtime_ns == made
    assert read_header(path).context_length == 512


def test_no_room_for_a_copy_names_the_other_way(tmp_path, monkeypatch):
    path = write_tiny_falcon(tmp_path / "m.gguf")

    def full(source, target):
        Path(target).write_bytes(b"part")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assistant.llms.gguf_file._copy", full)
    with pytest.raises(UsageError, match=r"No space left.*gguf-set-metadata .*m.gguf falcon.context_length 8192"):
        with_window(path, read_header(path), 8192)
    assert [file.name for file in tmp_path.iterdir()] == ["m.gguf"]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "does not begin with GGUF"),
        (b"<html>", "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1 of the format is not known"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2), "unpack requires"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 60), "a text of 1152921504606846976 bytes is damage"),
        (
            b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<I", 99),
            "the kind of value 99 is not known",
        ),
    ],
)
def test_what_is_no_gguf_file(tmp_path, data, match):
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=f"bad.gguf is not a GGUF model: .*{match}"):
        open_llm(f"gguf:{path}")
