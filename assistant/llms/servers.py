"""The servers that speak OpenAI's protocol, and what each does in its own way: tell its window, count tokens.

Sources: TGI router/src/server.rs; vLLM entrypoints/serve/tokenize/protocol.py; llama.cpp tools/server/README.md; Ollama
docs/api.md; LM Studio's REST API v0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServerKind:
    """`owner` is what stands in "owned_by" of its list of models. Paths begin at the server's root.

    `facts` leads to more about the model than the list tells; "" where the list tells all. `text_field` is how its
    `/tokenize` wants the text; "" where there is none. `alias` is what requests must call the model; "" for its name.
    """

    name: Literal["tgi", "vllm", "sglang", "llama.cpp", "ollama", "lm studio", "unknown"]
    owner: str = ""
    facts: str = ""
    text_field: str = ""
    alias: str = ""
    takes_typical_p: bool = False


TGI = ServerKind("tgi", facts="/info", text_field="inputs", alias="tgi")  # another name would be that of an adapter
UNKNOWN = ServerKind("unknown")
_BY_OWNER = {
    kind.owner: kind
    for kind in (
        ServerKind("vllm", "vllm", text_field="prompt"),
        ServerKind("sglang", "sglang", text_field="prompt"),
        ServerKind("llama.cpp", "llamacpp", facts="/props", text_field="content", takes_typical_p=True),
        ServerKind("ollama", "library", facts="/api/ps"),
        ServerKind("lm studio", "organization_owner", facts="/api/v0/models"),
    )
}


def kind_of(entry: Body) -> ServerKind:
    """By an entry of the list of models. TGI names the model itself as its owner."""
    owner = str(entry.get("owned_by", ""))
    if owner and owner == entry.get("id"):
        return TGI
    return _BY_OWNER.get(owner, UNKNOWN)


def window_in_list(entry: Body) -> int | None:
    """What an entry of the list of models tells: vLLM and SGLang "max_model_len", newer llama.cpp "meta.n_ctx"."""
    meta = entry.get("meta")
    return _positive(entry.get("max_model_len")) or _positive(meta.get("n_ctx") if isinstance(meta, dict) else None)


def limits_in_facts(kind: ServerKind, facts: Any, model: str) -> tuple[int | None, int | None]:
    """(window, longest input) by a server's own account of itself; None where it does not say."""
    if not isinstance(facts, dict):
        return None, None
    match kind.name:
        case "tgi":
            longest = _positive(facts.get("max_input_tokens")) or _positive(facts.get("max_input_length"))
            return _positive(facts.get("max_total_tokens")), longest
        case "llama.cpp":
            settings = facts.get("default_generation_settings")
            return _positive(settings.get("n_ctx") if isinstance(settings, dict) else None), None
        case "ollama":  # the window of a model that is loaded; the model's own maximum is not what is served
            return _window_of_model(facts.get("models"), "model", model, ("context_length",)), None
        case "lm studio":
            return _window_of_model(
                facts.get("data"), "id", model, ("loaded_context_length", "max_context_length")
            ), None
        case _:
            return None, None


def tokenize_body(kind: ServerKind, model: str, text: str) -> Body:
    """A request for the tokens of `text` alone: none added, control tokens in it read as such."""
    match kind.name:
        case "llama.cpp":
            return {"content": text, "add_special": False, "parse_special": True}
        case "tgi":
            return {"inputs": text}
        case _:
            return {"model": model, kind.text_field: text, "add_special_tokens": False}


def encode_body(kind: ServerKind, model: str, text: str) -> Body:
    """A request for the tokens that the server makes of `text` as a prompt, those included that it puts before it."""
    added = "add_special" if kind.name == "llama.cpp" else "add_special_tokens"
    return {**tokenize_body(kind, model, text), added: True}


def template_body(kind: ServerKind, model: str, text: str) -> tuple[str, Body] | None:
    """Where and how to ask what the chat template makes of a user's message; None where nobody tells."""
    messages = [{"role": "user", "content": text}]
    match kind.name:
        case "vllm" | "sglang":
            return "/tokenize", {"model": model, "messages": messages, "add_generation_prompt": True}
        case "tgi":
            return "/chat_tokenize", {"model": kind.alias, "messages": messages}
        case "llama.cpp":
            return "/apply-template", {"messages": messages}
        case _:
            return None


def tokens_counted(answer: Any) -> int | None:
    """TGI answers with a list, llama.cpp with {"tokens": […]}, vLLM and SGLang with a "count" beside it."""
    if isinstance(answer, list):
        return len(answer)
    if not isinstance(answer, dict):
        return None
    tokens = answer.get("tokens") or answer.get("tokenize_response")
    return _positive(answer.get("count")) or (len(tokens) if isinstance(tokens, list) else None)


def _window_of_model(models: Any, key: str, model: str, fields: tuple[str, ...]) -> int | None:
    for entry in models if isinstance(models, list) else []:
        if isinstance(entry, dict) and entry.get(key) == model:
            return next((window for field in fields if (window := _positive(entry.get(field)))), None)
    return None


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
