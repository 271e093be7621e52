"""Models of transformers as GGUF files that llama.cpp runs, in 32-bit floats so that greedy texts are equal.

Names and layouts are those of llama.cpp's convert_hf_to_gguf.py (FalconModel, MambaModel).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gguf import GGUFWriter
    from tokenizers import Tokenizer

Array = NDArray[np.float32]
Tensors = Iterator[tuple[str, Array]]


def write_falcon(model: Any, tokenizer: Tokenizer, path: Path, name: str) -> Path:
    """A `FalconForCausalLM` of the 40B's architecture (two norms a layer, grouped queries)."""
    from gguf import GGUFWriter

    config = model.config
    writer = GGUFWriter(path, "falcon")
    writer.add_name(name)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.ffn_hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_rope_freq_base(config.rope_theta)
    _add_tokenizer(writer, tokenizer, config.eos_token_id)
    return _finish(writer, _falcon_tensors(_weights(model), config), path)


def write_falcon_mamba(model: Any, tokenizer: Tokenizer, path: Path, name: str) -> Path:
    """A `FalconMambaForCausalLM` whose two epsilons are equal: llama.cpp knows one."""
    from gguf import GGUFWriter

    config = model.config
    if config.mixer_rms_eps != config.layer_norm_epsilon:
        raise ValueError(f"mixer_rms_eps {config.mixer_rms_eps} is not layer_norm_epsilon {config.layer_norm_epsilon}")
    writer = GGUFWriter(path, "mamba")
    writer.add_name(name)
    writer.add_context_length(2**20)  # nothing bounds it; the converter writes the same
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_ssm_conv_kernel(config.conv_kernel)
    writer.add_ssm_inner_size(config.intermediate_size)
    writer.add_ssm_state_size(config.state_size)
    writer.add_ssm_time_step_rank(int(config.time_step_rank))
    writer.add_layer_norm_rms_eps(config.layer_norm_epsilon)
    writer.add_ssm_dt_b_c_rms(True)  # what makes it a Falcon Mamba
    _add_tokenizer(writer, tokenizer, config.eos_token_id)
    return _finish(writer, _mamba_tensors(_weights(model)), path)


def _add_tokenizer(writer: GGUFWriter, tokenizer: Tokenizer, end: int) -> None:
    from gguf import TokenType

    merges = [" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    special = {id_ for id_, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    ids = range(tokenizer.get_vocab_size())
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("falcon")
    writer.add_token_list([tokenizer.id_to_token(id_) for id_ in ids])
    writer.add_token_types([TokenType.CONTROL if id_ in special else TokenType.NORMAL for id_ in ids])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)


def _finish(writer: GGUFWriter, tensors: Tensors, path: Path) -> Path:
    for name, values in tensors:
        writer.add_tensor(name, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _weights(model: Any) -> dict[str, Array]:
    return {name: values.detach().float().numpy() for name, values in model.state_dict().items()}


def _falcon_tensors(weights: Mapping[str, Array], config: Any) -> Tensors:
    yield "token_embd.weight", weights["transformer.word_embeddings.weight"]
    for part in ("weight", "bias"):
        yield f"output_norm.{part}", weights[f"transformer.ln_f.{part}"]
    for layer in range(config.num_hidden_layers):
        here, there = f"transformer.h.{layer}", f"blk.{layer}"
        for part in ("weight", "bias"):
            yield f"{there}.attn_norm.{part}", weights[f"{here}.ln_mlp.{part}"]  # llama.cpp feeds it to the MLP
            yield f"{there}.attn_norm_2.{part}", weights[f"{here}.ln_attn.{part}"]
        fused = weights[f"{here}.self_attention.query_key_value.weight"]
        yield f"{there}.attn_qkv.weight", _separated(fused, config)
        yield f"{there}.attn_output.weight", weights[f"{here}.self_attention.dense.weight"]
        yield f"{there}.ffn_up.weight", weights[f"{here}.mlp.dense_h_to_4h.weight"]
        yield f"{there}.ffn_down.weight", weights[f"{here}.mlp.dense_4h_to_h.weight"]


def _separated(fused: Array, config: Any) -> Array:
    """Rows of each group's queries, key and value into all queries, all keys, all values."""
    groups, width = config.num_kv_heads, config.hidden_size
    head = width // config.num_attention_heads
    parts = fused.reshape(groups, config.num_attention_heads // groups + 2, head, width)
    queries, keys, values = parts[:, :-2], parts[:, -2], parts[:, -1]
    return np.concatenate([part.reshape(-1, width) for part in (queries, keys, values)])


def _mamba_tensors(weights: Mapping[str, Array]) -> Tensors:
    names = {
        "in_proj.weight": "ssm_in.weight",
        "conv1d.bias": "ssm_conv1d.bias",
        "x_proj.weight": "ssm_x.weight",
        "dt_proj.weight": "ssm_dt.weight",
        "dt_proj.bias": "ssm_dt.bias",
        "D": "ssm_d",
        "out_proj.weight": "ssm_out.weight",
    }
    yield "token_embd.weight", weights["backbone.embeddings.weight"]
    yield "output.weight", weights["lm_head.weight"]
    yield "output_norm.weight", weights["backbone.norm_f.weight"]
    layers = len({name.split(".")[2] for name in weights if name.startswith("backbone.layers.")})
    for layer in range(layers):
        here, there = f"backbone.layers.{layer}", f"blk.{layer}"
        yield f"{there}.attn_norm.weight", weights[f"{here}.norm.weight"]
        yield f"{there}.ssm_conv1d.weight", weights[f"{here}.mixer.conv1d.weight"][:, 0]
        yield f"{there}.ssm_a", -np.exp(weights[f"{here}.mixer.A_log"])
        for name, other in names.items():
            yield f"{there}.{other}", weights[f"{here}.mixer.{name}"]
