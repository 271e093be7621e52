"""Which of several choices a model holds likeliest, whatever it answers.

With l = log P(choice | prompt), the natural logarithm over the tokens of the choice's text after the prompt:

- likeliest: the choice with the largest l. Long choices have many tokens, and so a small l.
- per token: the largest l / (number of tokens), T. Brown et al., Language Models are Few-Shot Learners
  (arXiv:2005.14165), §2.4.
- per byte: the largest l / (bytes of the text in UTF-8), which does not depend on the model's tokenizer; as
  EleutherAI's lm-evaluation-harness normalises (docs/model_guide.md, `acc_norm`).
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answers import Likelihood
from eval.samples import LETTERS


def likeliest(likelihoods: Sequence[Likelihood]) -> str:
    """The letter; of equally likely choices the first. Raises `ValueError` for none."""
    return _letter([each.logprob for each in likelihoods])


def likeliest_per_token(likelihoods: Sequence[Likelihood]) -> str:
    return _letter([each.logprob / each.tokens for each in likelihoods])


def likeliest_per_byte(likelihoods: Sequence[Likelihood], choices: Sequence[str]) -> str:
    """`choices` are the texts that were weighed, in their order."""
    sizes = (len(choice.encode(errors="surrogatepass")) for choice in choices)
    return _letter([each.logprob / size for each, size in zip(likelihoods, sizes, strict=True)])


def _letter(values: Sequence[float]) -> str:
    return LETTERS[max(range(len(values)), key=values.__getitem__)]
