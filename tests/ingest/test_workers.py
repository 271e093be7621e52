"""The pool of parser processes: results as in one process, and one bad file never more than one bad file."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.discovery import FoundFile, find_files
from ingest.documents import Document, Heading, Source, Span
from ingest.errors import KestrelError, MissingExtra, UsageError
from ingest.workers.parsing import FailedFile, ParsedFile, Parser
from ingest.workers.pool import Limits, ParserPool, _tasks
from ingest.workers.wire import decode, encode
from tests.support.odd_parts import HalvingChunker
from tests.support.pdf_files import make_pdf

TROUBLE = ("tests.support.odd_parts:TroubleReader",)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")


def write(folder: Path, **files: str) -> list[FoundFile]:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return list(find_files([folder]).files)


def parse(files: list[FoundFile], **options) -> dict[str, ParsedFile | FailedFile]:
    """What became of each file, by its name without suffix."""
    with ParserPool(HalvingChunker(), readers=TROUBLE, **{"workers": 1, **options}) as pool:
        return {Path(result.source.uri).stem: result for result in pool.parse(files)}


def text_of(result: ParsedFile | FailedFile) -> str:
    assert isinstance(result, ParsedFile), result
    return result.document.text


def test_a_worker_gives_what_this_process_would(tmp_path):
    (tmp_path / "paper.pdf").write_bytes(make_pdf([["A first page."], [], ["A third."]], title="Paper"))
    files = write(tmp_path, notes_md="# Leave\n\nSixteen weeks.", bad_txt="")
    found = parse(files, workers=2)
    here = {file.path.stem: Parser(HalvingChunker(), 10**6).parse(file.path, file.uri) for file in files}
    assert found.keys() == here.keys() == {"paper", "notes", "bad"}
    for name, expected in here.items():
        result = found[name]
        assert type(result) is type(expected)
        assert result.source.seen == pytest.approx(expected.source.seen, abs=60)
        if isinstance(result, ParsedFile):
            assert (result.document, result.spans) == (expected.document, expected.spans)


def test_the_source_is_what_the_bytes_were_read_from(tmp_path):
    (file,) = write(tmp_path, notes_txt="Some words.")
    earlier = FoundFile(file.path, size=1, mtime_ns=1)  # the file was written again since it was found
    source = parse([earlier])["notes"].source
    assert (source.uri, source.size, source.mtime_ns, source.outcome) == (str(file.path), 11, file.mtime_ns, "ok")
    assert source.document_id == hashlib.sha256(b"Some words.").hexdigest()


@posix_only
@pytest.mark.parametrize(
    ("deed", "outcome", "reason"),
    [
        ("die SIGSEGV", "crashed", "SIGSEGV"),
        ("die SIGABRT", "crashed", "SIGABRT"),
        ("die SIGKILL", "memory", "more memory"),
        ("leave 3", "crashed", "exit status 3"),
        ("fail", "parse_error", "AttributeError: two lines"),
        ("recurse", "parse_error", "RecursionError"),
    ],
)
def test_one_bad_file_costs_itself_only(tmp_path, deed, outcome, reason):
    results = parse(write(tmp_path, a_txt="before", b_trouble=deed, c_txt="after"))
    failure = results["b"]
    assert isinstance(failure, FailedFile)
    assert (failure.source.outcome, failure.source.document_id) == (outcome, None)
    assert reason in failure.source.reason
    assert "\n" not in failure.source.reason
    assert (text_of(results["a"]), text_of(results["c"])) == ("before", "after")


@pytest.mark.parametrize("deed", ["hang", "spin"])
def test_a_file_that_takes_too_long_is_given_up(tmp_path, deed):
    started = time.monotonic()
    results = parse(write(tmp_path, a_trouble=deed, b_txt="after"), limits=Limits(seconds=0.5))
    assert results["a"].source.outcome == "timeout"
    assert results["a"].source.reason == "it was not read within 0.5 s"
    assert text_of(results["b"]) == "after"
    assert time.monotonic() - started < 30


def test_a_reader_has_the_time_for_each_part_that_it_asks_for(tmp_path):
    files = write(tmp_path, a_trouble="work 3", b_trouble="beg", c_txt="after")
    results = parse(files, limits=Limits(seconds=1.5))
    assert text_of(results["a"]) == "3 parts"
    assert results["b"].source.outcome == "timeout", "asking for ever is no way out"
    assert text_of(results["c"]) == "after"


@linux_only
def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path):
    results = parse(write(tmp_path, a_trouble="hoard", b_txt="after"), limits=Limits(memory=1_000_000_000))
    assert results["a"].source.outcome == "memory"
    assert text_of(results["b"]) == "after"


def test_a_large_file_is_not_read(tmp_path):
    results = parse(write(tmp_path, a_txt="x" * 2001, b_txt="x" * 2000), limits=Limits(bytes=2000))
    assert results["a"].source.outcome == "too_large"
    assert results["a"].source.size == 2001
    assert results["b"].source.outcome == "ok"


def test_a_file_that_went_is_vanished(tmp_path):
    files = write(tmp_path, a_txt="words")
    files[0].path.unlink()
    assert parse(files)["a"].source.outcome == "vanished"


def test_a_file_that_changes_while_it_is_read_is_vanished(tmp_path, monkeypatch):
    (file,) = write(tmp_path, a_txt="words")
    fstat = os.fstat

    def grow(number: int):
        status = fstat(number)
        file.path.write_text("other words")
        return status

    monkeypatch.setattr("ingest.workers.parsing.os.fstat", grow)
    result = Parser(HalvingChunker(), 1000).parse(file.path, file.uri)
    assert result.source.outcome == "vanished"


def test_a_file_without_permission_is_denied(tmp_path, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(errno.EACCES, "Permission denied")

    (file,) = write(tmp_path, a_txt="words")
    monkeypatch.setattr("ingest.workers.parsing.os.open", refuse)
    source = Parser(HalvingChunker(), 1000).parse(file.path, file.uri).source
    assert (source.outcome, source.reason) == ("denied", "it cannot be read: Permission denied")


@posix_only
def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path):
    files = write(tmp_path, a_txt="words")
    files[0].path.unlink()
    os.mkfifo(files[0].path)
    assert parse(files)["a"].source.outcome == "unsupported"


def test_what_a_library_prints_does_not_get_among_the_answers(tmp_path):
    assert text_of(parse(write(tmp_path, a_trouble="chatter"))["a"]) == "said"


def test_a_process_is_used_again_until_it_dies(tmp_path):
    files = write(tmp_path, a_trouble="process", b_trouble="process", c_trouble="leave 1", d_trouble="process")
    results = parse(files)
    assert text_of(results["a"]) == text_of(results["b"])
    assert text_of(results["d"]) != text_of(results["a"])


def test_keys_of_the_person_stay_out_of_the_workers(tmp_path, monkeypatch):
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "secret")
    files = write(tmp_path, a_trouble="environment HUGGING_FACE_HUB_TOKEN", b_trouble="environment PATH")
    results = parse(files)
    assert text_of(results["a"]) == "unset"
    assert text_of(results["b"]) == os.environ["PATH"]


def test_what_would_stop_every_file_stops_the_run(tmp_path):
    with pytest.raises(MissingExtra, match=r"needs the package 'frob'\. Run: pip install frob"):
        parse(write(tmp_path, a_trouble="demand"))


class LocalChunker(HalvingChunker):
    """Pickled by a name that no worker can import."""


LocalChunker.__module__ = "__main__"


def test_a_chunker_that_no_worker_can_load_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "LocalChunker", LocalChunker, raising=False)
    with ParserPool(LocalChunker()) as pool, pytest.raises(UsageError, match=r"cannot load the chunker.*LocalChunker"):
        list(pool.parse(write(tmp_path, a_txt="words")))


def test_files_are_taken_as_room_comes_free(tmp_path):
    """Neither all files nor all results may be in memory at once."""
    files = write(tmp_path, **{f"f{number:02}_txt": "words" for number in range(40)})
    taken = 0

    def counted():
        nonlocal taken
        for file in files:
            taken += 1
            yield file

    with ParserPool(HalvingChunker(), workers=2) as pool:
        results = pool.parse(counted())
        next(results)
        assert taken <= 10
        assert sum(1 for _ in results) == 39


SMALL = 60  # files, of which the later ones are told to a worker several at a time


def small_files(folder: Path, **troubles: str) -> list[FoundFile]:
    """Many small files, and among the last ones some trouble."""
    return write(folder, **{f"f{number:02}_txt": f"words {number}" for number in range(SMALL)}, **troubles)


def test_small_files_are_told_together_the_more_the_more_there_are(tmp_path):
    files = small_files(tmp_path)
    sizes = [len(task.files) for task in _tasks(files, 1, SimpleQueue())]
    assert sizes[:4] == [1, 1, 1, 1], "few files are spread over the workers"
    assert sizes[-2] > 5
    assert [file for task in _tasks(files, 1, SimpleQueue()) for file in task.files] == files
    large = [FoundFile(file.path, 40_000, 1) for file in files]
    assert {len(task.files) for task in _tasks(large, 1, SimpleQueue())} == {1}
    assert max(len(task.files) for task in _tasks(files * 20, 1, SimpleQueue())) == 32


@posix_only
@pytest.mark.parametrize("deed", ["die SIGSEGV", "die SIGKILL", "hang", "fail"])
def test_one_bad_file_among_small_ones_costs_itself_only(tmp_path, deed):
    outcome = {"die SIGSEGV": "crashed", "die SIGKILL": "memory", "hang": "timeout", "fail": "parse_error"}[deed]
    results = parse(small_files(tmp_path, f57a_trouble=deed), limits=Limits(seconds=10 if deed != "hang" else 3))
    assert results.pop("f57a").source.outcome == outcome
    assert {name: text_of(result) for name, result in results.items()} == {
        f"f{number:02}": f"words {number}" for number in range(SMALL)
    }


def test_leaving_early_ends_the_processes(tmp_path):
    started = time.monotonic()
    with ParserPool(HalvingChunker(), workers=2, readers=TROUBLE) as pool:
        results = pool.parse(write(tmp_path, a_txt="words", b_trouble="hang"))
        assert text_of(next(results)) == "words"
        children = psutil.Process().children()
        assert children
    assert time.monotonic() - started < 30
    assert not any(child.is_running() for child in children)


SCRIPT = """
import signal
import sys
from ingest.discovery import find_files
from ingest.workers.pool import ParserPool
from tests.support.odd_parts import HalvingChunker
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what it puts behind with SIGINT ignored
# No `if __name__ == "__main__"`: a person's script has none either.
with ParserPool(HalvingChunker(), workers=2, readers=("tests.support.odd_parts:TroubleReader",)) as pool:
    for result in pool.parse(find_files([sys.argv[1]]).files):
        print(result.source.outcome, flush=True)
"""


@pytest.fixture
def start_script(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts the script over a folder. Whatever becomes of the test, no process of it meets the next one."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with ExitStack() as started:

        def start(files: Path) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, str(script), str(files)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                start_new_session=True,
            )
            started.enter_context(process)
            started.callback(process.kill)  # before the end of the context waits for it
            return process

        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    return files


def test_an_unguarded_script_works(start_script, folder):
    write(folder, a_txt="words", b_txt="words")
    out, err = start_script(folder).communicate(timeout=60)
    assert (out, err) == ("ok\nok\n", "")


@posix_only
def test_ctrl_c_shows_one_traceback_and_leaves_no_process(start_script, folder):
    write(folder, a_txt="words", b_trouble="hang", c_trouble="spin")
    process = start_script(folder)
    assert process.stdout.readline() == "ok\n"
    workers = psutil.Process(process.pid).children()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert not any(worker.is_running() for worker in workers)


@posix_only
def test_ctrl_c_is_seen_where_it_does_not_interrupt_the_wait(tmp_path):
    """As where it comes after the interpreter's last look for signals and before the wait: here it meets a thread."""
    limits = Limits(seconds=20)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    with ParserPool(HalvingChunker(), limits, workers=1, readers=TROUBLE) as pool:
        results = pool.parse(write(tmp_path, b_trouble="hang"))
        threading.Timer(1.0, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)).start()
        try:
            with pytest.raises(KeyboardInterrupt):
                next(results)
        finally:
            signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < limits.seconds / 2


@posix_only
def test_workers_do_not_outlive_a_pool_that_is_killed(start_script, folder):
    write(folder, a_txt="words", b_txt="words")
    process = start_script(folder)
    assert process.stdout.readline() == "ok\n"
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.communicate(timeout=30)
    assert psutil.wait_procs(workers, timeout=30)[1] == []


def test_a_process_that_cannot_start_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.workers.process.COMMAND", (sys.executable, "-c", "import no_such_module"))
    with pytest.raises(KestrelError, match="ended before it was ready"):
        parse(write(tmp_path, a_txt="words"))


words = st.text(st.characters(codec="utf-8"), max_size=20)
documents = st.builds(
    Document,
    id=words,
    text=words,
    source=words,
    title=words,
    pages=st.lists(st.integers(0, 99), min_size=1, max_size=3).map(tuple),
    labels=st.lists(words, max_size=3).map(tuple),
    headings=st.lists(st.builds(Heading, st.integers(1, 6), words, st.integers(0, 99)), max_size=3).map(tuple),
    metadata=st.dictionaries(words, words | st.booleans() | st.integers() | st.floats(allow_nan=False), max_size=3),
    warnings=st.lists(words, max_size=2).map(tuple),
)
sources = st.builds(Source, words, st.integers(0), st.integers(), st.none() | words, seen=st.floats(0, 1e10))
spans = st.lists(st.builds(Span, st.integers(0, 9), st.integers(0, 9), words), max_size=3).map(tuple)


@given(st.builds(ParsedFile, sources, documents, spans) | st.builds(FailedFile, sources))
def test_results_come_over_the_wire_as_they_are(result):
    assert decode(encode(result)) == result
