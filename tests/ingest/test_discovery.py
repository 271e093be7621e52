"""Which files are found, in which order, and what is said of the others."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.discovery import find_files, uri_of
from ingest.errors import UsageError

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and file names of POSIX")


def make(folder: Path, *names: str, content: str = "words") -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def names(root: Path, *paths: str | Path, exclude: tuple[str, ...] = ()) -> list[str]:
    found = find_files(paths or [root], exclude=exclude)
    return [file.path.relative_to(root).as_posix() for file in found.files]


def reasons(root: Path) -> dict[str, str]:
    return {skipped.path.name: skipped.reason for skipped in find_files([root]).skipped}


def test_folders_are_searched_in_the_order_of_the_path(tmp_path):
    make(tmp_path, "b.txt", "a/z.md", "a/b/c.pdf", "C.txt")
    assert names(tmp_path) == ["C.txt", "a/b/c.pdf", "a/z.md", "b.txt"]


def test_size_and_time_are_those_of_the_file(tmp_path):
    make(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", ns=(1, 1_234_567_890))
    (file,) = find_files([tmp_path]).files
    assert (file.size, file.mtime_ns, file.uri) == (5, 1_234_567_890, str(tmp_path / "a.txt"))


def test_what_is_never_a_document_is_left_out(tmp_path):
    make(
        tmp_path, "kept.txt", ".hidden", ".git/config", "node_modules/a.md", "src/__pycache__/a.pyc", "~$kept.docx",
        "kept.txt~", "Thumbs.db", "env/pyvenv.cfg", "env/lib/a.py", "cache/CACHEDIR.TAG", "cache/a.txt", "kb/kb.db",
        "kb/segments/1",
    )  # fmt: skip
    assert names(tmp_path) == ["kept.txt"]
    assert reasons(tmp_path) == {
        "cache": "a cache, not documents",
        "env": "a virtual environment, not documents",
        "kb": "a knowledge base, not documents",
    }


def test_ignore_files_hold_below_their_folder(tmp_path):
    make(
        tmp_path,
        "a.log",
        "docs/a.log",
        "docs/keep.log",
        "docs/drafts/a.md",
        "docs/a.md",
        "build/a.md",
        "src/build/a.md",
    )
    (tmp_path / ".gitignore").write_text("*.log\n/build/\n")
    (tmp_path / "docs" / ".kestrelignore").write_text("# mine\ndrafts/\n!keep.log\n")
    assert names(tmp_path) == ["docs/a.md", "docs/keep.log", "src/build/a.md"]


def test_an_ignore_file_can_bring_back_what_is_hidden(tmp_path):
    make(tmp_path, ".github/guide.md", ".other/a.md")
    (tmp_path / ".kestrelignore").write_text("!.github/\n")
    assert names(tmp_path) == [".github/guide.md"]


def test_a_line_that_is_no_pattern_is_passed_over(tmp_path):
    make(tmp_path, "a.txt", "b.log")
    (tmp_path / ".gitignore").write_text("foo\\\n*.log\n")
    assert names(tmp_path) == ["a.txt"]


def test_exclude_beats_everything(tmp_path):
    make(tmp_path, "a.txt", "b.bak", "old/a.txt", "new/old/b.txt")
    (tmp_path / ".gitignore").write_text("!*.bak\n")
    assert names(tmp_path, exclude=("*.bak", "/old/")) == ["a.txt", "new/old/b.txt"]
    assert names(tmp_path, tmp_path / "b.bak", tmp_path / "a.txt", exclude=("*.bak",)) == ["a.txt"]


def test_exclude_that_is_no_pattern_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"--exclude: .*Write patterns as in \.gitignore"):
        find_files([make(tmp_path, "a.txt")], exclude=("foo\\",))


def test_a_file_that_is_named_is_taken_though_rules_leave_it_out(tmp_path):
    make(tmp_path, ".env", "a.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert names(tmp_path, tmp_path / ".env", tmp_path / "a.log") == [".env", "a.log"]


def test_globs(tmp_path):
    make(tmp_path, "a.md", "docs/b.md", "docs/c.txt", "docs/deep/d.md", "node_modules/e.md", "2024/f.txt", "2023/g.txt")
    assert names(tmp_path, tmp_path / "*.md") == ["a.md"]
    assert names(tmp_path, tmp_path / "docs/*.md") == ["docs/b.md"]
    assert names(tmp_path, tmp_path / "**/*.md") == ["a.md", "docs/b.md", "docs/deep/d.md"]
    assert names(tmp_path, tmp_path / "202[34]/?.txt") == ["2023/g.txt", "2024/f.txt"]


def test_a_name_with_brackets_is_a_name_first(tmp_path):
    make(tmp_path, "report [final].txt")
    assert names(tmp_path, tmp_path / "report [final].txt") == ["report [final].txt"]


def test_a_glob_does_not_hide_files_from_the_next_path(tmp_path):
    make(tmp_path, "docs/a.md", "docs/b.txt")
    assert names(tmp_path, tmp_path / "docs/*.md", tmp_path / "docs") == ["docs/a.md", "docs/b.txt"]


@pytest.mark.parametrize("path", ["nowhere", "nowhere/*.md", "*.docx", "a.txt/b", "null\0byte"])
def test_a_path_where_nothing_is_says_so(tmp_path, path):
    make(tmp_path, "a.txt")
    with pytest.raises(UsageError, match=r"(There is no file or folder|No file below) .*Check the"):
        find_files([f"{tmp_path}/{path}"])


def test_a_file_reached_twice_is_read_once(tmp_path):
    make(tmp_path, "docs/a.txt")
    assert names(
        tmp_path, tmp_path / "docs", tmp_path, tmp_path / "docs" / "a.txt", tmp_path / "docs/../docs/a.txt"
    ) == ["docs/a.txt"]


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    make(tmp_path, "docs/a.txt")
    monkeypatch.chdir(tmp_path / "docs")
    assert [file.path for file in find_files(["a.txt"]).files] == [tmp_path / "docs" / "a.txt"]
    assert [file.path for file in find_files(["../docs"]).files] == [tmp_path / "docs" / "a.txt"]


@posix_only
def test_links_are_followed_inside_the_folder_only(tmp_path):
    outside = make(tmp_path / "outside", "secret.txt")
    root = make(tmp_path / "root", "z/real.txt", ".store/blob")
    (root / "alias.txt").symlink_to(root / "z" / "real.txt")
    (root / "blob.txt").symlink_to(root / ".store" / "blob")
    (root / "leak.txt").symlink_to(outside / "secret.txt")
    (root / "leak").symlink_to(outside)
    (root / "dangling.txt").symlink_to(root / "nothing")
    assert names(root) == ["blob.txt", "z/real.txt"], "a file under its own name, and one that only a link shows"
    assert reasons(root) == {
        "leak.txt": f"a link out of {root}; add its target by name",
        "leak": f"a link out of {root}; add its target by name",
        "dangling.txt": "a link to nothing: No such file or directory",
    }
    assert [file.path for file in find_files([root / "leak.txt"]).files] == [root / "leak.txt"], "it was named"


@posix_only
def test_loops_end(tmp_path):
    make(tmp_path, "a/b/c.txt")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert names(tmp_path) == ["a/b/c.txt"]


@posix_only
def test_hard_links_are_one_file(tmp_path):
    make(tmp_path, "a.txt", "c.txt")
    (tmp_path / "b.txt").hardlink_to(tmp_path / "a.txt")
    assert names(tmp_path) == ["a.txt", "c.txt"]


@posix_only
def test_pipes_and_devices_are_not_read(tmp_path):
    make(tmp_path, "a.txt")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == ["a.txt"]
    assert reasons(tmp_path) == {"pipe": "not a regular file"}
    assert find_files(["/dev/zero"]).files == ()


def test_a_folder_that_cannot_be_listed_is_an_outcome(tmp_path, monkeypatch):
    make(tmp_path, "open/a.txt", "closed/b.txt")
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr("ingest.discovery.os.scandir", refuse)
    found = find_files([tmp_path])
    assert [file.path.name for file in found.files] == ["a.txt"]
    (skipped,) = found.skipped
    assert (skipped.path, skipped.outcome) == (tmp_path / "closed", "denied")
    assert skipped.reason == "cannot be listed: Permission denied"


@posix_only
def test_a_name_that_is_no_text_gets_a_name_that_is(tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9\n.txt"
    Path(os.fsdecode(odd)).write_text("words")
    (file,) = find_files([tmp_path]).files
    assert file.uri == f"{tmp_path}/caf\\xe9\n.txt"
    assert file.path.read_text() == "words"


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda name: name not in {".", ".."}))
def test_every_name_can_be_stored(name):
    uri_of(Path("/") / name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")).encode("utf-8")


def test_ten_thousand_files_are_found_in_no_time(tmp_path):
    for folder in range(100):
        (tmp_path / str(folder)).mkdir()
        for number in range(100):
            (tmp_path / str(folder) / f"{number}.txt").touch()
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n")
    started = time.process_time()
    assert len(find_files([tmp_path]).files) == 10_000
    assert time.process_time() - started < 2, "0.2 s on an idle machine"
