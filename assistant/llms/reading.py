"""How likely given texts are, by the servers of OpenAI's protocol: each tells it in a way of its own.

vLLM and SGLang tell it of a prompt that they echo (`echo` with `logprobs` of /v1/completions). llama.cpp tells it of
generated tokens alone and ignores `echo` (ggml-org/llama.cpp#15189): there each token is asked for by itself and forced
by a bias, and what its `/completion` tells is the probability before any bias (tools/server/README.md, `n_probs`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.errors import LikelihoodsNotTold, NotAModelServer
from assistant.llms.deadline import Deadline
from assistant.llms.likelihoods import ReadText, shared_tokens
from assistant.llms.servers import ServerKind, encode_body
from assistant.llms.transport import Transport

_ECHOING = ("vllm", "sglang")
_FORCED = 1e6  # a bias beside which every logit is nothing
_LEAST = math.log(1e-45)  # llama.cpp's probabilities are 32-bit floats: a smaller one is told as 0, and counts as this


@dataclass(frozen=True, slots=True)
class TextReader:
    """One model of one server; `root` is where the server's own routes are, beside /v1."""

    transport: Transport
    kind: ServerKind
    model: str
    root: str

    async def read(self, texts: Sequence[str], deadline: Deadline) -> list[ReadText]:
        """See `assistant.llms.served.Backend`. Of the first text, the prompt alone, the tokens are enough."""
        if self.kind.name not in (*_ECHOING, "llama.cpp"):
            raise LikelihoodsNotTold(
                f"{self.transport.address.url} ({self.kind.name}) does not tell how likely a given text is.",
                "Servers that do: TGI by tgi:URL, vLLM, SGLang, llama.cpp.",
            )
        alone, *whole = [await self._encoded(text, deadline) for text in texts]
        start = max(1, shared_tokens([alone, *whole]))
        read = [ReadText(alone, (None,) * len(alone))]
        for tokens in whole:
            echoes = self.kind.name in _ECHOING
            read.append(await (self._echoed(tokens, deadline) if echoes else self._forced(tokens, start, deadline)))
        return read

    async def _encoded(self, text: str, deadline: Deadline) -> tuple[int, ...]:
        """With the tokens that the server puts before a prompt."""
        answer = await self.transport.post(f"{self.root}/tokenize", encode_body(self.kind, self.model, text), deadline)
        try:
            return tuple(int(token) for token in answer["tokens"])
        except (KeyError, TypeError, ValueError) as error:
            raise NotAModelServer(f"{self.root}/tokenize tells no tokens: {error!r}.", "Is it up to date?") from error

    async def _echoed(self, tokens: tuple[int, ...], deadline: Deadline) -> ReadText:
        """One token more is generated, which not every server can do without; its likelihood is left out."""
        body = {
            "model": self.model,
            "prompt": list(tokens),
            "max_tokens": 1,
            "temperature": 0.0,
            "echo": True,
            "logprobs": 1,
        }
        answer = await self._asked("/completions", body, deadline)
        try:
            told = answer["choices"][0]["logprobs"]["token_logprobs"]
        except (KeyError, TypeError, IndexError):
            told = ()
        if not isinstance(told, list) or not len(tokens) <= len(told) <= len(tokens) + 1:
            raise LikelihoodsNotTold(
                f"{self.transport.address.url} does not echo a prompt with its logarithms: {len(told)} came for "
                f"{len(tokens)} tokens.",
                "vLLM and SGLang do.",
            )
        return ReadText(tokens, tuple(told[: len(tokens)]))

    async def _forced(self, tokens: tuple[int, ...], start: int, deadline: Deadline) -> ReadText:
        told = [await self._next(tokens[:place], tokens[place], deadline) for place in range(start, len(tokens))]
        return ReadText(tokens, (*([None] * min(start, len(tokens))), *told))

    async def _next(self, before: tuple[int, ...], token: int, deadline: Deadline) -> float:
        """The server keeps what it has read, so that each of them costs one token's work."""
        body = {
            "prompt": list(before),
            "n_predict": 1,
            "n_probs": 1,
            "temperature": 0.0,
            "logit_bias": [[token, _FORCED]],
            "cache_prompt": True,
        }
        answer = await self._asked(f"{self.root}/completion", body, deadline)
        try:
            (told,) = answer["completion_probabilities"]
            said, logprob = int(told["id"]), float(told["logprob"])
        except (KeyError, TypeError, ValueError) as error:
            raise LikelihoodsNotTold(
                f"{self.transport.address.url} does not tell the probability of a token ({error!r}).",
                "llama.cpp does since December 2024.",
            ) from error
        if said != token:
            raise NotAModelServer(f"{self.transport.address.url} took the token {said} where {token} was forced.")
        return max(logprob, _LEAST)

    async def _asked(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> Any:
        return await self.transport.post(path, body, deadline, deadline.timeouts.first_token)
