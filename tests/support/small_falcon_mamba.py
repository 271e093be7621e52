"""A small Falcon Mamba of random weights: another architecture, with the ChatML turns of Falcon-Mamba-7B-instruct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.small_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END, TURN_BEGINS, TURN_ENDS = "<|end_of_text|>", "<|im_start|>", "<|im_end|>"
SPECIAL = ("<|begin_of_text|>", TURN_BEGINS, TURN_ENDS, END)
TEXTS = ("user", "assistant", "What is the access code of the office?", "The access code of the office is 48213.")


def small_falcon_mamba() -> tuple[Any, Tokenizer]:
    """A `FalconMambaForCausalLM` of 80,000 parameters and its tokenizer, the same on every call."""
    import torch
    from transformers import FalconMambaConfig, FalconMambaForCausalLM

    tokenizer = train_tokenizer(TEXTS * 10, 400, SPECIAL)
    end = tokenizer.token_to_id(END)
    config = FalconMambaConfig(  # type: ignore[no-untyped-call]
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        state_size=8,
        num_hidden_layers=2,
        layer_norm_epsilon=1e-5,
        mixer_rms_eps=1e-5,
        initializer_range=0.5,  # large enough for the tokens before to decide what follows
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = FalconMambaForCausalLM(config)  # type: ignore[no-untyped-call]
    return model.eval(), tokenizer
