"""The folder of a SQLite store: what is in it, who may read it, and what happens when it is not what it should be."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ingest.changes import Remove
from ingest.documents import Heading, Span
from ingest.errors import KnowledgeBaseBusy, KnowledgeBaseDamaged, KnowledgeBaseError, StorageFailed, UsageError
from ingest.store import connection, filesystems, open_store
from ingest.store.faults import DiskFull, from_sqlite, translated
from ingest.store.filesystems import darwin_mounts, linux_mounts
from tests.support.entries import prose, put, vector

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and limits of POSIX")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kb"


@pytest.fixture
def store(folder):
    opened = open_store(folder, create=True)
    opened.commit([put("/a.txt", prose(1)), put("/b.txt", prose(2))])
    opened.maintain()
    yield opened
    opened.close()


def change_database(folder, statement):
    with closing(sqlite3.connect(folder / "kb.db", isolation_level=None)) as raw:
        raw.execute(statement)


# Layout


@posix
def test_only_the_owner_may_read_it(store, folder):
    modes = {path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    segments = {name for name in modes if name.endswith(".seg")}
    assert {"kb.db", "kb.db-wal", "write.lock", "maint.lock", "segments", "quarantine", "backups"} <= modes.keys()
    assert len(segments) == 1
    assert {mode for name, mode in modes.items() if (folder / name).is_file()} == {0o600}
    assert {mode for name, mode in modes.items() if (folder / name).is_dir()} == {0o700}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_connections_are_set_up_as_they_must_be(store, folder):
    expected = {
        "rw": {
            "synchronous": 2,
            "fullfsync": 1,
            "secure_delete": 1,
            "foreign_keys": 1,
            "trusted_schema": 0,
            "query_only": 0,
        },
        "ro": {"foreign_keys": 1, "trusted_schema": 0, "query_only": 1},
    }
    for mode, pragmas in expected.items():
        with closing(connection.connect(folder / "kb.db", mode)) as made:
            found = {name: made.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas}
            assert found == pragmas
            assert made.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert made.execute("PRAGMA mmap_size").fetchall() in ([], [(0,)])
            assert made.execute("PRAGMA cell_size_check").fetchone() == (1,)


def test_a_clean_close_leaves_the_database_alone_in_one_file(store, folder):
    store.close()
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [
        "ballast",
        "committed",
        "kb.db",
        "maint.lock",
        "write.lock",
    ]


# What is not ours, or no longer whole


@pytest.mark.parametrize("content", [b"", b"just text, not a database", b"SQLite format 3\0" + bytes(4080)])
def test_what_is_not_a_knowledge_base_is_refused_and_left_alone(folder, content):
    folder.mkdir()
    (folder / "kb.db").write_bytes(content)
    with pytest.raises(KnowledgeBaseDamaged, match=r"kb(\.db)? "):
        open_store(folder, create=True)
    assert (folder / "kb.db").read_bytes() == content


def test_a_file_is_no_place_for_a_knowledge_base(tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(UsageError, match=r"notes\.txt is a file"):
        open_store(tmp_path / "notes.txt", create=True)


def test_another_programs_database_is_refused(folder):
    folder.mkdir()
    change_database(folder, "CREATE TABLE bookmarks (url)")
    with pytest.raises(KnowledgeBaseDamaged, match="not a Kestrel knowledge base"):
        open_store(folder, create=True)


def test_a_newer_format_is_refused_and_left_alone(store, folder):
    store.close()
    change_database(folder, "PRAGMA user_version = 99")
    before = hashlib.sha256((folder / "kb.db").read_bytes()).hexdigest()
    with pytest.raises(KnowledgeBaseError, match=r"newer Kestrel \(format 99, this one knows 1\).*pip install"):
        open_store(folder)
    assert hashlib.sha256((folder / "kb.db").read_bytes()).hexdigest() == before


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_database_that_was_cut_short_is_reported(store, folder, kept):
    store.close()
    os.truncate(folder / "kb.db", int((folder / "kb.db").stat().st_size * kept))
    assert problems_of(folder)


def test_stale_shared_memory_is_made_anew(store, folder, tmp_path):
    """As a process leaves it that is killed, and as another machine's copy may lie beside it."""
    killed = tmp_path / "killed"
    shutil.copytree(folder, killed)
    assert (killed / "kb.db-wal").stat().st_size
    (killed / "kb.db-shm").write_bytes(os.urandom(32_768))
    assert problems_of(killed) == []
    with closing(open_store(killed)) as reopened:
        assert reopened.sources() == store.sources()


def problems_of(folder):
    """What opening or `verify` says about a knowledge base."""
    try:
        reopened = open_store(folder)
    except KnowledgeBaseDamaged as error:
        return [error.message]
    found = list(reopened.verify(full=True))
    reopened.close()
    return found


def test_a_leftover_of_a_creation_that_was_killed_is_no_obstacle(folder):
    folder.mkdir()
    (folder / ".kb.db.new").write_bytes(b"half a database")
    store = open_store(folder, create=True)
    assert store.sources() == []
    store.close()
    assert not (folder / ".kb.db.new").exists()


# Places that cannot be written to


def test_reading_needs_no_log_files(store, folder):
    store.close()
    reading = open_store(folder, read_only=True)
    assert len(reading.sources()) == 2
    reading.close()


@posix
def test_a_folder_that_cannot_be_written_to_can_be_read(store, folder, monkeypatch):
    store.close()
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not bind root, which tests may run as
    before = sorted(folder.rglob("*"))
    reading = open_store(folder)
    assert len(reading.sources()) == 2
    assert reading.search_vectors(vector(prose(1)[:80])[None], 1)
    assert reading.keywords.search(prose(1), 1)
    with pytest.raises(StorageFailed, match="cannot be written to"):
        reading.commit([Remove("/a.txt")])
    reading.close()
    assert sorted(folder.rglob("*")) == before


LINUX = r"""/dev/sda1 / ext4 rw 0 0
server:/home /mnt/nfs nfs4 rw 0 0
//server/share /mnt/my\040share cifs rw 0 0
sshfs /mnt/ssh fuse.sshfs rw 0 0
overlay /mnt/nfs/local overlay rw 0 0
C: /mnt/c 9p rw,aname=drvfs 0 0
/dev/sdb1 /mnt/usb fuseblk rw 0 0
old:/x /mnt/over nfs rw 0 0
/dev/sdc1 /mnt/over ext4 rw 0 0
"""
DARWIN = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@server/My Share on /Volumes/My Share (smbfs, nodev, nosuid, mounted by me)
server:/home on /Volumes/home (nfs)
"""


@pytest.mark.parametrize(
    ("mounts", "place", "kind"),
    [
        (linux_mounts(LINUX), "/home/me/kb", ""),
        (linux_mounts(LINUX), "/mnt/nfs/kb", "nfs4"),
        (linux_mounts(LINUX), "/mnt/nfs/local/kb", ""),
        (linux_mounts(LINUX), "/mnt/my share/kb", "cifs"),
        (linux_mounts(LINUX), "/mnt/ssh/a/b/kb", "fuse.sshfs"),
        (linux_mounts(LINUX), "/mnt/c/Users/kb", "9p"),
        (linux_mounts(LINUX), "/mnt/usb/kb", ""),
        (linux_mounts(LINUX), "/mnt/nfs2/kb", ""),
        (linux_mounts(LINUX), "/mnt/over/kb", ""),
        (darwin_mounts(DARWIN), "/Users/me/kb", ""),
        (darwin_mounts(DARWIN), "/Volumes/My Share/kb", "smbfs"),
        (darwin_mounts(DARWIN), "/Volumes/home/kb", "nfs"),
    ],
)
@posix
def test_network_file_systems_are_recognised(monkeypatch, mounts, place, kind):
    monkeypatch.setattr(filesystems, "_mounts", lambda: mounts)
    assert filesystems.network_kind(Path(place)) == kind


@posix
def test_the_mounts_of_this_machine_can_be_read(tmp_path):
    assert filesystems.network_kind(tmp_path) == ""
    if Path("/proc/self/mounts").exists():
        assert filesystems.innermost(tmp_path, filesystems._mounts()).kind


def test_network_file_systems_are_refused_with_the_reason(folder, monkeypatch):
    monkeypatch.setattr(filesystems, "network_kind", lambda _: "nfs4")
    with pytest.raises(StorageFailed, match=r"network file system \(nfs4\).*local disk"):
        open_store(folder, create=True)
    assert not folder.exists()


# Full and failing disks


def test_too_little_space_is_said_before_anything_is_written(store, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(StorageFailed, match=r"has 1\.0 MB free; 268\.\d MB are needed"):
        store.commit([put("/c.txt", prose(3))])
    assert store.generation() == 1
    assert store.commit([Remove("/a.txt")]).documents_removed == 1


def test_a_full_disk_loses_nothing_and_lets_documents_go(store):
    writer = store._database._connections.writer()
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StorageFailed, match="is full"):
        store.commit([put("/c.txt", prose(3, sentences=500))])
    assert [source.uri for source in store.sources()] == ["/a.txt", "/b.txt"]
    assert store.commit([Remove("/a.txt")]).documents_removed == 1
    writer.execute("PRAGMA max_page_count = 1000000")
    store.commit([put("/c.txt", prose(3, sentences=500))])
    assert list(store.verify(full=True)) == []


def mounted(place, size):
    """Whether a file system of so many bytes could be mounted there."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A file system of 8 MB, and a store that is told it has plenty."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mounted(place, 8 << 20):
        pytest.skip("mounting a small file system needs root")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 40))
    yield place
    subprocess.run(["umount", place], check=True)


def add_without_end(store):
    for number in count():
        store.commit([put(f"/{number:03}.txt", prose(number, sentences=60))])


def test_on_a_disk_that_is_really_full_everything_but_adding_works(small_disk):
    store = open_store(small_disk / "kb", create=True)
    store.maintain()
    with pytest.raises(StorageFailed, match="is full"):
        add_without_end(store)
    stored = len(store.sources())
    for _ in range(2):
        assert len(store.sources()) == store.statistics().documents == stored > 20
        assert store.search_vectors(vector(prose(3, 60)[:80])[None], 1)[0][1] > 0.99
        assert store.keywords.search("account", 5)
        assert list(store.verify(full=True)) == []
        for number in range(5):
            assert store.commit([Remove(f"/{stored - 1 - number:03}.txt")]).documents_removed == 1
        stored -= 5
        store.close()
        store = open_store(small_disk / "kb")
    store.close()


@pytest.mark.parametrize("kilobytes", range(16, 200, 8))
def test_a_disk_too_small_to_begin_on_is_called_full(tmp_path, kilobytes):
    """Wherever the making of a knowledge base stops: one error, no half of one, and with room it is made."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mounted(place, kilobytes << 10):
        pytest.skip("mounting a small file system needs root")
    try:
        with pytest.raises(DiskFull, match=r"is full|are needed"):
            open_store(place / "kb", create=True).commit([put("/a.txt", prose(1))])
        subprocess.run(["mount", "-o", "remount,size=1g", place], check=True)
        store = open_store(place / "kb", create=True)
        store.commit([put("/a.txt", prose(1))])
        assert list(store.verify(full=True)) == []
        store.close()
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@posix
def test_an_io_error_stops_the_writer_and_not_the_readers(store, folder):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / "kb.db-wal").stat().st_size + 8192, hard))
    try:
        with pytest.raises(StorageFailed, match="refused"):
            store.commit([put("/c.txt", prose(3, sentences=2000))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(StorageFailed, match=r"stopped by an I/O error.*verify --full"):
        store.commit([Remove("/a.txt")])
    assert [source.uri for source in store.sources()] == ["/a.txt", "/b.txt"]
    again = open_store(folder)
    assert list(again.verify(full=True)) == []
    assert again.commit([Remove("/a.txt")]).documents_removed == 1
    again.close()


def test_every_error_of_sqlite_becomes_one_of_ours(folder):
    classes = [kind for kind in vars(sqlite3).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(classes) >= 10
    for kind in classes:
        with pytest.raises(KnowledgeBaseError, match="something went wrong"), translated(folder):
            raise kind("something went wrong")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SQLITE_BUSY", KnowledgeBaseBusy),
        ("SQLITE_BUSY_SNAPSHOT", KnowledgeBaseBusy),
        ("SQLITE_LOCKED", KnowledgeBaseBusy),
        ("SQLITE_FULL", DiskFull),
        ("SQLITE_IOERR_FSYNC", StorageFailed),
        ("SQLITE_IOERR_READ", StorageFailed),
        ("SQLITE_READONLY", StorageFailed),
        ("SQLITE_CANTOPEN", StorageFailed),
        ("SQLITE_CORRUPT_VTAB", KnowledgeBaseDamaged),
        ("SQLITE_NOTADB", KnowledgeBaseDamaged),
        ("SQLITE_CONSTRAINT_FOREIGNKEY", KnowledgeBaseDamaged),
        ("SQLITE_MISUSE", KnowledgeBaseError),
    ],
)
def test_result_codes_tell_what_happened(folder, code, expected):
    error = sqlite3.OperationalError("details")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, code), code
    assert type(from_sqlite(error, folder)) is expected


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "is full"), (errno.EIO, "refused"), (errno.EROFS, "Read")]
)
def test_errors_of_the_system_are_translated(folder, number, message):
    with pytest.raises(StorageFailed, match=message), translated(folder):
        raise OSError(number, os.strerror(number))


# Removal


CANARIES = (
    "zanzibarquux",
    "xylotitle",
    "wyvernheading",
    "vuvuzelaname",
    "ukulelemeta",
    "tamarindwarning",
    "saffronlabel",
)


def canary_put():
    text, title, heading, name, meta, warning, label = CANARIES
    body = f"{text} is written here. {prose(7)} {text.upper()} again."
    return put(
        f"/files/{name}.txt",
        body,
        title=title,
        headings=(Heading(1, heading, 0),),
        spans=(Span(0, 60, heading), Span(60, len(body), heading)),
        metadata={"key": meta},
        warnings=(warning,),
        labels=(label,),
    )


def traces(folder, made):
    """Which of the canaries, and of the vectors' bytes, stand in any file of the folder."""
    needles = {name: name[:10].encode() for name in CANARIES}  # the keyword index cuts endings off
    rows = made.entry.vectors.astype(np.float16)
    needles |= {f"vector {number}": row.tobytes()[:12] for number, row in enumerate(rows)}
    needles["document id"] = made.entry.document.id.encode()
    contents = b"\0".join(path.read_bytes().lower() for path in folder.rglob("*") if path.is_file())
    exact = b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return {name for name, needle in needles.items() if needle in contents or needle in exact}


def test_nothing_of_a_removed_document_is_left_after_a_rebuild(store, folder):
    made = canary_put()
    store.commit([made])
    store.maintain()
    assert len(traces(folder, made)) == len(CANARIES) + len(made.entry.spans) + 1
    [source] = [source for source in store.sources() if source.document_id == made.entry.document.id]
    document = store.document(source.document_id)

    store.commit([Remove(source.uri)])
    receipt = store.receipt(source, document)
    assert (receipt.source, receipt.document_id, receipt.chunks, receipt.kept_by) == (source.uri, document.id, 2, ())
    assert {place.name: place.state for place in receipt.places} == {
        "text": "removed",
        "chunks": "removed",
        "vectors": "removed",
        "keyword index": "unreachable",
        "segments": "unreachable",
        "freed bytes of kb.db": "unreachable",
        "backups": "absent",
        "quarantine": "absent",
        "answers": "absent",
    }

    store.rebuild()
    assert traces(folder, made) == set()
    states = {place.name: place.state for place in store.receipt(source, document).places}
    assert set(states.values()) == {"removed", "absent"}
    assert list(store.verify(full=True)) == []


def test_a_receipt_names_the_copies_that_remain(store, folder):
    made = canary_put()
    store.commit([made])
    store.maintain()
    [source] = [source for source in store.sources() if source.document_id == made.entry.document.id]
    document = store.document(source.document_id)
    (folder / "backups" / "monday.db").write_bytes(b"copy")
    segment = next((folder / "segments").iterdir())
    segment.write_bytes(segment.read_bytes()[:-1])
    store.commit([Remove(source.uri)])
    store.maintain()

    places = {place.name: place for place in store.receipt(source, document).places}
    assert (places["backups"].state, places["quarantine"].state) == ("remains", "remains")
    assert "monday.db" in places["backups"].detail
    assert segment.name in places["quarantine"].detail


def test_a_receipt_says_which_names_keep_the_document(store):
    store.commit([put("/copy.txt", prose(1))])
    [first] = [source for source in store.sources() if source.uri == "/a.txt"]
    document = store.document(first.document_id)
    store.commit([Remove("/a.txt")])
    receipt = store.receipt(first, document)
    assert (receipt.kept_by, receipt.places, receipt.chunks) == (("/copy.txt",), (), 0)


def test_a_receipt_for_a_name_without_a_document_is_empty(store):
    [source, _] = store.sources()
    assert store.receipt(source, None).places == ()


def test_a_rebuild_says_so_when_a_reader_keeps_old_pages(store, folder, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    store.close()
    store = open_store(folder)
    with closing(sqlite3.connect(folder / "kb.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM chunks").fetchone()
        with pytest.raises(KnowledgeBaseBusy, match="another process was reading"):
            store.rebuild()
        reader.execute("ROLLBACK")
    store.rebuild()
    store.close()
