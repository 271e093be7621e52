"""The process of llama.cpp ends when it must and no earlier, however its owner ends."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from assistant.answers import Sampling
from assistant.llms import open_llm
from assistant.llms.llama_child import Settings
from assistant.llms.llama_process import LlamaProcess
from ingest.errors import UsageError
from tests.support.tiny_gguf import write_tiny_falcon

pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
pytest.importorskip("gguf", reason="the extra [test] is not installed")

WINDOW = 32_768
LONG = Sampling(max_tokens=30_000)  # most of a minute of work: it still writes when its stream is closed

# Streams are given up while another thread wants the interpreter's lock: in one process llama.cpp hung at its end.
GIVE_UP = """
import sys, threading
from assistant.answers import Sampling
from assistant.llms import open_llm

sys.setswitchinterval(0.001)
over = threading.Event()
def burn():
    while not over.is_set():
        sum(range(1000))
threading.Thread(target=burn).start()
for _ in range(4):
    model = open_llm("gguf:" + sys.argv[1], "plain", any_model=True)
    streams = [model.stream("in the", Sampling(max_tokens=30_000)) for _ in range(3)]
    next(streams[0])
    for stream in streams:
        stream.close()
    model.close()
over.set()
"""
LEAVE_OPEN = """
import sys
from assistant.answers import Sampling
from assistant.llms import open_llm

model = open_llm("gguf:" + sys.argv[1], "plain", any_model=True)
stream = model.stream("in the", Sampling(max_tokens=30_000))
next(stream)
print(model._server.process.pid, flush=True)
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_falcon(tmp_path_factory.mktemp("gguf") / "tiny.gguf", context_length=WINDOW)


@pytest.fixture
def model(tiny):
    opened = open_llm(f"gguf:{tiny}", "plain", any_model=True)
    yield opened
    opened.close()


def has_ended(pid: int) -> bool:
    """Within a minute. A zombie has ended: whoever adopts it may take its time to bury it."""
    for _ in range(1200):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.05)
                continue
        return True
    return False


@pytest.mark.slow  # 10 s
def test_streams_given_up_do_not_hold_up_the_end(tiny):
    subprocess.run([sys.executable, "-c", GIVE_UP, str(tiny)], check=True, timeout=240)


def test_it_ends_with_an_interpreter_that_leaves_a_stream_open(tiny):
    left = subprocess.run(
        [sys.executable, "-c", LEAVE_OPEN, str(tiny)], check=True, timeout=120, stdout=subprocess.PIPE
    )
    assert has_ended(int(left.stdout))


def test_it_ends_when_its_owner_is_killed(tiny):
    waiting = f"{LEAVE_OPEN}\nimport time\ntime.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", waiting, str(tiny)], stdout=subprocess.PIPE) as owner:
        pid = int(owner.stdout.readline())
        assert psutil.pid_exists(pid)
        owner.kill()
    assert has_ended(pid)


def test_closing_ends_an_open_stream_as_incomplete(model):
    stream = model.stream("in the", LONG)
    shown = next(stream)
    model.close()
    shown += "".join(stream)
    assert (stream.completion.text, stream.completion.finish) == (shown, "incomplete")
    assert stream.completion.problem
    assert not psutil.pid_exists(model._server.process.pid)
    model.close()


def test_a_stream_keeps_a_dropped_model(tiny):
    stream = open_llm(f"gguf:{tiny}", "plain", any_model=True).stream("in the", Sampling(max_tokens=20))
    gc.collect()
    assert len("".join(stream)) > 0
    assert (stream.completion.finish, stream.completion.output_tokens) == ("length", 20)


def test_a_dropped_model_ends(tiny):
    model = open_llm(f"gguf:{tiny}", "plain", any_model=True)
    pid = model._server.process.pid
    stream = model.stream("in the", LONG)
    next(stream)
    del model, stream
    gc.collect()
    assert has_ended(pid)


def test_its_crash_costs_one_answer(model):
    stream = model.stream("in the", LONG)
    next(stream)
    psutil.Process(model._server.process.pid).kill()
    list(stream)
    assert stream.completion.finish == "incomplete"


def test_what_cannot_be_loaded_says_why(tiny, tmp_path):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny.read_bytes()[:-1000])
    with pytest.raises(UsageError, match=r"cannot load .*cut\.gguf: .*not within the file bounds.*Check the file"):
        LlamaProcess(Settings(str(cut)))
