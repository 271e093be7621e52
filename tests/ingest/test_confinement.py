"""What a process that reads files may not do, tried in such a process."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.workers.system_call_filter import ARCHITECTURES

filtered = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ARCHITECTURES,
    reason="the kernel filters system calls on Linux for x86-64 and ARM64 only",
)


@pytest.fixture
def listener():
    """A server of this machine that a confined process must not reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def confined(code: str, *arguments: object, before: str = "deny_network()") -> str:
    """What a fresh process prints that ran `code` after `before`."""
    workers = "ingest.workers"
    setup = f"import sys\nfrom {workers}.confinement import *\nfrom {workers}.system_call_filter import *\n{before}\n"
    command = [sys.executable, "-c", setup + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TRY_TO_CONNECT = """
import socket
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""


def test_a_process_that_is_not_confined_connects(listener):
    assert confined(TRY_TO_CONNECT, listener.getsockname()[1], before="") == "connected"


def test_python_code_opens_no_socket(listener):
    """By the audit hook alone, as on macOS and Windows."""
    before = "sys.addaudithook(refuse_connections)"
    assert confined(TRY_TO_CONNECT, listener.getsockname()[1], before=before) == "PermissionError"
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("look_up", ["socket.getaddrinfo('localhost', 80)", "socket.gethostbyname('localhost')"])
def test_python_code_asks_no_name_server(look_up):
    code = f"import socket\ntry: {look_up}; print('asked')\nexcept OSError as error: print(type(error).__name__)"
    assert confined(code) == "PermissionError"


@filtered
def test_native_code_opens_no_socket():
    code = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.socket(2, 1, 0), ctypes.get_errno())"
    assert confined(code) == "-1 13"
    assert confined(code, before="").split()[0] != "-1"


@filtered
def test_a_program_that_it_starts_opens_no_socket_either(listener):
    code = f"import subprocess\nchild = {TRY_TO_CONNECT!r}\n" + (
        "print(subprocess.check_output([sys.executable, '-c', 'import sys' + child, sys.argv[1]], text=True))"
    )
    assert confined(code, listener.getsockname()[1]) == "PermissionError"


@filtered
def test_it_cannot_look_into_other_processes():
    code = "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); libc.ptrace(16, os.getppid(), 0, 0); "
    assert confined(code + "print(ctypes.get_errno())") == "13"


@filtered
def test_pipes_files_and_threads_still_work(tmp_path):
    code = """
import os, subprocess, threading
reader, writer = os.pipe()
threading.Thread(target=os.write, args=(writer, b"through a pipe")).start()
open(sys.argv[1], "w").write("to a file")
echoed = subprocess.check_output(["echo", "by a program"], text=True)
print(os.read(reader, 99).decode(), open(sys.argv[1]).read(), echoed)
"""
    assert confined(code, tmp_path / "file") == "through a pipe to a file by a program"


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_memory_is_held_and_cannot_be_raised_again():
    code = """
import resource
try:
    block = bytearray(600_000_000); print("taken")
except MemoryError:
    print("refused")
print(resource.getrlimit(resource.RLIMIT_AS)[1])
"""
    assert confined(code, before="limit_memory(500_000_000)").split() == ["refused", "500000000"]


@pytest.mark.skipif(sys.platform == "win32", reason="processor time is limited on POSIX only")
def test_processor_time_is_held():
    command = "from ingest.workers.confinement import *\nlimit_processor_time(1)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", command], cwd=Path(__file__).parents[2], timeout=120)
    assert done.returncode < 0
