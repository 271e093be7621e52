"""A protocol-true server over a model without weights: starts in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.support.openapi import OpenAPI
from tests.support.small_tokenizer import END, train_tokenizer
from tests.support.tgi_server.lookup_engine import LookupEngine
from tests.support.tgi_server.server import TgiServer, serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version

SENTENCE = "the door of the old mill is blue and the roof is red."
PROMPT = f"{SENTENCE} the door of the"  # goes on " old mill is blue and the roof is red. the door of the old …"
Start = Callable[..., AbstractContextManager[TgiServer]]


@pytest.fixture(scope="session")
def engine() -> LookupEngine:
    tokenizer = train_tokenizer([SENTENCE, "Grüße aus 東京 🗼"] * 20, 400)
    return LookupEngine(tokenizer, tokenizer.token_to_id(END), "lookup/model")


@pytest.fixture
def start(engine) -> Start:
    """start(version, fault=None, **of Setup) runs a server while its block lasts."""

    def started(version: str = "1.0.3", fault: str | None = None, **options):
        return serving(Setup(engine, Version.parse(version), **options), fault)

    return started


@pytest.fixture(scope="session")
def openapi(shared_data) -> OpenAPI:
    return OpenAPI(shared_data / "tgi" / "openapi.json")
