"""The fine-tuned model, closed book and with retrieval: `prompting` and `rag` with the model of --fine-tuned."""

from __future__ import annotations

from dataclasses import replace

from eval.variants.documents import DocumentVariant
from eval.variants.models import opened
from eval.variants.prompting import Prompting, open_prompting
from eval.variants.rag import open_rag
from eval.variants.setup import Arm, Setup


def open_fine_tuned(arm: Arm, setup: Setup) -> Prompting:
    return open_prompting(arm, replace(setup, llm=opened(setup.fine_tuned, arm)))


def open_fine_tuned_rag(arm: Arm, setup: Setup) -> DocumentVariant:
    return open_rag(arm, replace(setup, llm=opened(setup.fine_tuned, arm)))
