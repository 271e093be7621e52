"""Whole documents, best first, up to the model's window."""

from __future__ import annotations

from dataclasses import replace

from eval.variants.documents import DocumentVariant
from eval.variants.models import opened
from eval.variants.rag import from_documents
from eval.variants.settings import document_settings
from eval.variants.setup import Arm, Setup


def open_long_context(arm: Arm, setup: Setup) -> DocumentVariant:
    model = opened(setup.llm, arm)
    return from_documents(arm, replace(setup, llm=model), replace(document_settings(arm), mode="whole"))
