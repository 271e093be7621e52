"""An embedder that one text kills the process of, as running out of memory would."""

from __future__ import annotations

import os
import signal
import time

from ingest.documents import Model
from ingest.embedders.hashing import HashingEmbedder

POISON = "poisonous"
SECONDS = float(os.environ.get("KESTREL_TEST_SECONDS_A_TEXT", "0"))


class Dangerous(HashingEmbedder):
    """As `hashing`, `SECONDS` slower a text."""

    model = Model("tests.support.dangerous:Dangerous", "dangerous", HashingEmbedder.model.dimension)

    def embed_documents(self, texts):
        if any(POISON in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(SECONDS * len(texts))
        return super().embed_documents(texts)
