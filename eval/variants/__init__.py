"""The ways of adding knowledge to a model, each a small file. A further one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from eval.variants.setup import Arm, Setup, Variant
from ingest.errors import UsageError
from ingest.registry import Registry

VARIANTS = Registry(
    "variants",
    {
        "extractive": "eval.variants.extractive:open_extractive",
        "prompting": "eval.variants.prompting:open_prompting",
        "few_shot": "eval.variants.few_shot:open_few_shot",
        "rag": "eval.variants.rag:open_rag",
        "long_context": "eval.variants.long_context:open_long_context",
        "auto": "eval.variants.auto:open_auto",
        "oracle": "eval.variants.oracle:open_oracle",
        "fine_tuned": "eval.variants.fine_tuned:open_fine_tuned",
        "fine_tuned_rag": "eval.variants.fine_tuned:open_fine_tuned_rag",
    },
)


def open_variant(arm: Arm, setup: Setup) -> Variant:
    """Raises `UnknownPart`, `UsageError` for a setting that the variant does not have or a model that it lacks."""
    opener: Callable[[Arm, Setup], Variant] = VARIANTS.load(arm.variant)
    if not setup.likelihoods:
        return opener(arm, setup)
    from eval.variants.weighed import open_weighed

    return open_weighed(arm, setup, opener)


def parse_arms(text: str) -> tuple[Arm, ...]:
    """Arms between commas, "prompting,rag:k=8". Raises `UsageError` for none, or for one that is there twice."""
    arms = tuple(Arm.parse(each) for each in text.split(",") if each.strip())
    names = [arm.name for arm in arms]
    if not arms or len(set(names)) < len(names):
        raise UsageError(f"{text!r} names no arms, or one of them twice.", "Write prompting,rag:k=8,rag:k=20.")
    return arms
