"""Prompts in which one thing stands somewhere: the pass key, and keys with values.

The pass key follows Mohtashami and Jaggi 2023 (arXiv:2305.16300; llama/run_test.py of epfml/landmark-attention),
lengths in characters of filling; key-value retrieval follows Liu et al. 2023, Lost in the Middle (arXiv:2307.03172).
"""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass

_TASK = (
    "There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. I will quiz you "
    "about the important information there."
)
_FILLING = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
_KEY_VALUE = "Extract the value corresponding to the specified key in the JSON object below."
LARGEST = 50_000  # pass key


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt with the answers that are all wanted, where in it they stand (`depth`, a share of it) and how many
    tokens may be answered. `raw`: sent without the model's template, as the published run did."""

    prompt: str
    answers: tuple[str, ...]
    depth: float
    task: str
    tokens: int = 50
    raw: bool = False


def pass_key(filling: int, depth: float, chance: random.Random) -> Case:
    """`filling` characters around a number. `depth` 0 puts it first, 1 last."""
    key = chance.randint(1, LARGEST)
    text = " ".join([_FILLING] * (filling // len(_FILLING) + 1))[:filling]
    place = round(depth * filling)
    told = f"The pass key is {key}. Remember it. {key} is the pass key."
    lines = [_TASK, text[:place], told, text[place:], "What is the pass key? The pass key is"]
    return Case("\n".join(lines), (str(key),), depth, "passkey", tokens=10, raw=True)


def key_values(pairs: int, depth: float, chance: random.Random, needles: int = 1) -> Case:
    """`pairs` of random keys and values; with several `needles` the values of so many keys are asked for at once, the
    first of them at `depth`, the others anywhere."""
    keys = [_uuid(chance) for _ in range(pairs)]
    held = {key: _uuid(chance) for key in keys}
    first = round(depth * (pairs - 1))
    others = chance.sample([place for place in range(pairs) if place != first], needles - 1)
    wanted = [keys[place] for place in (first, *others)]
    asked = ", ".join(f'"{key}"' for key in wanted)
    prompt = (
        f"{_KEY_VALUE}\n\nJSON data:\n{json.dumps(held, indent=0)}\n\n"
        f"Key{'s' if needles > 1 else ''}: {asked}\nCorresponding value{'s' if needles > 1 else ''}:"
    )
    task = "keyvalue" if needles == 1 else f"{needles} needles"
    return Case(prompt, tuple(held[key] for key in wanted), depth, task, tokens=60 * needles)


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
