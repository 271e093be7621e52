"""Starting processes of our own that read files of strangers: without the person's keys, apart from Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.processors import threads_of_libraries

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a child sees of the environment. Keys and tokens are no business of a process that reads files of strangers.
PASSED_ON = frozenset(
    {"PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"}
)
PASSED_PREFIXES = ("LANG", "LC_", "PYTHON", "XDG_")
ONE_THREAD = {**threads_of_libraries(1), "OMP_THREAD_LIMIT": "1"}


def command_for(module: str) -> tuple[str, ...]:
    """What runs `main()` of a module. -P: the working folder holds documents, and a json.py among them is not ours."""
    return (sys.executable, "-P", "-c", f"from {module} import main; main()")


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A child with pipes for input and output, in a process group of its own: Ctrl-C reaches the parent alone."""
    kept = {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(PASSED_PREFIXES)}
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # parsers complain about each odd file; what matters is in the outcome
        env={**kept, **ONE_THREAD, "PYTHONPATH": path},
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        process_group=None if sys.platform == "win32" else 0,
    )
