"""What no part of Kestrel does: run what is data, call out unasked, tell secrets, leave files open to others."""

from __future__ import annotations

import ast
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for package in ("ingest", "assistant", "eval", "ui") for path in (ROOT / package).rglob("*.py"))
RUNS_DATA = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
# The pool tells a chunker, which may be anyone's class, to its own child over a pipe that both alone hold, before any
# file is read. What comes back is JSON.
ALLOWED = {("ingest/workers/pool.py", "pickle"), ("ingest/workers/worker.py", "pickle")}
CALLS = {"eval", "exec", "__import__", "os.system", "os.popen", "yaml.load", "torch.load"}
FLAGS = {"trust_remote_code": {"False", "TRUST_REMOTE_CODE"}, "allow_pickle": {"False"}, "shell": {"False"}}
OUTSIDE = "192.0.2.1", 80  # RFC 5737
CANARY = "sk-canary-4711-never-to-be-seen"


def doors(source: str) -> Iterator[str]:
    """Ways in which a module might run what is data."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in RUNS_DATA)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in RUNS_DATA:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            if ast.unparse(node.func) in CALLS:
                yield ast.unparse(node.func)
            for keyword in node.keywords:
                given = ast.unparse(keyword.value)
                if keyword.arg in FLAGS and given not in FLAGS[keyword.arg]:
                    yield f"{keyword.arg}={given}"


def test_nothing_runs_what_is_data() -> None:
    found = {(path.relative_to(ROOT).as_posix(), door) for path in SOURCES for door in doors(path.read_text("utf-8"))}
    assert found == ALLOWED


def test_remote_code_is_never_trusted() -> None:
    from ingest.embedders.sentence_transformer import TRUST_REMOTE_CODE

    assert TRUST_REMOTE_CODE is False


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "os.system(command)",
        "torch.load(path)",
        "SentenceTransformer(name, trust_remote_code=trust)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
    ],
)
def test_a_door_is_seen(source: str) -> None:
    assert list(doors(source))


# Raises at whatever would reach beyond this process, and notes it: an error might be caught somewhere.
GUARDED = """
import runpy, sys
called = []
def deny(event, arguments):
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        called.append((event, arguments[-1]))
        raise OSError(f"{event} is denied")
sys.addaudithook(deny)
CODE
print(*called, sep="\\n", file=sys.stderr)
sys.exit(99 if called else 0)
"""


def guarded(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter that may open no connection says; it ends with 99 when it tried."""
    return subprocess.run(
        [sys.executable, "-c", GUARDED.replace("CODE", code)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=home,
        env={**os.environ, "PYTHONUTF8": "1", "HOME": str(home), "PYTHONPATH": str(ROOT), **environment},
    )


def command(*arguments: str) -> str:
    """Code that runs `python -m` with these arguments."""
    return (
        f"sys.argv = {list(arguments)!r}\n"
        "try: runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=False)\n"
        "except SystemExit as end: print('exit', end.code)\n"
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a person added one document and asked one question, by default in all."""
    home = tmp_path_factory.mktemp("home")
    (home / "docs").mkdir()
    (home / "docs" / "lease.md").write_text("# Lease\n\nThe deposit is 1,450 euros, due in March.\n", encoding="utf-8")
    old = os.umask(0)  # the worst that a person's shell may have set
    try:
        for arguments in (["ingest", "add", "docs"], ["assistant", "ask", "How much is the deposit?"]):
            done = guarded(command(*arguments), home)
            assert done.returncode == 0, done.stderr
    finally:
        os.umask(old)
    assert "1,450 euros" in done.stdout
    return home


def test_nothing_connects_when_it_is_imported(tmp_path: Path) -> None:
    modules = ["ingest.cli", "ingest.pipeline", "assistant.cli", "assistant.assistant", "eval.cli", "ui.__main__"]
    done = guarded(f"import {', '.join(modules)}", tmp_path)
    assert done.returncode == 0, done.stderr


def test_nothing_connects_in_default_use(home: Path) -> None:
    """Adding and asking were guarded when the home was made; here is the rest of what a person does each day."""
    for arguments in (["ingest", "verify", "--full"], ["ingest", "search", "deposit"], ["ingest", "list"]):
        done = guarded(command(*arguments), home)
        assert done.returncode == 0, done.stderr


def test_a_connection_would_be_seen(tmp_path: Path) -> None:
    done = guarded("try:\n  import socket; socket.create_connection(('127.0.0.1', 9))\nexcept OSError: pass", tmp_path)
    assert done.returncode == 99, done.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_no_test_reaches_another_machine(kind: socket.SocketKind) -> None:
    """What `tests/conftest.py` holds for every test; the address is one that documentation may name and nobody has."""
    with socket.socket(type=kind) as own:
        own.settimeout(1)
        for reach in (own.connect, own.connect_ex, lambda address: own.sendto(b"x", address)):
            with pytest.raises(RuntimeError, match="without a network"):
                reach(OUTSIDE)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_all_that_is_kept_is_the_owners_alone(home: Path) -> None:
    kept = [home / "kb", *(home / "kb").rglob("*")]
    assert {"kb.db", "answers.db"} <= {path.name for path in kept}
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in kept}
    assert modes == {(True, 0o700), (False, 0o600)}, [(str(path), oct(path.stat().st_mode)) for path in kept]


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_key_is_never_told(home: Path, debug: str) -> None:
    """A server that is down, with and without the traceback: the key is in no output and in no file."""
    question = ["assistant", "ask", "How much is the deposit?", "--llm", "openai:http://127.0.0.1:9/v1"]
    done = guarded(command(*question), home, KESTREL_LLM_KEY=CANARY, KESTREL_DEBUG=debug)
    assert done.returncode == 99, "the one connection that a person asked for"
    assert "1,450 euros" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert not [path for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
