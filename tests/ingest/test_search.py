"""Fusion and question handling, by values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import NothingIndexed, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.questions import named, parts
from ingest.search import SearchSettings, fuse

scores = st.dictionaries(st.integers(1, 50), st.floats(0.01, 1), max_size=20)


def test_fusion_brings_both_scores_to_one_scale():
    fused = fuse({1: 0.9, 2: 0.5, 3: 0.4}, {2: 8.0, 4: 2.0}, floor=0.4, settings=SearchSettings(dense=0.5))
    assert fused == pytest.approx({1: 0.5, 2: 0.5 * 0.2 + 0.5, 3: 0.0, 4: 0.5 * 0.25})


@given(scores, scores, st.floats(0, 1))
def test_fused_scores_stay_between_0_and_1_and_cover_both_lists(dense, words, weight):
    fused = fuse(dense, words, min(dense.values(), default=0.0), SearchSettings(dense=weight))
    assert fused.keys() == dense.keys() | words.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(scores, scores)
def test_scaling_either_score_changes_nothing(dense, words):
    settings = SearchSettings()
    once = fuse(dense, words, min(dense.values(), default=0.0), settings)
    half = {chunk: score / 2 for chunk, score in dense.items()}
    again = fuse(half, {chunk: 3 * score for chunk, score in words.items()}, min(half.values(), default=0.0), settings)
    assert again == pytest.approx(once)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is covered?", []),
        ("What does the plan cover, and how do I apply for it?", ["What does the plan cover", "how do I apply for it"]),
        (
            "Who is Ada Lovelace? When did she work with Babbage?",
            ["Who is Ada Lovelace", "When did she work with Babbage"],
        ),
        ("What are bread and butter pudding recipes?", []),
    ],
)
def test_a_question_that_asks_two_things_has_two_parts(question, expected):
    assert parts(question) == expected


def test_a_question_names_the_document_that_holds_its_rare_words():
    names = ["Northwind_Standard_Benefits", "Northwind_Health_Plus_Benefits", "employee_handbook"]
    shares = named("What does Northwind Standard pay?", names)
    assert shares[0] == 1
    assert 0 < shares[1] < 0.7
    assert shares[2] == 0


def test_words_that_all_names_share_name_none():
    assert named("What is in the Northwind report?", ["Northwind report 2021", "Northwind report 2022"]) == [0, 0]


def test_asking_for_nothing_says_so(tmp_path):
    with KnowledgeBase.open(tmp_path, embedder="hashing", create=True) as knowledge:
        with pytest.raises(UsageError, match="question is empty"):
            knowledge.search("   ")
        with pytest.raises(UsageError, match="k is 0"):
            knowledge.search("leave", 0)
        with pytest.raises(NothingIndexed, match="holds no documents"):
            knowledge.search("leave")


def test_what_is_replaced_while_it_is_searched_is_found_in_its_new_version(tmp_path, monkeypatch):
    """Another process puts a new version in place of a document between its scores and its text."""
    from ingest.pipeline import add

    path = tmp_path / "lease.md"
    path.write_text("# Lease\n\nThe deposit is 1000 euros.\n")
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as kb:
        list(add(kb, [path]))
        read, searches = kb.store.hits, []

        def replaced_first(scored):
            searches.append(len(scored))
            if len(searches) == 1:
                path.write_text("# Lease\n\nThe deposit is 1200 euros.\n")
                list(add(kb, [path]))
            return read(scored)

        monkeypatch.setattr(kb.store, "hits", replaced_first)
        [hit] = kb.search("How much is the deposit?")
        assert "1200 euros" in hit.chunk.text
        assert len(searches) == 2
        assert kb.search("How much is the deposit?") == [hit]
        assert len(searches) == 3
