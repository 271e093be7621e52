"""Token starts against the tokenizer itself."""

from __future__ import annotations

import json
import pickle
import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.embedders.minilm import MiniLM
from ingest.errors import EmbedderFailed
from ingest.tokens import PIECE, JsonTokens, WordTokens, pieces

TOKENIZER = MiniLM().tokens.source


@pytest.fixture(scope="module")
def tokens():
    return JsonTokens(TOKENIZER)


@cache
def tokenizer():
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(TOKENIZER))
    loaded.no_truncation()
    loaded.no_padding()
    return loaded


def reference(text):
    """What the tokenizer says of the whole text at once."""
    return [start for start, _ in tokenizer().encode(text, add_special_tokens=False).offsets]


def test_starts_are_those_of_the_word_pieces(tokens):
    assert tokens.starts("Unaffable café, 你好!").tolist() == [0, 3, 6, 10, 14, 16, 17, 18]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\x00"])
def test_a_text_without_tokens_has_none(tokens, text):
    assert tokens.starts(text).tolist() == []


def test_saved_truncation_does_not_cut(tokens):
    assert len(tokens.starts("word " * 1000)) == 1000


@given(st.lists(st.text(alphabet="abc é.,你🙂\n", max_size=9), max_size=40).map(" ".join))
def test_short_texts_are_tokenised_as_a_whole(text):
    assert JsonTokens(TOKENIZER).starts(text).tolist() == reference(text)


def test_long_texts_are_tokenised_as_a_whole(tokens):
    text = "".join(f"Sentence number {n} ends here.\n" for n in range(3 * PIECE // 30))
    assert len(text) > 2 * PIECE
    assert tokens.starts(text).tolist() == reference(text)


@given(st.text(alphabet="ab \n", max_size=200), st.integers(1, 30))
def test_pieces_partition_the_text(text, size):
    cuts = list(pieces(text, size))
    assert "".join(text[begin:end] for begin, end in cuts) == text
    assert all(0 < end - begin <= size for begin, end in cuts)
    inside = [end for _, end in cuts[:-1]]
    assert all(text[end].isspace() or " " not in text[end - size + 1 : end].replace("\n", " ") for end in inside)


@pytest.mark.parametrize("text", ["x" * 2_000_000, "x " * 1_000_000, " " * 2_000_000, "你" * 300_000])
def test_time_is_linear(tokens, text):
    tokens.load()

    def seconds(share):
        begin = time.process_time()
        tokens.starts(share)
        return time.process_time() - begin

    assert seconds(text) < 16 * seconds(text[: len(text) // 4]) + 0.1


def test_lone_surrogates_keep_the_offsets(tokens):
    assert tokens.starts("a \udc80 b").tolist() == tokens.starts("a ? b").tolist()


def test_the_content_of_the_file_serves_as_well(tokens):
    content = TOKENIZER.read_text(encoding="utf-8")
    assert JsonTokens(content).starts("Hello there").tolist() == tokens.starts("Hello there").tolist()


def test_special_tokens_are_in_the_ids_only(tokens):
    assert tokens.encode(["Hello", ""]) == [[101, 7592, 102], [101, 102]]


def test_it_crosses_process_borders(tokens):
    assert len(pickle.dumps(tokens)) < 500
    assert pickle.loads(pickle.dumps(tokens)) == tokens


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"version": "1.0"})])
def test_what_is_no_tokenizer_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(EmbedderFailed, match=r"tokenizer\.json cannot be read as a tokenizer"):
        JsonTokens(path).load()
    with pytest.raises(EmbedderFailed, match="the tokenizer given as text cannot be read"):
        JsonTokens(content).load()


def test_words_and_marks():
    assert WordTokens().starts("Don't stop, 5.5!").tolist() == [0, 3, 4, 6, 10, 12, 13, 14, 15]
    assert WordTokens().starts("x" * 100).tolist() == [0, 32, 64, 96]
