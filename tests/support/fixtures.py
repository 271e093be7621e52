"""Model servers for any test: real models behind real sockets.

Made known by `pytest_plugins = ["tests.support.fixtures"]` in tests/conftest.py. All of them load PyTorch, so the
tests that take them are marked slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.tgi_server.server import TgiServer, serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.templates import FALCONLITE2 as CHAT_TEMPLATE
from tests.support.tgi_server.versions import Version

if TYPE_CHECKING:
    from tests.support.llama_server import LlamaServer
    from tests.support.small_falcon import SmallFalcon
    from tests.support.tgi_server.falcon_engine import FalconEngine

StartTgi = Callable[..., AbstractContextManager[TgiServer]]


@pytest.fixture(scope="session")
def small_falcon() -> SmallFalcon:
    """The small Falcon that answers from its prompt. Trained on first use (minutes), then loaded in a second or two."""
    pytest.importorskip("gguf", reason="the extra [test] is not installed")
    from tests.support.small_falcon import load

    return load()


@pytest.fixture(scope="session")
def tgi_server(small_falcon: SmallFalcon) -> StartTgi:
    """`with tgi_server("1.0.3", fault="b13:2*1") as server:` serves the small Falcon at `server.url`.

    Further options are those of `Setup`: limits, pause, api_key, … `chat_template=None` for a model that cannot chat.
    """
    engine = small_falcon.engine()

    def start(version: str = "1.0.3", fault: str | None = None, **options: Any) -> AbstractContextManager[TgiServer]:
        settings = {"limits": small_falcon.limits(), "chat_template": CHAT_TEMPLATE, **options}
        return serving(Setup(engine, Version.parse(version), **settings), fault)

    return start


@pytest.fixture(scope="session")
def counting_falcon(shared_data: Path) -> FalconEngine:
    """Falcon's own tokenizer over random weights, for 24,000 tokens: it counts as FalconLite2 does."""
    from tests.support.tgi_server.falcon_engine import counting_engine

    return counting_engine(shared_data / "falcon_tokenizer" / "tokenizer.json")


@pytest.fixture(scope="session")
def llama_server(small_falcon: SmallFalcon) -> Iterator[LlamaServer]:
    """llama.cpp's own OpenAI-compatible server with the same small Falcon."""
    pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
    from tests.support.llama_server import serving_gguf
    from tests.support.small_falcon import NAME
    from tests.support.small_falcon_training import WINDOW

    with ExitStack() as open_ones:
        yield open_ones.enter_context(serving_gguf(small_falcon.gguf, NAME, WINDOW, CHAT_TEMPLATE))
