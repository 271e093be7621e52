"""Questions with a written-out truth that ends in where it stands: "… [Handbook.pdf#page=7]", a page from 1."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eval.question_sets.files import Contents
from eval.samples import Question
from ingest.errors import UsageError

_PLACE = re.compile(r"\s*\[([^\[\]]+?)#page=(\d+)\]")


def read(found: Contents) -> Iterator[Question]:
    """The first file named is the `source`; every page of it that is named counts."""
    for number, record in enumerate(found.records(), start=1):
        truth = record.get("truth")
        if not isinstance(truth, str):
            raise UsageError(f"{found.path}, record {number}: truth is {truth!r}.", "Write the right answer there.")
        places = _PLACE.findall(truth)
        source = places[0][0] if places else ""
        yield Question(
            id=str(record.get("id") or f"q{number}"),
            question=str(record["question"]).strip(),
            answers=(_PLACE.sub("", truth).strip(),),
            source=source,
            pages=tuple(dict.fromkeys(int(page) for name, page in places if name == source)),
        )
