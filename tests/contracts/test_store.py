"""What every `Store` keeps, seen through the protocol alone. Another engine is another parameter of `location`."""

from __future__ import annotations

import dataclasses
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ingest.changes import Put, Record, Remove, Tag
from ingest.documents import READING, Filter, Model, Source, Span
from ingest.errors import EmbedderFailed, KnowledgeBaseError, KnowledgeBaseMismatch, NothingIndexed, UsageError
from ingest.store import open_store
from tests.support.entries import MODEL, entry, prose, put, vector


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def location(request, tmp_path):
    return request.getfixturevalue("postgres_location") if request.param == "postgres" else tmp_path / "kb"


@pytest.fixture
def store(location):
    opened = open_store(location, create=True)
    yield opened
    assert list(opened.verify(full=True)) == []
    opened.close()


def texts_by_name(store):
    return {source.uri: store.document(source.document_id).text for source in store.sources() if source.document_id}


def found(store, text, k=5, only=None):
    """Texts of the chunks whose vectors are nearest to that of `text`."""
    return [hit.chunk.text for hit in store.hits(store.search_vectors(vector(text)[None], k, only))]


# Documents


def test_a_document_comes_back_as_it_was_put(store):
    made = put(
        "/a/report.pdf",
        prose(1),
        title="Annual report",
        pages=(0, 100, 200),
        labels=("i", "ii", "1"),
        metadata={"year": 2024, "draft": False, "share": 0.5, "author": "Zoë"},
        warnings=("page 3 has no text",),
    )
    store.commit([made])
    assert store.document(made.entry.document.id) == made.entry.document


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "x", "年假有多少天\n", "a\0b", "\ud800 lone", "e\u0301" * 9000, "😀" * 20_000, "line\n" * 5000],
    ids=["empty", "spaces", "one letter", "Chinese", "NUL", "surrogate", "combining", "emoji", "long"],
)
def test_any_text_comes_back_exactly(store, text):
    store.commit([put("/a.txt", text)])
    [source] = store.sources()
    assert store.document(source.document_id).text == text
    chunks = store.chunks(source.document_id)
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_chunks_come_in_order_with_page_and_heading(store):
    made = put("/a.pdf", prose(1), pages=(0, 90, 200), labels=("i", "ii", "1"))
    store.commit([made])
    chunks = store.chunks(made.entry.document.id)
    assert [(c.ordinal, c.start, c.end, c.heading) for c in chunks] == [
        (number, span.start, span.end, span.heading) for number, span in enumerate(made.entry.spans)
    ]
    assert [c.page for c in chunks] == [made.entry.document.page_at(c.start) for c in chunks]
    assert [c.id for c in chunks] == sorted(c.id for c in chunks)


def test_overlapping_chunks_are_kept(store):
    made = put("/a.txt", prose(1), spans=(Span(0, 60), Span(30, 90), Span(30, 40)))
    store.commit([made])
    assert [c.text for c in store.chunks(made.entry.document.id)] == [prose(1)[0:60], prose(1)[30:90], prose(1)[30:40]]


def test_what_is_not_there_is_none_or_empty(store):
    assert (store.document("0" * 64), store.chunks("0" * 64), store.model(), store.generation()) == (None, [], None, 0)
    assert store.hits([(17, 1.0)]) == []
    assert store.search_vectors(vector("x")[None], 5) == []
    assert store.keywords.search("anything", 5) == []


# Names


def test_two_names_share_one_document_and_its_chunks(store):
    committed = store.commit([put("/b.txt", prose(1)), put("/a.txt", prose(1))])
    assert (committed.documents_added, store.statistics().documents, store.statistics().sources) == (1, 1, 2)
    [first, second] = store.sources()
    assert (first.uri, second.uri) == ("/a.txt", "/b.txt")
    assert store.document(first.document_id).source == "/a.txt"


def test_a_document_stays_until_its_last_name_goes(store):
    store.commit([put("/a.txt", prose(1)), put("/b.txt", prose(1))])
    identity = store.sources()[0].document_id

    assert store.commit([Remove("/a.txt")]).documents_removed == 0
    assert store.document(identity).source == "/b.txt"
    removed = store.commit([Remove("/b.txt")])

    assert (removed.documents_removed, removed.chunks_removed) == (1, len(entry("/", prose(1)).spans))
    assert store.document(identity) is None
    assert (store.chunks(identity), found(store, prose(1)[:80])) == ([], [])
    assert store.keywords.search(prose(1), 5) == []
    assert store.known_vectors(entry("/", prose(1)).hashes) == {}


def test_new_content_replaces_what_the_name_held(store):
    store.commit([put("/a.txt", prose(1))])
    committed = store.commit([put("/a.txt", prose(2))])
    assert (committed.documents_added, committed.documents_removed) == (1, 1)
    assert texts_by_name(store) == {"/a.txt": prose(2)}
    assert found(store, prose(2)[:80], 1) == [prose(2)[:80]]


def test_other_chunks_of_the_same_bytes_replace_the_old_ones_for_every_name(store):
    store.commit([put("/a.txt", prose(1)), put("/b.txt", prose(1))])
    committed = store.commit([put("/a.txt", prose(1), spans=(Span(0, 50), Span(50, len(prose(1)))))])
    assert (committed.documents_added, committed.documents_removed, committed.chunks_added) == (1, 1, 2)
    assert texts_by_name(store) == {"/a.txt": prose(1), "/b.txt": prose(1)}
    assert [chunk.end for chunk in store.chunks(store.sources()[0].document_id)] == [50, len(prose(1))]


def test_putting_the_same_again_adds_nothing(store):
    store.commit([put("/a.txt", prose(1))])
    before = store.chunks(store.sources()[0].document_id)
    committed = store.commit([put("/a.txt", prose(1))])
    assert (committed.documents_added, committed.documents_removed, committed.chunks_added) == (0, 0, 0)
    assert store.chunks(store.sources()[0].document_id) == before


def test_a_record_notes_a_failure_and_keeps_the_last_good_version(store):
    store.commit([put("/a.txt", prose(1))])
    [good] = store.sources()
    failed = dataclasses.replace(good, size=5, outcome="parse_error", reason="cut at byte 5", seen=9.5)
    store.commit([Record(failed)])
    assert store.sources() == [failed]
    assert texts_by_name(store) == {"/a.txt": prose(1)}


def test_a_record_can_link_a_new_name_to_a_stored_document(store):
    store.commit([put("/old.txt", prose(1))])
    [old] = store.sources()
    store.commit([Record(dataclasses.replace(old, uri="/new.txt")), Remove("/old.txt")])
    assert texts_by_name(store) == {"/new.txt": prose(1)}
    assert {chunk for chunk, _ in store.keywords.search("new", 99)} == {c.id for c in store.chunks(old.document_id)}
    assert store.keywords.search("old", 5) == []


def test_names_can_be_swapped_and_moved_within_a_commit_in_any_order(store):
    store.commit([put("/a.txt", prose(1)), put("/b.txt", prose(2)), put("/c.txt", prose(3))])
    a, b, c = store.sources()
    swapped = [Record(dataclasses.replace(a, uri="/b.txt")), Record(dataclasses.replace(b, uri="/a.txt"))]
    committed = store.commit([*swapped, Remove("/c.txt"), Record(dataclasses.replace(c, uri="/d.txt"))])
    assert (committed.documents_added, committed.documents_removed) == (0, 0)
    assert texts_by_name(store) == {"/a.txt": prose(2), "/b.txt": prose(1), "/d.txt": prose(3)}


def test_a_record_without_a_document_lets_the_old_one_go(store):
    store.commit([put("/a.txt", prose(1))])
    committed = store.commit([Record(Source("/a.txt", 0, 0, None, "empty", "no text"))])
    assert (committed.documents_removed, store.statistics().documents, store.statistics().sources) == (1, 0, 1)


def test_a_record_of_a_document_that_is_not_stored_is_refused_with_everything_else(store):
    with pytest.raises(KnowledgeBaseError, match=r"/b\.txt .*not stored"):
        store.commit([put("/a.txt", prose(1)), Record(Source("/b.txt", 1, 1, "f" * 64))])
    assert (store.sources(), store.generation()) == ([], 0)


def test_removing_an_unknown_name_changes_no_document(store):
    store.commit([put("/a.txt", prose(1))])
    assert store.commit([Remove("/b.txt")]).documents_removed == 0
    assert texts_by_name(store) == {"/a.txt": prose(1)}


@pytest.mark.parametrize("uri", ["/a b/ü.txt", "/a'\"--;%_*.txt", "/a\nb", "/\udcff.txt", "https://x.example/?q=1#f"])
def test_any_name_can_be_stored_listed_and_removed(store, uri):
    store.commit([put(uri, prose(1))])
    assert [source.uri for source in store.sources()] == [uri]
    store.commit([Remove(uri)])
    assert store.sources() == []


# Tags of web pages


def test_a_tag_stays_with_the_page_that_bore_it(store, location):
    page, other = put("http://a/", prose(1)), put("http://b/", prose(2))
    assert store.tags() == {}
    store.commit([page, other, Tag("http://a/", page.entry.source.mtime_ns, 'W/"1"'), Tag("http://c/", 1, '"none"')])
    store.commit([Tag("http://b/", other.entry.source.mtime_ns + 1, '"of another moment"')])
    assert store.tags() == {"http://a/": 'W/"1"'}
    store.commit([Tag("http://a/", page.entry.source.mtime_ns, '"2"')])
    again = open_store(location, read_only=True)
    assert again.tags() == {"http://a/": '"2"'}
    again.close()


def test_a_tag_goes_with_its_page(store):
    pages = [put(f"http://{name}/", prose(n)) for n, name in enumerate("abc")]
    store.commit([*pages, *(Tag(page.entry.source.uri, page.entry.source.mtime_ns, '"1"') for page in pages)])
    later = dataclasses.replace(pages[1].entry.source, mtime_ns=pages[1].entry.source.mtime_ns + 1)
    store.commit([Remove("http://a/"), Record(later)])
    assert store.tags() == {"http://c/": '"1"'}
    store.commit([put("http://a/", prose(5))])
    assert store.tags() == {"http://c/": '"1"'}, "a new page of that name has none"


def test_a_knowledge_base_of_before_there_were_tags_goes_on(store, location, without_tags):
    page = put("http://a/", prose(1))
    store.commit([page])
    without_tags(location)
    for opened in (store, open_store(location, read_only=True)):
        assert (opened.tags(), opened.sources()[0].uri) == ({}, "http://a/")
    opened.close()
    store.commit([Tag("http://a/", page.entry.source.mtime_ns, '"1"')])
    assert store.tags() == {"http://a/": '"1"'}


@pytest.fixture
def without_tags():
    """Makes tables what they were before there was one of tags."""

    def drop(location):
        if str(location).startswith("postgresql:"):
            import psycopg

            with psycopg.connect(str(location)) as connection:
                connection.execute("DROP TABLE kestrel.tags")
        else:
            with closing(sqlite3.connect(location / "kb.db")) as raw:
                assert raw.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'tags'").fetchone() == (0,)

    return drop


def test_holdings_say_what_is_under_each_name(store):
    pdf = put("/a.pdf", prose(1), title="Report", pages=(0, 90), labels=("i", "ii"), warnings=("no fonts",))
    failed = Source("/c.txt", 3, 4, None, "encrypted", "needs a password", 5.0)
    store.commit([pdf, put("/b.txt", prose(2)), Record(failed)])
    holdings = store.holdings()
    assert [holding.source for holding in holdings] == store.sources()
    assert [(h.title, h.pages, h.chunks, h.warnings) for h in holdings] == [
        ("Report", 2, len(pdf.entry.spans), ("no fonts",)),
        ("", 0, len(entry("/", prose(2)).spans), ()),
        ("", 0, 0, ()),
    ]


def test_a_later_reading_that_gives_the_same_is_noted_and_keeps_every_row(store, tmp_path):
    made = put("/a.pdf", prose(1), title="Report")
    store.commit([made, put("/b.txt", prose(2))])
    name, before = made.entry.document.id, store.contents()
    chunks = store.chunks(name)
    assert [(holding.reading, holding.outdated) for holding in store.holdings()] == [(0, True), (0, True)]
    document = dataclasses.replace(made.entry.document, reading=READING)
    done = store.commit([Put(dataclasses.replace(made.entry, document=document), MODEL)])
    assert (done.documents_added, done.documents_removed, done.chunks_added) == (0, 0, 0)
    assert [(holding.reading, holding.outdated) for holding in store.holdings()] == [(READING, False), (0, True)]
    assert (store.document(name), store.chunks(name), store.contents()) == (document, chunks, before)
    assert store.contents([name, "f" * 64]) == {name: before[name]}
    assert store.contents([]) == {}


def test_an_entry_comes_back_as_it_was_put_and_can_be_put_elsewhere(store, tmp_path):
    made = put("/a.pdf", prose(1), title="Report", pages=(0, 90), labels=("i", "ii"), metadata={"year": 2024})
    store.commit([made, put("/b.txt", prose(2)), put("/a.txt", "")])
    sources = {source.uri: source for source in store.sources()}
    entry = store.entry(sources["/a.pdf"])
    assert (entry.document, entry.source) == (made.entry.document, sources["/a.pdf"])
    assert (entry.spans, entry.hashes) == (made.entry.spans, made.entry.hashes)
    assert (entry.vectors == made.entry.vectors).all()
    assert store.entry(dataclasses.replace(sources["/a.pdf"], document_id=None)) is None
    assert store.entry(dataclasses.replace(sources["/a.pdf"], document_id="f" * 64)) is None
    other = open_store(tmp_path / "other", create=True)
    other.commit([Put(store.entry(source), MODEL) for source in sources.values()])
    assert other.contents() == store.contents()
    other.close()


def test_contents_come_in_the_order_of_storing_and_tell_versions_apart(store):
    first, second = put("/b.txt", prose(1)), put("/a.txt", prose(2))
    store.commit([first, second])
    before = store.contents()
    assert list(before) == [first.entry.document.id, second.entry.document.id]
    store.commit([put("/b.txt", prose(1), spans=(Span(0, 40),))])
    after = store.contents()
    assert list(after) == [second.entry.document.id, first.entry.document.id]
    assert after[first.entry.document.id] != before[first.entry.document.id]
    assert after[second.entry.document.id] == before[second.entry.document.id]


# Commits


def test_the_generation_grows_by_one_with_each_commit(store):
    made = [store.commit([put(f"/{n}.txt", prose(n))]).generation for n in range(3)]
    assert (made, store.generation()) == ([1, 2, 3], 3)
    store.maintain()
    assert store.generation() == 3
    assert store.commit([]).generation == 3


def test_a_commit_is_all_or_nothing(store):
    broken = put("/b.txt", prose(2))
    broken = dataclasses.replace(broken, entry=dataclasses.replace(broken.entry, spans=(Span(5, 10**9),)))
    with pytest.raises(UsageError, match=r"/b\.txt spans 5 to 1000000000"):
        store.commit([put("/a.txt", prose(1)), broken])
    assert (store.sources(), store.model(), store.generation()) == ([], None, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 3.0])
def test_vectors_that_are_not_of_unit_length_are_refused(store, value):
    made = put("/a.txt", prose(1))
    made.entry.vectors[1] = value
    with pytest.raises(EmbedderFailed, match=r"chunk 1 of /a\.txt"):
        store.commit([made])


def test_vectors_of_another_model_are_refused_with_both_names(store):
    store.commit([put("/a.txt", prose(1))])
    with pytest.raises(KnowledgeBaseMismatch, match=r"'toy' \(toy-1\).*'other' \(other-7\)"):
        store.commit([put("/b.txt", prose(2), model=Model("other", "other-7", MODEL.dimension))])
    assert store.model() == MODEL


def test_chunk_ids_are_never_used_again(store):
    seen = set()
    for number in range(5):
        store.commit([put("/a.txt", prose(number))])
        ids = {chunk.id for chunk in store.chunks(store.sources()[0].document_id)}
        assert not ids & seen
        seen |= ids
        store.commit([Remove("/a.txt")])


def test_what_was_committed_is_there_when_the_store_is_opened_again(store, location):
    store.commit([put("/a.txt", prose(1))])
    again = open_store(location)
    assert (texts_by_name(again), again.model(), again.generation()) == ({"/a.txt": prose(1)}, MODEL, 1)
    again.close()


# Vectors


def test_known_vectors_come_by_their_hashes(store):
    made = put("/a.txt", prose(1))
    store.commit([made])
    known = store.known_vectors([*made.entry.hashes, b"unknown"])
    assert known.keys() == set(made.entry.hashes)
    assert all((known[name] == row).all() for name, row in zip(made.entry.hashes, made.entry.vectors, strict=True))


def test_vectors_come_by_the_ids_of_their_chunks(store):
    made = put("/a.txt", prose(1))
    store.commit([made])
    ids = [chunk.id for chunk in store.chunks(made.entry.document.id)]
    vectors = store.vectors([*reversed(ids), ids[0], 10**9])
    assert vectors.keys() == set(ids)
    assert all((vectors[chunk] == row).all() for chunk, row in zip(ids, made.entry.vectors, strict=True))
    assert store.vectors([]) == {}


def exact(store, query, k, names=None):
    """The k nearest chunks by a calculation in double precision, equal ones by ascending id."""
    sources = [source for source in store.sources() if names is None or source.uri in names]
    chunks = [chunk for source in sources for chunk in store.chunks(source.document_id)]
    scored = {(chunk.id, float(vector(chunk.text).astype(float) @ query[0].astype(float))) for chunk in chunks}
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


@pytest.mark.parametrize("maintained", [False, True])
def test_search_is_exact_before_and_after_indexing_and_removing(store, maintained):
    for number in range(30):
        store.commit([put(f"/{number}.txt", prose(number))])
        if maintained and number % 7 == 0:
            store.maintain()
    store.commit([Remove("/3.txt"), put("/4.txt", prose(99))])
    if maintained:
        store.maintain()
    for seed in range(10):
        query = vector(f"question {seed}")[None]
        for k in (0, 1, 7, 10**6):
            expected = exact(store, query, k)
            got = store.search_vectors(query, k)
            assert [chunk for chunk, _ in got] == [chunk for chunk, _ in expected]
            assert [score for _, score in got] == pytest.approx([score for _, score in expected], abs=1e-6)
    assert not store.degraded


@pytest.mark.parametrize("maintained", [False, True])
def test_filters_are_exact(store, maintained):
    store.commit([put(f"/docs/{n % 2}/{n}.txt", prose(n), metadata={"even": n % 2 == 0, "n": n}) for n in range(12)])
    if maintained:
        store.maintain()
    query = vector("question")[None]
    for only, names in [
        (Filter(sources=("*/1/*",)), {f"/docs/1/{n}.txt" for n in range(1, 12, 2)}),
        (Filter(sources=("3.txt", "/docs/0/4.txt")), {"/docs/1/3.txt", "/docs/0/4.txt"}),
        (Filter(metadata=(("even", True),)), {f"/docs/0/{n}.txt" for n in range(0, 12, 2)}),
        (Filter(sources=("1?.txt",), metadata=(("even", True),)), {"/docs/0/10.txt"}),
        (Filter(sources=("nothing",)), set()),
    ]:
        assert [c for c, _ in store.search_vectors(query, 40, only)] == [c for c, _ in exact(store, query, 40, names)]
        hits = store.hits(store.keywords.search("account badge canteen deposit expense garage", 100, only))
        assert {hit.source for hit in hits} <= names


def test_hits_come_in_the_order_given_without_those_that_are_gone(store):
    made = put("/a/report.pdf", prose(1), title="Report", pages=(0, 90), labels=("i", "ii"))
    store.commit([made])
    chunks = store.chunks(made.entry.document.id)
    hits = store.hits([(chunks[3].id, 0.25), (10**9, 0.5), (chunks[0].id, 0.75)])
    assert [(hit.chunk, hit.score) for hit in hits] == [(chunks[3], 0.25), (chunks[0], 0.75)]
    assert {(hit.source, hit.title) for hit in hits} == {("/a/report.pdf", "Report")}
    assert [hit.label for hit in hits] == ["ii", "i"]


def test_a_query_of_another_dimension_is_refused(store):
    store.commit([put("/a.txt", prose(1))])
    with pytest.raises(KnowledgeBaseMismatch, match="16 dimensions"):
        store.search_vectors(np.ones((1, 3), np.float32), 5)


# Opening, sharing, closing


def test_opening_what_is_not_there_says_how_to_make_it(location):
    with pytest.raises(NothingIndexed, match="ingest add"):
        open_store(location)
    with pytest.raises(NothingIndexed, match="ingest add"):
        open_store(location, create=True, read_only=True)
    with pytest.raises(NothingIndexed):
        open_store(location)


def test_a_read_only_store_reads_and_refuses_to_write(store, location):
    store.commit([put("/a.txt", prose(1))])
    reading = open_store(location, read_only=True)
    assert texts_by_name(reading) == {"/a.txt": prose(1)}
    for write in (lambda: reading.commit([Remove("/a.txt")]), reading.maintain, reading.rebuild):
        with pytest.raises(KnowledgeBaseError, match="reading only"):
            write()
    reading.close()


def test_a_closed_store_says_so(location):
    closed = open_store(location, create=True)
    closed.close()
    for ask in (closed.sources, closed.generation, lambda: closed.commit([Remove("/a.txt")])):
        with pytest.raises(KnowledgeBaseError, match="closed"):
            ask()


def test_threads_share_a_store(store):
    """Readers see whole documents only, while one thread writes and tidies up."""
    known = {prose(number) for number in [*range(25), *range(100, 125)]}

    def write():
        for number in range(25):
            store.commit([put("/a.txt", prose(number)), put("/b.txt", prose(number + 100))])
            if number % 10 == 0:
                store.maintain()

    def read():
        while not writing.done():
            documents = [store.document(source.document_id) for source in store.sources()]
            assert {document.text for document in documents if document} <= known  # some may have gone meanwhile
            hits = store.hits(store.search_vectors(vector("question")[None], 5))
            assert all(any(hit.chunk.text in text for text in known) for hit in hits)
            store.keywords.search("account", 5)

    with ThreadPoolExecutor(32) as threads:
        writing = threads.submit(write)
        for reading in [threads.submit(read) for _ in range(31)]:
            reading.result()
        writing.result()
    assert texts_by_name(store) == {"/a.txt": prose(24), "/b.txt": prose(124)}


class StoreMachine(RuleBasedStateMachine):
    """Any sequence of changes leaves the store as a dictionary would be."""

    folder = None  # set by the test: a folder of its own for each run
    runs = 0

    def __init__(self):
        super().__init__()
        StoreMachine.runs += 1
        self.location = StoreMachine.folder / str(StoreMachine.runs)
        self.store = open_store(self.location, create=True)
        self.model = {}

    names = st.sampled_from([f"/{letter}.txt" for letter in "abcd"])

    @rule(changes=st.lists(st.tuples(names, st.none() | st.integers(0, 6)), min_size=1, max_size=4))
    def commit(self, changes):
        self.store.commit([Remove(name) if seed is None else put(name, prose(seed, 2)) for name, seed in changes])
        for name, seed in changes:
            self.model.pop(name, None)
            if seed is not None:
                self.model[name] = prose(seed, 2)

    @rule()
    def maintain(self):
        self.store.maintain()

    @rule()
    def rebuild(self):
        self.store.rebuild()

    @rule()
    def reopen(self):
        self.store.close()
        self.store = open_store(self.location)

    @invariant()
    def holds_what_it_should(self):
        assert texts_by_name(self.store) == self.model
        query = vector("question")[None]
        assert [c for c, _ in self.store.search_vectors(query, 50)] == [c for c, _ in exact(self.store, query, 50)]
        hits = self.store.hits(self.store.keywords.search("account badge canteen deposit expense garage", 100))
        assert {hit.chunk.text for hit in hits} == {
            chunk.text
            for source in self.store.sources()
            for chunk in self.store.chunks(source.document_id)
            if set("account badge canteen deposit expense garage".split()) & set(chunk.text.lower().strip(".").split())
        }

    def teardown(self):
        assert list(self.store.verify(full=True)) == []
        self.store.close()


def test_any_sequence_of_changes(tmp_path):
    StoreMachine.folder = tmp_path
    limits = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(StoreMachine, settings=limits)
