"""How likely a model holds given continuations of a prompt, from what servers tell of the tokens that they read.

T. Brown et al., Language Models are Few-Shot Learners (arXiv:2005.14165), §2.4, compare choices in this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from assistant.answers import Likelihood
from assistant.errors import LikelihoodsNotTold, NotAModelServer


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text as the server read it: its tokens, and the natural logarithm of each one's probability given all before
    it. None where that was not asked for, as for the first."""

    tokens: tuple[int, ...]
    logprobs: tuple[float | None, ...]


def shared_tokens(texts: Sequence[Sequence[int]]) -> int:
    """The number of tokens with which all of them begin."""
    return sum(1 for _ in takewhile(lambda row: len(set(row)) == 1, zip(*texts, strict=False)))


def likelihoods_of(prompt: ReadText, whole: Sequence[ReadText], url: str) -> tuple[Likelihood, ...]:
    """Of each continuation, from the prompt alone and from the prompt with each of them.

    Let p be the tokens of the prompt and w those of the prompt with a continuation, both as the server encodes them.
    Where w begins with p, the continuation is the rest of w, and its likelihood is the sum of
    log P(w[i] | w[:i]) over that rest. Where a continuation joins the prompt's last letters to a token of its own, w
    departs from p earlier. Then every continuation is counted from the first token at which any of them departs, so
    that all are given the same tokens and compared over the same text; `merged` says so.
    """
    start = shared_tokens([prompt.tokens, *(each.tokens for each in whole)])
    if start == 0:
        raise LikelihoodsNotTold("The prompt has no token that all continuations leave as it is.", "Send a longer one.")
    return tuple(_likelihood(each, start, len(prompt.tokens), url) for each in whole)


def _likelihood(whole: ReadText, start: int, prompt_length: int, url: str) -> Likelihood:
    told = [value for value in whole.logprobs[start:] if value is not None]
    if len(told) != len(whole.tokens) - start:
        missing = len(whole.tokens) - start - len(told)
        raise NotAModelServer(f"{url} left out the logarithms of {missing} tokens that it read.", "Is it up to date?")
    return Likelihood(sum(told), len(told), merged=start < prompt_length)
