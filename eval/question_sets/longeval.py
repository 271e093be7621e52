"""LongEval's line and topic retrieval: a whole prompt a line, with the register's number or the topics in it.

D. Li et al., How Long Can Open-Source LLMs Truly Promise on Context Length? (2023),
https://lmsys.org/blog/2023-06-29-longchat/
"""

from __future__ import annotations

from collections.abc import Iterator

from eval.question_sets.files import Contents
from eval.samples import Question
from ingest.errors import UsageError


def read(found: Contents) -> Iterator[Question]:
    """The question is the whole prompt, as the published runs sent it; the first topic is the right one."""
    for number, record in enumerate(found.records(), start=1):
        if "expected_number" in record:
            answers, kind = (str(record["expected_number"]),), "lines"
        elif record.get("topics"):
            answers, kind = (str(record["topics"][0]),), "topics"
        else:
            raise UsageError(f"{found.path}, record {number}: neither a number nor topics.", "Is this LongEval's file?")
        yield Question(f"{kind}-{number}", str(record["prompt"]), answers, kind=kind)
