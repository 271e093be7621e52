"""What every `VectorIndex` keeps, against an oracle in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import EmbedderFailed, KnowledgeBaseMismatch
from ingest.indexes import INDEXES
from ingest.indexes.exact import ExactIndex
from ingest.indexes.faiss import FaissIndex
from ingest.indexes.fp16_file import read_fp16_index

DIMENSION = 16


def unit_rows(count, seed, dimension=DIMENSION):
    """Random unit vectors that half floats hold exactly, so that every exact index sees the same numbers."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


def faiss_fp16(ids, vectors):
    return FaissIndex.build(ids, vectors, "fp16")


def through_file(folder):
    def build(ids, vectors):
        path = folder / "index"
        with path.open("wb") as file:
            FaissIndex.build(ids, vectors, "fp16").write(file.write)
        return read_fp16_index(path)

    return build


@pytest.fixture(params=["exact", "faiss", "fp16 file"])
def build(request, tmp_path):
    """A function of ids and vectors that makes an exact index of the kind under test."""
    return {"exact": ExactIndex, "faiss": faiss_fp16, "fp16 file": through_file(tmp_path)}[request.param]


def oracle(ids, vectors, query, k, allowed=None):
    """(id, cosine) pairs, best first, equal ones by ascending id."""
    scored = [
        (int(identity), float(row.astype(np.float64) @ query[0].astype(np.float64)))
        for identity, row in zip(ids, vectors, strict=True)
        if allowed is None or identity in allowed
    ]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[: max(k, 0)]


def test_the_registry_names_both():
    assert INDEXES.load("exact") is ExactIndex
    assert INDEXES.load("faiss") is FaissIndex


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 60), k=st.integers(0, 70), seed=st.integers(0, 2**32 - 1), data=st.data())
@pytest.mark.parametrize("make", [ExactIndex, faiss_fp16], ids=["exact", "faiss"])
def test_finds_what_the_oracle_finds(make, count, k, seed, data):
    vectors = unit_rows(count, seed)
    ids = np.sort(np.random.default_rng(seed).choice(10_000, count, replace=False)).astype(np.int64)
    query = unit_rows(1, seed + 1)
    allowed = data.draw(st.none() | st.sets(st.sampled_from(ids.tolist())))
    allowed_ids = None if allowed is None else np.array(sorted(allowed), dtype=np.int64)

    found, scores = make(ids, vectors).search(query, k, allowed_ids)

    expected = oracle(ids, vectors, query, k, allowed)
    assert found.tolist() == [identity for identity, _ in expected]
    assert scores.tolist() == pytest.approx([score for _, score in expected], abs=1e-6)
    assert found.dtype == np.int64


def test_equal_scores_come_by_ascending_id(build):
    vectors = np.repeat(unit_rows(3, seed=1), 20, axis=0)
    ids = np.arange(100, 160, dtype=np.int64)

    found, scores = build(ids, vectors).search(vectors[:1], 7)

    assert found.tolist() == list(range(100, 107))
    assert len(set(scores.tolist())) == 1


def test_asking_for_more_than_there_is_gives_all(build):
    found, _ = build(np.arange(5, dtype=np.int64), unit_rows(5, seed=2)).search(unit_rows(1, seed=3), 10**6)
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("k", [0, -1])
def test_asking_for_none_gives_none(build, k):
    found, scores = build(np.arange(5, dtype=np.int64), unit_rows(5, seed=2)).search(unit_rows(1, seed=3), k)
    assert (len(found), len(scores)) == (0, 0)


def test_an_empty_index_answers(build):
    index = build(np.empty(0, np.int64), np.empty((0, DIMENSION), np.float32))
    assert len(index) == 0
    assert [len(part) for part in index.search(unit_rows(1, seed=3), 5)] == [0, 0]


def test_nothing_allowed_gives_nothing(build):
    index = build(np.arange(5, dtype=np.int64), unit_rows(5, seed=2))
    assert [len(part) for part in index.search(unit_rows(1, seed=3), 5, np.empty(0, np.int64))] == [0, 0]


def test_ids_that_are_not_there_may_be_allowed(build):
    index = build(np.arange(5, dtype=np.int64), unit_rows(5, seed=2))
    found, _ = index.search(unit_rows(1, seed=3), 5, np.array([3, 4, 5, 10_000]))
    assert sorted(found.tolist()) == [3, 4]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_query_that_is_not_finite_is_refused(build, value):
    query = unit_rows(1, seed=3)
    query[0, 3] = value
    with pytest.raises(EmbedderFailed, match="NaN or infinity"):
        build(np.arange(5, dtype=np.int64), unit_rows(5, seed=2)).search(query, 5)


def test_a_query_of_another_dimension_is_refused(build):
    with pytest.raises(KnowledgeBaseMismatch, match=r"shape \(1, 7\).*16 dimensions"):
        build(np.arange(5, dtype=np.int64), unit_rows(5, seed=2)).search(unit_rows(1, seed=3, dimension=7), 5)


@pytest.mark.parametrize("kind", ["sq8", "ivf"])
def test_the_approximate_kinds_keep_the_nearest(kind):
    vectors = unit_rows(3_000, seed=4)
    ids = np.arange(7, 3_007, dtype=np.int64)
    index = FaissIndex.build(ids, vectors, kind)
    kept = 0
    for seed in range(20):
        query = unit_rows(1, seed=100 + seed)
        found, scores = index.search(query, 10)
        kept += len(set(found.tolist()) & {identity for identity, _ in oracle(ids, vectors, query, 10)})
        assert (np.diff(scores) <= 0).all()
    assert kept >= 180  # of 200


@pytest.mark.parametrize("kind", ["fp16", "sq8", "ivf"])
def test_only_allowed_ids_come_back_from_every_kind(kind):
    vectors = unit_rows(500, seed=5)
    allowed = np.arange(0, 500, 7, dtype=np.int64)
    found, _ = FaissIndex.build(np.arange(500, dtype=np.int64), vectors, kind).search(vectors[3:4], 20, allowed)
    assert len(found) == 20
    assert set(found.tolist()) <= set(allowed.tolist())
