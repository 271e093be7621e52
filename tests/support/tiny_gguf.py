"""A Falcon of 20,000 random weights as a GGUF file: it says nothing sensible, but llama.cpp runs it as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

WIDTH, HEADS, LAYERS = 32, 2, 1
CONTROL_TOKENS = ("<|endoftext|>", "<start_system>", "<start_user>", "<start_assistant>", "<end_message>")
WORDS = ("he", "the", "in")
MERGES = ("h e", "t he", "i n")


def write_tiny_falcon(path: Path, *, name: str = "tiny", context_length: int = 2048) -> Path:
    """One token a byte, and the few words of `WORDS`. As llama.cpp's converter does, no RoPE base is written."""
    from gguf import GGUFWriter, TokenType

    tokens = [*CONTROL_TOKENS, *_byte_characters(), *WORDS]
    writer = GGUFWriter(path, "falcon")
    writer.add_name(name)
    writer.add_context_length(context_length)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(4 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("falcon")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL if token in CONTROL_TOKENS else TokenType.NORMAL for token in tokens])
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    for tensor, values in _weights(len(tokens)).items():
        writer.add_tensor(tensor, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _weights(tokens: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.5).astype(np.float32)  # large enough for attention to choose

    norm = {"weight": np.ones(WIDTH, np.float32), "bias": np.zeros(WIDTH, np.float32)}
    weights = {"token_embd.weight": normal(tokens, WIDTH), "output.weight": normal(tokens, WIDTH)}
    weights["output.weight"][: len(CONTROL_TOKENS)] = 0  # another token is always likelier: it never ends by itself
    weights |= {f"output_norm.{part}": values for part, values in norm.items()}
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        weights |= {f"{block}.attn_norm.{part}": values for part, values in norm.items()}
        weights |= {
            f"{block}.attn_qkv.weight": normal((HEADS + 2) * WIDTH // HEADS, WIDTH),
            f"{block}.attn_output.weight": normal(WIDTH, WIDTH),
            f"{block}.ffn_up.weight": normal(4 * WIDTH, WIDTH),
            f"{block}.ffn_down.weight": normal(WIDTH, 4 * WIDTH),
        }
    return weights


def _byte_characters() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's encoder.py)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]
