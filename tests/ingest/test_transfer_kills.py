"""Exports and imports killed in the middle, folders and a real PostgreSQL at either end, then started again.

Killed by SIGKILL and, inside a write, by SIGXFSZ, on one host. It shows nothing of power loss.
"""

from __future__ import annotations

import pytest

from ingest.store import open_store
from ingest.transfer import export, import_file
from tests.ingest.test_transfer import last, same
from tests.support.entries import prose, put

pytest.importorskip("resource", reason="needs POSIX: no limit on the size of files here")

from tests.support import transfers

pytestmark = pytest.mark.slow
DOCUMENTS = 150
KILLED = -9


def fill(location):
    store = open_store(location, create=True)
    store.commit([put(f"/docs/{n}.txt", prose(n), title=f"Report {n}") for n in range(DOCUMENTS)])
    return store


def unfinished(folder):
    return [path for path in folder.iterdir() if path.name.endswith(".part")]


@pytest.fixture(params=["folder", "database"])
def ends(request, tmp_path):
    """Where to move from and to: one is a folder, the other a database, in both directions."""
    places = [tmp_path / "folder", request.getfixturevalue("postgres_location")]
    return places if request.param == "folder" else places[::-1]


def test_a_killed_transfer_is_started_again_and_nothing_is_missing(ends, tmp_path):
    source, path = fill(ends[0]), tmp_path / "kb.kestrel"
    for kill_at in (10, 100):
        assert transfers.run("export", ends[0], path, kill_at=kill_at)[0] == KILLED
        assert not path.exists()
        assert len(unfinished(tmp_path)) == 1
    assert transfers.run("export", ends[0], path)[0] == 0
    assert unfinished(tmp_path) == []

    before = 0
    for kill_at in (0, 60, 120):
        status, told = transfers.run("import", ends[1], path, kill_at=kill_at)
        target = open_store(ends[1])
        there = target.statistics().documents
        target.close()
        assert status == KILLED
        assert before <= told <= there < DOCUMENTS
        before = there
    target = open_store(ends[1])
    moved = last(import_file(target, path))
    assert (moved.present, moved.documents) == (before, DOCUMENTS)
    assert (moved.probes, moved.equal_answers) == (50, 50)
    assert same(source, target)
    assert list(target.verify(full=True)) == []
    source.close()
    target.close()


def test_an_export_that_dies_inside_a_write_leaves_the_older_file_as_it_was(tmp_path):
    store, path = fill(tmp_path / "kb"), tmp_path / "kb.kestrel"
    last(export(store, path))
    store.close()
    older = path.read_bytes()
    size = len(older)
    for limit in (0, size // 3, size - size // 10, size - 1):
        status, _ = transfers.run("export", tmp_path / "kb", path, limit=limit)
        assert status not in (0, 1), "it was to die by the signal"
        assert path.read_bytes() == older
    assert transfers.run("export", tmp_path / "kb", path)[0] == 0
    assert unfinished(tmp_path) == []
