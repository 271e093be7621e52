"""How a trained model is served, and how it is named in a comparison."""

from __future__ import annotations

from eval.finetuning.training import Trained

COMPARE = (
    "python -m eval run --questions SET --variants prompting,rag,fine_tuned,fine_tuned_rag --llm BASE --fine-tuned"
)


def serving(base: str, trained: Trained) -> str:
    """Commands for each server, with the specification that names the model afterwards."""
    adapter, merged = trained.adapter, trained.merged
    told = []
    if merged:
        told += [
            "TGI, any release (1.0.3 loads no adapters):",
            f"  text-generation-launcher --model-id {merged}        then tgi:URL",
            "llama.cpp:",
            f"  python convert_hf_to_gguf.py {merged} --outfile tuned.gguf        then gguf:tuned.gguf",
        ]
    told += [
        "vLLM, base and adapter in one server:",
        f"  vllm serve {base} --enable-lora --lora-modules tuned={adapter}        then openai:URL/v1#tuned",
        "TGI 2.1 or newer, where it loads adapters of this architecture:",
        f"  text-generation-launcher --model-id {base} --lora-adapters tuned={adapter}        then openai:URL/v1#tuned",
        "Compare:",
        f"  {COMPARE} SPEC",
    ]
    return "\n".join(told)
