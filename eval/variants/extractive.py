"""The embedded answerer: sentences of the documents themselves, without a language model."""

from __future__ import annotations

from dataclasses import replace

from eval.variants.documents import DocumentVariant
from eval.variants.rag import from_documents
from eval.variants.settings import document_settings
from eval.variants.setup import Arm, Setup


def open_extractive(arm: Arm, setup: Setup) -> DocumentVariant:
    return from_documents(arm, replace(setup, llm="extractive"), document_settings(arm))
