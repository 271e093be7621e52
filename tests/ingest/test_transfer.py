"""A knowledge base moved by file is the same knowledge base: same documents, vectors, names and answers."""

from __future__ import annotations

import dataclasses
import sqlite3
import zipfile
from contextlib import closing

import pytest
from click.testing import CliRunner

from ingest.changes import Record, Remove
from ingest.cli import ingest
from ingest.documents import Model, Source
from ingest.errors import KnowledgeBaseDamaged, KnowledgeBaseMismatch, NothingIndexed, UsageError
from ingest.store import open_store
from ingest.transfer import Moved, export, import_file
from tests.support.entries import MODEL, prose, put


@pytest.fixture
def filled(tmp_path):
    """A store with removals behind it, a document of two names, an empty one, a failed file and a lone surrogate."""
    store = open_store(tmp_path / "kb", create=True)
    store.commit([put(f"/docs/{n}.txt", prose(n), title=f"Report {n}") for n in range(20)])
    store.commit([Remove("/docs/7.txt"), put("/docs/9.txt", prose(99)), put("/empty.txt", "")])
    store.commit([put("/odd/\udcff.txt", "A name and a text that are not Unicode: \udcfe and \0, for example.")])
    first = store.sources()[0]
    store.commit([Record(dataclasses.replace(first, uri="/docs/copy.txt"))])
    store.commit([Record(Source("/locked.pdf", 3, 4, None, "encrypted", "needs a password", 5.0))])
    yield store
    store.close()


def last(steps) -> Moved:
    *_, moved = steps
    return moved


def same(one, other) -> bool:
    facts = (one.sources(), one.contents(), one.holdings()) == (other.sources(), other.contents(), other.holdings())
    pairs = [(one.entry(s), other.entry(s)) for s in one.sources() if s.document_id]
    return facts and all((a.vectors == b.vectors).all() and a.document == b.document for a, b in pairs)


def test_what_is_imported_is_what_was_exported(filled, tmp_path):
    last(export(filled, tmp_path / "kb.kestrel"))
    target = open_store(tmp_path / "target", create=True)
    moved = last(import_file(target, tmp_path / "kb.kestrel"))
    assert same(filled, target)
    assert (moved.documents, moved.sources, moved.present) == (21, 23, 0)
    assert (moved.probes, moved.equal_answers) == (20, 20)
    assert list(target.verify(full=True)) == []
    target.close()


def test_an_export_while_others_write_holds_whole_versions(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.transfer.PIECE_CHUNKS", 20)
    names = [f"/docs/{number}.txt" for number in range(20)]
    store, other = open_store(tmp_path / "kb", create=True), open_store(tmp_path / "kb")
    store.commit([put(name, prose(number)) for number, name in enumerate(names)])
    for step, _ in enumerate(export(store, tmp_path / "kb.kestrel")):
        number = 19 - step
        other.commit(
            [put(names[number], prose(100 + number)), Remove(names[number - 10]), put("/new.txt", prose(step))]
        )
    assert step > 3
    target = open_store(tmp_path / "target", create=True)
    moved = last(import_file(target, tmp_path / "kb.kestrel"))
    assert (moved.equal_answers, moved.answers_agree) == (None, True)
    assert list(target.verify(full=True)) == []
    texts = {source.uri: target.document(source.document_id).text for source in target.sources()}
    assert len(texts) > 5
    assert all(texts[name] in {prose(names.index(name)), prose(100 + names.index(name))} for name in texts)
    for each in (store, other, target):
        each.close()


def test_an_import_that_was_stopped_goes_on(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.transfer.PIECE_CHUNKS", 20)
    last(export(filled, tmp_path / "kb.kestrel"))
    target = open_store(tmp_path / "target", create=True)
    steps = import_file(target, tmp_path / "kb.kestrel")
    stopped_at = [next(steps) for _ in range(3)][-1]
    steps.close()
    assert target.statistics().documents == stopped_at < 21
    moved = last(import_file(target, tmp_path / "kb.kestrel"))
    assert (moved.present, moved.equal_answers) == (stopped_at, 20)
    assert same(filled, target)
    generation = target.generation()
    assert last(import_file(target, tmp_path / "kb.kestrel")).present == 21
    assert target.generation() == generation
    target.close()


def test_other_documents_stay_and_answers_are_then_not_compared(filled, tmp_path):
    last(export(filled, tmp_path / "kb.kestrel"))
    target = open_store(tmp_path / "target", create=True)
    target.commit([put("/mine.txt", prose(1000))])
    moved = last(import_file(target, tmp_path / "kb.kestrel"))
    assert (moved.equal_answers, target.statistics().documents) == (None, 22)
    target.close()


def test_another_model_is_refused_with_both_names(filled, tmp_path):
    last(export(filled, tmp_path / "kb.kestrel"))
    target = open_store(tmp_path / "target", create=True)
    made = put("/b.txt", prose(2))
    target.commit([dataclasses.replace(made, model=Model("other", "other-7", MODEL.dimension))])
    with pytest.raises(KnowledgeBaseMismatch, match=r"'toy' \(toy-1\).*'other' \(other-7\)"):
        last(import_file(target, tmp_path / "kb.kestrel"))
    target.close()


@pytest.mark.parametrize("member", ["documents/000001.jsonl", "vectors/000001.f16", "sources.json"])
def test_an_altered_file_is_refused_by_its_hashes(filled, tmp_path, member):
    last(export(filled, tmp_path / "kb.kestrel"))
    with zipfile.ZipFile(tmp_path / "kb.kestrel") as good, zipfile.ZipFile(tmp_path / "bad", "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            bad.writestr(name, data[:-2] + b"xx" if name == member else data)
    target = open_store(tmp_path / "target", create=True)
    with pytest.raises(KnowledgeBaseDamaged, match=member):
        last(import_file(target, tmp_path / "bad"))
    assert target.sources() == []
    target.close()


def test_a_file_that_was_cut_off_is_refused(filled, tmp_path):
    last(export(filled, tmp_path / "kb.kestrel"))
    data = (tmp_path / "kb.kestrel").read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError, match="cut off"):
        last(import_file(filled, tmp_path / "cut"))


def test_an_export_that_is_stopped_leaves_no_file(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.transfer.PIECE_CHUNKS", 20)
    before = sorted(tmp_path.iterdir())
    steps = export(filled, tmp_path / "kb.kestrel")
    next(steps)
    steps.close()
    assert sorted(tmp_path.iterdir()) == before


def test_of_two_exports_to_one_file_the_later_stays_whole(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.transfer.PIECE_CHUNKS", 20)
    earlier = export(filled, tmp_path / "kb.kestrel")
    next(earlier)
    last(export(filled, tmp_path / "kb.kestrel"))
    whole = (tmp_path / "kb.kestrel").read_bytes()
    with pytest.raises(UsageError, match=r"Another export to .*kb\.kestrel began"):
        last(earlier)
    assert (tmp_path / "kb.kestrel").read_bytes() == whole
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_an_import_into_what_is_damaged_says_so_at_its_end(filled, tmp_path):
    last(export(filled, tmp_path / "kb.kestrel"))
    target = open_store(tmp_path / "target", create=True)
    target.commit([put("/mine.txt", prose(1000))])
    with closing(sqlite3.connect(tmp_path / "target" / "kb.db", isolation_level=None)) as raw:
        raw.execute("UPDATE chunks SET heading = 'Another'")
    with pytest.raises(KnowledgeBaseDamaged, match=r"but 9 problems were found\. /mine.txt: chunk 0 was altered"):
        last(import_file(target, tmp_path / "kb.kestrel"))
    target.close()


def test_nothing_to_export_says_so(tmp_path):
    store = open_store(tmp_path / "kb", create=True)
    with pytest.raises(NothingIndexed, match="ingest add"):
        last(export(store, tmp_path / "file"))
    store.close()


def test_the_commands_move_a_knowledge_base(filled, tmp_path):
    run = CliRunner().invoke
    made = run(ingest, ["export", "--kb", str(tmp_path / "kb"), "--to", str(tmp_path / "f")], standalone_mode=False)
    assert "21 documents" in made.stdout
    taken = run(ingest, ["import", str(tmp_path / "f"), "--kb", str(tmp_path / "new")], standalone_mode=False)
    assert taken.return_value == 0
    assert "20 of 20 searches found the same" in taken.stdout
    again = run(ingest, ["export", "--kb", str(tmp_path / "kb"), "--to", str(tmp_path / "f")], standalone_mode=False)
    assert isinstance(again.exception, UsageError)
