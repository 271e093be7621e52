"""Fixtures of more than one module here."""

from __future__ import annotations

import pytest

from tests.support.faulty_servers import PROTOCOLS


@pytest.fixture(params=PROTOCOLS.values(), ids=PROTOCOLS.keys())
def protocol(request):
    """A model server that speaks it, as bytes."""
    return request.param


@pytest.fixture
def short_pauses(monkeypatch):
    """Between attempts: 10 ms instead of seconds."""
    monkeypatch.setattr("assistant.llms.retrying.BASE", 0.01)
