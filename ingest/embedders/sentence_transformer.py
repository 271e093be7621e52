"""Any model of sentence-transformers (https://www.sbert.net), on the GPU where there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.documents import Model
from ingest.errors import EmbedderFailed, UsageError
from ingest.tokens import JsonTokens, encodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.documents import FloatMatrix

TRUST_REMOTE_CODE = False  # a model's own Python code is never run
MULTILINGUAL = "st:sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
LONGEST = 8192  # tokens; for models that set no limit
BATCH = 32  # texts
PATIENCE = 10.0  # seconds for the first answer of the hub; its client would retry for a minute


class SentenceTransformerEmbedder:
    """The embedder `st:NAME_OR_PATH`: a model folder, or a name on the Hugging Face hub.

    Nothing is fetched when the model is already here. Raises `EmbedderFailed` when it is neither here nor within
    reach, or has no fast tokenizer, by whose offsets chunks are cut.
    """

    def __init__(self, name: str = "") -> None:
        if not name:
            raise UsageError("st needs the name or the folder of a model.", f"Such as: --embedder {MULTILINGUAL}")
        self._encoder = encoder = _open(name)
        self._lock = Lock()
        self.tokens = JsonTokens(_tokenizer_json(encoder, name))
        self._special = len(self.tokens.encode([""])[0])
        prompts = sorted(set((encoder.prompts or {}).values()))
        longest_prompt = max((len(self.tokens.starts(prompt)) for prompt in prompts), default=0)
        self.max_tokens = int(min(encoder.get_max_seq_length() or LONGEST, LONGEST)) - longest_prompt
        self.model = Model(f"st:{name}", _fingerprint(encoder), int(encoder.get_embedding_dimension()))

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """As `Embedder.embed_documents`, under the model's own prompt for documents."""
        for text in texts:
            count = len(self.tokens.starts(text)) + self._special
            if count > self.max_tokens:
                raise EmbedderFailed(
                    f"A text of {count} tokens exceeds the {self.max_tokens} of {self.model.name}: {text[:60]!r}…",
                    "Cut it with a chunker of ingest.chunkers, made for this embedder.",
                )
        return self._encode(self._encoder.encode_document, list(texts))

    def embed_query(self, text: str) -> FloatMatrix:
        """As `Embedder.embed_query`, under the model's own prompt for questions."""
        return self._encode(self._encoder.encode_query, [text])

    def _encode(self, encode: Any, texts: list[str]) -> FloatMatrix:
        if not texts:
            return np.zeros((0, self.model.dimension), np.float32)
        with self._lock:  # its tokenizer sets padding and truncation anew for each call
            rows = encode(
                [encodable(text) for text in texts],
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(rows, np.float32)


def _open(name: str) -> Any:
    """The model, from disk if it is there. Raises `EmbedderFailed`."""
    if _is_path(name) and not Path(name).expanduser().exists():
        raise EmbedderFailed(f"There is no folder {name}.", "Give the folder that holds the model's modules.json.")
    try:
        return _load(name, local_files_only=True)
    except (OSError, ValueError) as error:
        if _is_path(name):
            raise _unusable(name, error) from error
    _ask_hub(name)
    try:
        return _load(name)
    except (OSError, ValueError) as error:
        raise _unusable(name, error) from error


def _is_path(name: str) -> bool:
    """Whether a name cannot be one on the hub, which are NAME or OWNER/NAME."""
    return name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1 or Path(name).is_dir()


def _load(name: str, *, local_files_only: bool = False) -> Any:
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    folder = str(Path(name).expanduser()) if name.startswith("~") else name
    try:
        return SentenceTransformer(folder, trust_remote_code=TRUST_REMOTE_CODE, local_files_only=local_files_only)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _ask_hub(name: str) -> None:
    """Raises `EmbedderFailed` at once when the hub is out of reach or has no such model."""
    from huggingface_hub import model_info
    from huggingface_hub.errors import RepositoryNotFoundError

    elsewhere = "Or copy the folder of a model here and give its path: --embedder st:/path/to/model"
    try:
        model_info(name, timeout=PATIENCE)
    except RepositoryNotFoundError as error:
        raise EmbedderFailed(
            f"Neither this machine nor the Hugging Face hub has a model {name!r}, or it is private.",
            f"Check the name. {elsewhere}",
        ) from error
    except (OSError, ValueError) as error:
        raise EmbedderFailed(
            f"The model {name!r} is not on this machine, and the Hugging Face hub cannot be reached to fetch it "
            f"({type(error).__name__}).",
            f"Check the network. {elsewhere}",
        ) from error


def _unusable(name: str, error: Exception) -> EmbedderFailed:
    reason = str(error).strip().partition("\n")[0]
    return EmbedderFailed(f"sentence-transformers cannot load {name}: {reason}", "Fetch or copy the model again.")


def _tokenizer_json(encoder: Any, name: str) -> str:
    tokenizer = getattr(encoder.tokenizer, "backend_tokenizer", encoder.tokenizer)
    if not hasattr(tokenizer, "to_str"):
        raise EmbedderFailed(
            f"The model {name!r} has no fast tokenizer, so it cannot be told where its tokens begin.",
            "Choose a model whose folder has a tokenizer.json.",
        )
    return str(tokenizer.to_str())


def _fingerprint(encoder: Any) -> str:
    """Over all that changes vectors: weights as they were loaded, vocabulary, modules, pooling, prompts, length."""
    digest = hashlib.sha256()
    for part in _parts(encoder):
        digest.update(part)
    return digest.hexdigest()[:16]


def _parts(encoder: Any) -> Iterator[bytes]:
    for key, tensor in encoder.state_dict().items():
        yield f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode()
        yield tensor.detach().cpu().float().contiguous().numpy().tobytes()
    yield repr(sorted(encoder.tokenizer.get_vocab().items())).encode()
    for module in encoder:
        yield f"{type(module).__name__} {getattr(module, 'pooling_mode', '')}".encode()
    yield repr((sorted((encoder.prompts or {}).items()), encoder.get_max_seq_length())).encode()
