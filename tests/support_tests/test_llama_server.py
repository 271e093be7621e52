"""What `gguf_files` writes, llama.cpp reads as transformers does: the same tokens, the same greedy text."""

from __future__ import annotations

import httpx
import pytest

from tests.support.gguf_files import write_falcon, write_falcon_mamba
from tests.support.llama_server import serving_gguf
from tests.support.small_falcon_mamba import small_falcon_mamba
from tests.support.small_tokenizer import END, train_tokenizer

pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
pytest.importorskip("gguf", reason="the extra [test] is not installed")
pytestmark = pytest.mark.slow  # loads PyTorch

LENGTH = 24
MAMBA_PROMPT = "<|im_start|>user\nWhat is the access code of the office?<|im_end|>\n<|im_start|>assistant\n"
FALCON_PROMPT = "<|prompter|>The door of the mill is 1234 blue.<|endoftext|><|assistant|>"


def random_falcon(groups):
    """A Falcon of the 40B's architecture with weights large enough for every token to matter."""
    import torch
    from transformers import FalconConfig, FalconForCausalLM

    tokenizer = train_tokenizer(["the door of the mill is blue. 1234"] * 10, 300)
    end = tokenizer.token_to_id(END)
    config = FalconConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_kv_heads=groups,
        new_decoder_architecture=True,
        initializer_range=0.2,
        max_position_embeddings=512,
        rope_theta=1_000_000.0,
        bos_token_id=end,
        eos_token_id=end,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = FalconForCausalLM(config).eval()
        for parameter in model.parameters():
            if parameter.ndim == 1:  # norms: anything but ones and zeros, or a swap would pass unseen
                torch.nn.init.normal_(parameter, 0.5, 0.3)
    return model, tokenizer


def greedy(model, ids):
    import torch

    prompt = torch.tensor([ids])
    output = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=LENGTH,
        do_sample=False,
        pad_token_id=model.config.eos_token_id,
    )
    return output[0, len(ids) :].tolist()


def assert_same(model, tokenizer, path, prompt):
    ids = tokenizer.encode(prompt).ids
    expected = tokenizer.decode(greedy(model, ids))
    with serving_gguf(path, "small", 512) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        tokens = client.post("/tokenize", json={"content": prompt, "parse_special": True}).json()["tokens"]
        body = {"prompt": prompt, "max_tokens": LENGTH, "temperature": 0}
        answer = client.post("/v1/completions", json=body).json()
        models = client.get("/v1/models").json()["data"]
    assert tokens == ids
    assert answer["choices"][0]["text"] == expected
    assert answer["usage"]["prompt_tokens"] == len(ids)
    assert [model["id"] for model in models] == ["small"]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_falcon(tmp_path, groups):
    model, tokenizer = random_falcon(groups)
    assert_same(model, tokenizer, write_falcon(model, tokenizer, tmp_path / "falcon.gguf", "falcon"), FALCON_PROMPT)


def test_falcon_mamba(tmp_path):
    model, tokenizer = small_falcon_mamba()
    assert_same(model, tokenizer, write_falcon_mamba(model, tokenizer, tmp_path / "m.gguf", "mamba"), MAMBA_PROMPT)


def test_two_epsilons_are_refused(tmp_path):
    model, tokenizer = small_falcon_mamba()
    model.config.mixer_rms_eps = 1e-6
    with pytest.raises(ValueError, match="mixer_rms_eps 1e-06 is not layer_norm_epsilon 1e-05"):
        write_falcon_mamba(model, tokenizer, tmp_path / "m.gguf", "mamba")


def test_a_prompt_beyond_the_window(tmp_path):
    model, tokenizer = small_falcon_mamba()
    path = write_falcon_mamba(model, tokenizer, tmp_path / "m.gguf", "mamba")
    with serving_gguf(path, "small", 512) as server:
        refused = httpx.post(f"{server.url}/v1/completions", json={"prompt": "x" * 600, "max_tokens": 4})
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "exceed_context_size_error")
    assert (refused.json()["error"]["n_prompt_tokens"], refused.json()["error"]["n_ctx"]) == (600, 512)
