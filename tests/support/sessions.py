"""Servers for tests, each in a session and a folder of its own, by which all that it started is found and ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ENDING_SECONDS = 10.0


class Sessions:
    """Named groups of processes. Each has the folder `folder / name` to work in, where what it says is kept too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._leaders: dict[str, list[subprocess.Popen]] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        user: str | None = None,
    ) -> None:
        """Run `command` as one more part of `name`, as `user` where one is given."""
        folder = self.folder(name, user)
        with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
            leader = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        self._leaders.setdefault(name, []).append(leader)

    def folder(self, name: str, user: str | None = None) -> Path:
        """That of `name`, made for `user` where it is not there."""
        folder = self._folder / name
        if not folder.exists():
            folder.mkdir()
            if user:
                shutil.chown(folder, user, user)
        return folder

    def names(self) -> list[str]:
        return list(self._leaders)

    def processes(self, name: str) -> list[psutil.Process]:
        """All that is alive of `name`: the sessions of what was started, and whatever works in its folder."""
        leaders = {leader.pid for leader in self._leaders.get(name, [])}
        return [process for process in psutil.process_iter() if _belongs(process, leaders, self._folder / name)]

    def kill(self, name: str) -> int:
        """End `name` at once, as a power cut of its machine would, and give how many processes that were."""
        ended = 0
        until = time.monotonic() + ENDING_SECONDS
        while alive := self.processes(name):
            assert time.monotonic() < until, f"{name} does not end: {alive}"
            ended = max(ended, len(alive))
            for process in alive:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
            for leader in self._leaders[name]:
                leader.poll()
            time.sleep(0.02)
        for leader in self._leaders.pop(name, []):
            leader.wait()
        return ended

    def said(self, name: str) -> str:
        return "\n".join(
            path.read_text(errors="replace")[-2000:] for path in sorted((self._folder / name).glob("*.log"))
        )

    def close(self) -> None:
        for name in list(self._leaders):
            self.kill(name)


@contextmanager
def sessions(folder: Path) -> Iterator[Sessions]:
    """Nothing of them is left at the end, however the block ends."""
    running = Sessions(folder)
    try:
        yield running
    finally:
        running.close()


def free_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0)) as listener:
        return listener.getsockname()[1]


def _belongs(process: psutil.Process, leaders: set[int], folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return os.getsid(process.pid) in leaders or Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, ProcessLookupError):
        return False  # it has ended, or is another person's
