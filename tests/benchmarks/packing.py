"""How long packing a full FalconLite2 window takes, how full it gets, and how much of a prompt the next one repeats.

    python -m tests.benchmarks.packing

Real texts, the real Falcon tokenizer, token counts of pieces in the cache. The encoding of finished prompts is timed
apart: it is the tokenizer's own speed. Times are those of the processor, so that a busy machine tells the same.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import time
from collections.abc import Sequence

from assistant.answers import Prompt, TokenCount, Turn
from assistant.counting import TokenizerFile
from assistant.packing import Packer, PackingOptions
from assistant.profiles import profile_named
from tests.conftest import SHARED_DATA
from tests.support.memory import MemoryKnowledge, cut

ROUNDS = 15
HITS = 240  # as many as a question of the assistant asks for at this window
LONG = 2000  # characters; a shorter text that is counted is a term of the ledger, not a prompt


class TimedCount:
    """The tokenizer's count, with the seconds that long texts took."""

    def __init__(self, tokenizer: TokenizerFile) -> None:
        self._tokenizer = tokenizer
        self.seconds = 0.0
        self.prompts = 0

    def __call__(self, text: str) -> TokenCount:
        started = time.process_time()
        counted = self._tokenizer.count(text)
        if len(text) > LONG:
            self.seconds += time.process_time() - started
            self.prompts += 1
        return counted


def main() -> int:
    corpora = SHARED_DATA / "chunking_eval" / "corpora"
    if not corpora.is_dir():
        print(f"needs the data of {SHARED_DATA}", file=sys.stderr)
        return 2
    profile = profile_named("falconlite2")
    tokenizer = TokenizerFile(SHARED_DATA / "falcon_tokenizer" / "tokenizer.json", profile.control_tokens)
    profile = tokenizer.describe(profile)
    texts = [path.read_text(encoding="utf-8") for path in sorted(corpora.glob("*.md"))]
    print(f"{os.cpu_count()} processors, {sum(map(len, texts)):,} characters in {len(texts)} documents")
    many = MemoryKnowledge(
        cut(f"{number}.md", text, [120, 90, 150], number * 100_000) for number, text in enumerate(texts)
    )
    count = TimedCount(tokenizer)
    packer = Packer(many, profile, count)
    _time("passages", packer, count, many)
    few = MemoryKnowledge(cut(f"{number}.md", text[:15_000], [120], number * 1000) for number, text in enumerate(texts))
    _time("whole documents", Packer(few, profile, count), count, few)
    for mode, knowledge in (("whole", few), ("chunks", many)):
        shares = list(_repeated(_conversation(Packer(knowledge, profile, tokenizer.count), knowledge, mode), tokenizer))
        print(
            f"{mode}: the next prompt of a conversation begins with {min(shares):.1%} or more of its tokens unchanged"
        )
    return 0


def _time(name: str, packer: Packer, count: TimedCount, knowledge: MemoryKnowledge) -> None:
    hits = [knowledge.hits(seed)[:HITS] for seed in range(ROUNDS)]
    for found in hits:
        packer.pack("What does it say?", found)
    own, encoding, fills = [], [], []
    for found in hits:
        count.seconds, count.prompts = 0.0, 0
        started = time.process_time()
        prompt = packer.pack("What does it say?", found)
        own.append(time.process_time() - started - count.seconds)
        encoding.append(count.seconds / count.prompts)
        fills.append(prompt.ledger.passages / prompt.ledger.budget)
    print(
        f"{name}: {prompt.ledger.total:,} tokens packed in {1000 * statistics.median(own):.0f} ms "
        f"(worst {1000 * max(own):.0f}), encoded in {1000 * statistics.median(encoding):.0f} ms, "
        f"fill {statistics.mean(fills):.2%} (least {min(fills):.2%})"
    )


def _conversation(packer: Packer, knowledge: MemoryKnowledge, mode) -> list[Prompt]:
    history: list[Turn] = []
    prompts = []
    for number in range(6):
        question = f"What does part {number} say?"
        prompts.append(packer.pack(question, knowledge.hits(number)[:HITS], history, PackingOptions(mode)))
        history.append(Turn(question, "It says what the passage says. " * 5))
    return prompts


def _repeated(prompts: Sequence[Prompt], tokenizer: TokenizerFile):
    """Tokens that each prompt shares with the one before, from the beginning, as a share of its own."""
    for earlier, later in itertools.pairwise(prompts):
        pairs = zip(earlier.text, later.text, strict=False)
        same = next((at for at, (left, right) in enumerate(pairs) if left != right), 0)
        yield tokenizer.count(later.text[:same]).tokens / later.ledger.total


if __name__ == "__main__":
    sys.exit(main())
