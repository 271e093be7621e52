"""Hours of mixed use leave memory and file descriptors as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


def soak(folder: Path, seconds: int, growth: float) -> None:
    command = [sys.executable, "-m", "tests.support.soaking", str(folder), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 300)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    found = json.loads(done.stdout)
    assert found["asked"] > seconds
    assert found["changed"] > 0
    assert found["growth"] < growth, found
    assert found["descriptors_end"] <= found["descriptors_warm"] + 2, found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_minutes_of_mixed_use(tmp_path: Path) -> None:
    soak(
        tmp_path, 120, growth=4.0
    )  # in so short a time the allocator alone moves memory: by 0.2 to 2.3 in runs without a leak


@pytest.mark.torture
@pytest.mark.soak
@pytest.mark.timeout(0)
def test_an_hour_of_mixed_use(tmp_path: Path) -> None:
    soak(tmp_path, 3600, growth=1.0)
