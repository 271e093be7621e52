"""Segments are a cache: any of them may be damaged, missing or foreign, and the answers stay right."""

from __future__ import annotations

import random
import shutil
import struct
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.changes import Remove
from ingest.documents import Filter
from ingest.errors import KnowledgeBaseDamaged
from ingest.store import merge_plan, open_store, segments
from ingest.store.database import Database
from ingest.store.maintenance import renew
from ingest.store.merge_plan import Fresh, kind_for, plan
from ingest.store.segments import Segment
from tests.support.entries import prose, put, vector

QUERIES = [vector(f"question {number}")[None] for number in range(5)]


def fill(folder, documents=20):
    store = open_store(folder, create=True)
    store.commit([put(f"/{number}.txt", prose(number), metadata={"n": number}) for number in range(documents)])
    return store


def answers(store, k=10, only=None):
    return [store.search_vectors(query, k, only) for query in QUERIES]


def files(folder):
    return sorted((folder / "segments").iterdir())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kb"


# Damage


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder with one segment, and the answers it gives. Copy it before you harm it."""
    folder = tmp_path_factory.mktemp("sound") / "kb"
    store = fill(folder)
    store.maintain()
    expected = answers(store)
    store.close()
    return folder, expected


def damaged_copy(sound, tmp_path, harm):
    """A copy whose segment file went through `harm`, which takes and returns bytes."""
    folder = tmp_path / "kb"
    shutil.copytree(sound[0], folder)
    [file] = files(folder)
    file.write_bytes(harm(file.read_bytes()))
    return folder


def expect_right_answers_and_repair(folder, expected):
    """Answers are right and flagged, `verify` reports it, the next maintenance mends it and keeps the damaged file."""
    reader = open_store(folder, read_only=True)
    assert answers(reader) == expected
    assert len(reader.degraded) == 1
    assert [finding.where for finding in reader.verify(full=True)] == ["segments"]

    writer = open_store(folder)
    writer.maintain()
    assert list(writer.verify(full=True)) == []
    assert answers(writer) == answers(reader) == expected
    assert (writer.degraded, reader.degraded) == ((), ())
    writer.close()
    reader.close()


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_is_noticed(sound, tmp_path, seed):
    def flip(data):
        position = random.Random(seed).randrange(8 * len(data))
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        return bytes(changed)

    folder = damaged_copy(sound, tmp_path, flip)
    expect_right_answers_and_repair(folder, sound[1])
    assert len(list((folder / "quarantine").iterdir())) == 1


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.2, 0.5, 0.9, 0.99, 0.999])
def test_a_cut_is_noticed(sound, tmp_path, share):
    folder = damaged_copy(sound, tmp_path, lambda data: data[: int(share * len(data))])
    expect_right_answers_and_repair(folder, sound[1])


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: random.Random(1).randbytes(len(data)),
        lambda data: data + b"\0",
        lambda data: b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR." + data,
        lambda data: data[:100] + struct.pack("<Q", 2**40) + data[108:],
    ],
    ids=["random", "longer", "pickle", "claims a terabyte"],
)
def test_other_content_is_noticed(sound, tmp_path, harm):
    expect_right_answers_and_repair(damaged_copy(sound, tmp_path, harm), sound[1])


def test_a_segment_of_another_knowledge_base_is_noticed(sound, tmp_path):
    other = fill(tmp_path / "other", documents=21)
    other.maintain()
    [foreign] = files(tmp_path / "other")
    folder = damaged_copy(sound, tmp_path, lambda _: foreign.read_bytes())
    expect_right_answers_and_repair(folder, sound[1])
    other.close()


def test_a_missing_segment_is_noticed(sound, tmp_path):
    folder = tmp_path / "kb"
    shutil.copytree(sound[0], folder)
    files(folder)[0].unlink()
    expect_right_answers_and_repair(folder, sound[1])


def test_a_segment_that_vanishes_under_a_reader_changes_nothing(sound, tmp_path):
    folder = tmp_path / "kb"
    shutil.copytree(sound[0], folder)
    reader = open_store(folder, read_only=True)
    assert answers(reader) == sound[1]
    files(folder)[0].unlink()
    assert answers(reader) == sound[1]
    reader.close()


def test_a_segment_that_is_replaced_between_being_checked_and_read_is_looked_for_anew(sound, tmp_path, monkeypatch):
    folder = tmp_path / "kb"
    shutil.copytree(sound[0], folder)
    check, replaced = segments.check_segment, []

    def overtaken(place, segment):
        path = check(place, segment)
        if not replaced:
            replaced.append(path)
            with closing(Database(folder, create=False, read_only=False)) as other:
                renew(other)
            assert not path.exists()
        return path

    monkeypatch.setattr(segments, "check_segment", overtaken)
    with closing(open_store(folder, read_only=True)) as reader:
        assert answers(reader) == sound[1]
        assert replaced
        assert reader.degraded == ()


def test_damage_is_noticed_with_filters_and_removals_too(sound, tmp_path):
    folder = damaged_copy(sound, tmp_path, lambda data: data[:-1])
    store = open_store(folder)
    store.commit([Remove("/3.txt")])
    found = {hit.source for hit in store.hits(store.search_vectors(QUERIES[0], 1000))}
    assert found == {f"/{number}.txt" for number in range(20)} - {"/3.txt"}
    only = Filter(sources=("1?.txt",))
    assert {hit.source for hit in store.hits(store.search_vectors(QUERIES[0], 1000, only))} == {
        f"/{number}.txt" for number in range(10, 20)
    }
    store.close()


def test_files_that_nobody_names_are_tidied_away(folder):
    store = fill(folder)
    store.maintain()
    (folder / "segments" / f"{segments.UNFINISHED}x.seg").write_bytes(b"half a segment")
    (folder / "segments" / "orphan.seg").write_bytes(b"a segment whose manifest row was never committed")
    store.commit([put("/new.txt", prose(77))])
    store.maintain()
    with store._database.snapshot() as snapshot:
        named = {segment.file for segment in segments.read_manifest(snapshot)}
    assert {file.name for file in files(folder)} == named
    store.close()


def test_a_segment_that_cannot_be_written_leaves_nothing(folder):
    (folder / "segments").mkdir(parents=True)

    def fail(write):
        write(b"some bytes")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        segments.write_segment(folder, fail)
    assert files(folder) == []


def test_a_segment_file_ends_with_its_proof(folder):
    folder.mkdir()
    name, size, crc = segments.write_segment(folder, lambda write: (write(b"abc"), write(b"def")))
    path = folder / "segments" / name
    assert path.read_bytes() == b"abcdef" + b"KESTSEG\n" + struct.pack("<IQI", 1, 6, crc)
    row = Segment(name, 1, "fp16", size, crc, vectors=1, low=1, high=1)
    assert segments.check_segment(folder, row) == path
    with pytest.raises(KnowledgeBaseDamaged, match=f"{name} was altered or cut short"):
        segments.check_segment(folder, Segment(name, 1, "fp16", size, crc ^ 1, vectors=1, low=1, high=1))


# Kinds


@pytest.fixture(params=["fp16", "sq8", "ivf"])
def kind(request, monkeypatch):
    """Every segment is of this kind, whatever its size."""
    if request.param != "fp16":
        monkeypatch.setattr(merge_plan, "APPROXIMATE_FROM", 0)
    if request.param == "ivf":
        monkeypatch.setattr(merge_plan, "LISTS_FROM", 0)
    return request.param


def test_every_kind_finds_the_nearest_with_exact_scores(folder, kind):
    store = fill(folder, documents=200)
    exact = [dict(found) for found in answers(store, k=10**6)]
    before = answers(store)
    store.maintain()
    after = answers(store)
    assert store._vectors._views.latest.parts[0].segment.kind == kind
    agreeing = sum(len(set(a) & set(b)) for a, b in zip(before, after, strict=True))
    assert agreeing >= 49  # of 50
    assert all(scores[chunk] == score for scores, found in zip(exact, after, strict=True) for chunk, score in found)
    assert list(store.verify(full=True)) == []
    store.close()


def test_every_kind_skips_what_was_removed_and_what_is_not_allowed(folder, kind):
    store = fill(folder, documents=60)
    store.maintain()
    store.commit([Remove(f"/{number}.txt") for number in range(10)])
    [segment] = files(folder)
    everything = store.search_vectors(QUERIES[0], 10**6)
    assert len(everything) == store.statistics().chunks
    only = Filter(sources=("5?.txt", "5.txt"))
    assert {hit.source for hit in store.hits(store.search_vectors(QUERIES[0], 10**6, only))} == {
        f"/{number}.txt" for number in range(50, 60)
    }
    assert files(folder) == [segment]
    store.close()


def test_a_segment_that_is_more_than_a_quarter_dead_is_written_anew(folder):
    store = fill(folder, documents=20)
    store.maintain()
    [before] = files(folder)
    store.commit([Remove(f"/{number}.txt") for number in range(4)])
    store.maintain()
    assert files(folder) == [before]
    store.commit([Remove(f"/{number}.txt") for number in range(4, 8)])
    expected = answers(store)
    store.maintain()
    assert before not in files(folder)
    assert answers(store) == expected
    store.commit([Remove(f"/{number}.txt") for number in range(8, 20)])
    store.maintain()
    assert files(folder) == []
    store.close()


# The plan


def segment_of(low, high, dead=0):
    return Segment(f"{low}-{high}", 1, "fp16", 1, 1, high - low + 1, low, high, dead)


sizes = st.integers(1, 3_000_000)


@given(st.lists(st.tuples(sizes, st.floats(0, 1)), max_size=12), st.integers(0, 3_000_000))
def test_a_plan_covers_every_chunk_once_and_leaves_few_segments(old, fresh):
    low, existing = 1, []
    for size, dead in old:
        existing.append(segment_of(low, low + size - 1, int(dead * size)))
        low += size
    runs = plan(existing, Fresh(low, low + fresh - 1, fresh))

    replaced = [segment for run in runs for segment in run.replaces]
    kept = [segment for segment in existing if segment not in replaced]
    bounds = sorted([(segment.low, segment.high) for segment in kept] + [(run.low, run.high) for run in runs])
    assert [bound[0] for bound in bounds] == [1, *(high + 1 for _, high in bounds[:-1])][: len(bounds)]
    assert (bounds[-1][1] if bounds else 0) == low + fresh - 1
    assert all(segment.dead <= 0.25 * segment.vectors for segment in kept)


def test_segments_stay_few_however_often_a_little_is_added():
    existing, low, written = [], 1, 0
    for _ in range(2_000):
        for run in plan(existing, Fresh(low, low + 9, 10)):
            existing = [segment for segment in existing if segment not in run.replaces]
            existing.append(segment_of(run.low, run.high))
            written += run.high - run.low + 1
        low += 10
        assert len(existing) <= 12
    assert written <= 20_000 * 10  # each vector about ten times, not two thousand


def test_unusable_segments_are_written_anew():
    existing = [segment_of(1, 5000), segment_of(5001, 6000)]
    assert [run.replaces for run in plan(existing, Fresh(6001, 6000, 0), existing[:1])] == [(existing[0],)]


@pytest.mark.parametrize(
    ("count", "kind"), [(1, "fp16"), (19_999, "fp16"), (20_000, "sq8"), (499_999, "sq8"), (500_000, "ivf")]
)
def test_the_kind_follows_from_the_size(count, kind):
    assert kind_for(count) == kind


def test_rebuilding_writes_one_segment_for_all(folder):
    store = fill(folder)
    for number in range(5):
        store.commit([put(f"/more/{number}.txt", prose(100 + number))])
        store.maintain()
    expected = answers(store)
    store.rebuild()
    assert len(files(folder)) == 1
    assert answers(store) == expected
    store.close()


def test_many_rows_of_segments_are_written_by_a_rebuild(folder, monkeypatch):
    from ingest.store import maintenance

    monkeypatch.setattr(maintenance, "SEGMENT_ROWS", 50)
    store = fill(folder)
    expected = answers(store)
    store.rebuild()
    assert len(files(folder)) == -(-store.statistics().chunks // 50)
    assert answers(store) == expected
    assert list(store.verify(full=True)) == []
    store.close()


def test_a_long_ingest_flushes_by_itself(folder, monkeypatch):
    from ingest.store import sqlite

    monkeypatch.setattr(sqlite, "DELTA_ROWS", 30)
    store = open_store(folder, create=True)
    for number in range(12):
        store.commit([put(f"/{number}.txt", prose(number))])
    assert len(files(folder)) >= 1
    with store._database.snapshot() as snapshot:
        meta = snapshot.meta()
        assert meta["next_chunk"] - meta["indexed_upto"] <= 30 + 2 * 7
    assert len(store.search_vectors(QUERIES[0], 10**6)) == store.statistics().chunks
    store.close()


def test_half_floats_are_what_is_searched(folder):
    store = fill(folder, documents=1)
    [(chunk, score)] = store.search_vectors(vector(prose(0)[:80])[None], 1)
    assert score == pytest.approx(float(np.sum(vector(prose(0)[:80]).astype(float) ** 2)), abs=1e-6)
    assert store.hits([(chunk, score)])[0].chunk.text == prose(0)[:80]
    store.close()
