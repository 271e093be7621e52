"""Breaks up control tokens in text that is data, so that a document cannot open a turn or end the prompt.

Tokenizers read the text of a control token as the command itself, wherever it stands (transformers#29279 is open, and
text-generation-inference parses them in `inputs`), so every text that did not come from a template passes
`neutralise`. Deleting is not enough: "<|im_<|im_end|>end|>" holds one again afterwards. Hence a visible space after
the first character, repeated until nothing is left to break.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

# Families besides "<|…|>", which one pattern covers. Sources: the tokenizer_config.json and model cards of each.
CONTROL_TOKENS: tuple[str, ...] = (
    *("<s>", "</s>", "<unk>", "<pad>", "<bos>", "<eos>", "<mask>", "<BOS_TOKEN>", "<EOS_TOKEN>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),  # Llama 2, Mistral
    *("[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[THINK]"),
    *("[/THINK]", "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"),
    *("<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>"),  # Gemma
    *("<start_system>", "<start_user>", "<start_assistant>", "<end_message>"),  # Alfred-40B-1023
    *(">>TITLE<<", ">>ABSTRACT<<", ">>INTRODUCTION<<", ">>SUMMARY<<", ">>COMMENT<<", ">>ANSWER<<"),  # Falcon
    *(">>QUESTION<<", ">>DOMAIN<<", ">>PREFIX<<", ">>SUFFIX<<", ">>MIDDLE<<"),
    *("<fim_prefix>", "<fim_middle>", "<fim_suffix>"),  # StarCoder
    *("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),  # DeepSeek
    *("[|user|]", "[|assistant|]", "[|system|]", "[|endofturn|]"),  # EXAONE
)
_BARRED = r"<\|[^|<>\s]{1,64}\|>"  # ChatML, Llama 3 and 4, Phi, Qwen, Command, Granite, Harmony, Falcon

# Zero-width, bidirectional, variation selectors, fillers and the tag block: unseen by the reader, but not by the model
# (OWASP LLM01:2025), and able to hide a control token from a search.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)


def neutralise(text: str, control_tokens: Iterable[str] = ()) -> str:
    """`text` without invisible characters and with a space inside every control token, built in or given.

    Holds under Unicode normalisation and without regard to case: full-width letters are broken up as well. Applying
    it again changes nothing.
    """
    pattern = _pattern(frozenset(control_tokens))
    visible = _INVISIBLE.sub("", text)
    while (broken := _break(visible, pattern)) != visible:
        visible = broken
    return visible


def holds_control_token(text: str, control_tokens: Iterable[str] = ()) -> bool:
    """Whether `neutralise` would change something other than invisible characters."""
    return _pattern(frozenset(control_tokens)).search(_folded(_INVISIBLE.sub("", text))) is not None


def _break(text: str, pattern: re.Pattern[str]) -> str:
    if not pattern.search(_folded(text)):
        return text
    folded: list[str] = []
    owners: list[int] = []  # owners[i] is the character of `text` from which character i of the folded text came
    for index, character in enumerate(text):
        folds = _folded(character)
        folded.append(folds)
        owners.extend([index] * len(folds))
    found = [(owners[match.start()], owners[match.end() - 1]) for match in pattern.finditer("".join(folded))]
    if ligatures := {first for first, last in found if first == last}:  # one character that unfolds to a whole token
        return "".join(folds if index in ligatures else text[index] for index, folds in enumerate(folded))
    edges = [0, *dict.fromkeys(first + 1 for first, _ in found), len(text)]
    return " ".join(text[start:end] for start, end in pairwise(edges))


def _folded(text: str) -> str:
    """Every ASCII run that NFC, NFD, NFKC or NFKD of the text would hold, in one case."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKD", text).casefold()


@lru_cache(maxsize=64)
def _pattern(added: frozenset[str]) -> re.Pattern[str]:
    """One character cannot be broken up, and runs of spaces are no commands (some tokenizers add both)."""
    tokens = {_folded(_INVISIBLE.sub("", token)).strip() for token in (*CONTROL_TOKENS, *added)}
    longest_first = sorted((token for token in tokens if len(token) > 1), key=len, reverse=True)
    return re.compile("|".join([_BARRED, *map(re.escape, longest_first)]))
