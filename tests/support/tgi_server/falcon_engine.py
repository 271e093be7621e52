"""A Falcon of transformers behind the server: PyTorch on the processor, with its cache of keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.tgi_server.engine import Vector

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FALCONLITE2_TOKENS = ("<|prompter|>", "<|assistant|>", "<|system|>", "<|prefix_begin|>", "<|prefix_end|>")
FALCONLITE2_VOCABULARY = 65_040  # 65,024 of Falcon and the five above, padded to a multiple of 16
READ_AT_ONCE = 2048  # tokens of a prompt: bounds the memory of attention


class FalconEngine:
    """See `Engine`. `model` is a causal language model of transformers that keeps a cache."""

    def __init__(self, model: Any, tokenizer: Tokenizer, model_id: str) -> None:
        self.tokenizer = tokenizer
        self.model_id = model_id
        self.end: int = model.config.eos_token_id
        self._model = model.eval()

    def begin(self, tokens: Sequence[int]) -> FalconDecoding:
        return FalconDecoding(self._model, tokens)

    def logprobs(self, tokens: Sequence[int]) -> list[float]:
        import torch

        ids = torch.tensor([list(tokens)])
        with torch.inference_mode():
            logprobs = self._model(ids, use_cache=False).logits[0, :-1].log_softmax(-1)
        return [float(value) for value in logprobs.gather(1, ids[0, 1:, None])[:, 0]]


class FalconDecoding:
    """See `Decoding`."""

    def __init__(self, model: Any, tokens: Sequence[int]) -> None:
        from transformers import DynamicCache

        self._model = model
        self._cache = DynamicCache()
        for start in range(0, len(tokens), READ_AT_ONCE):
            self._read(tokens[start : start + READ_AT_ONCE])

    @property
    def logits(self) -> Vector:
        return self._logits

    def append(self, token: int) -> None:
        self._read([token])

    def _read(self, tokens: Sequence[int]) -> None:
        import torch

        with torch.inference_mode():
            output = self._model(
                torch.tensor([list(tokens)]), past_key_values=self._cache, use_cache=True, logits_to_keep=1
            )
        self._logits: Vector = output.logits[0, -1].float().numpy()


def counting_engine(tokenizer_file: Path, model_id: str = "amazon/FalconLite2") -> FalconEngine:
    """Falcon's own tokenizer with FalconLite2's five tokens over a one-layer Falcon of random weights.

    It counts and accepts as FalconLite2 does, up to 24,000 tokens in seconds; what it answers means nothing.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer
    from transformers import FalconConfig, FalconForCausalLM

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in FALCONLITE2_TOKENS])
    end = tokenizer.token_to_id("<|endoftext|>")
    config = FalconConfig(  # type: ignore[no-untyped-call]
        vocab_size=FALCONLITE2_VOCABULARY,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_kv_heads=1,
        new_decoder_architecture=True,
        max_position_embeddings=24_576,
        bos_token_id=end,
        eos_token_id=end,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = FalconForCausalLM(config)
    return FalconEngine(model, tokenizer, model_id)
