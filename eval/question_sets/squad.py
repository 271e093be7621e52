"""SQuAD 1.1 and 2.0, `{"data": [{"title", "paragraphs": [{"context", "qas": […]}]}]}`.

P. Rajpurkar, R. Jia, P. Liang, Know What You Don't Know: Unanswerable Questions for SQuAD, ACL 2018 (arXiv:1806.03822).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eval.question_sets.files import Contents
from eval.samples import Question
from ingest.errors import UsageError


def read(found: Contents) -> Iterator[Question]:
    """`source` is the article's title; the paragraph itself is the question's `context`."""
    for record in found.records():
        try:
            for article in record["data"]:
                for paragraph in article["paragraphs"]:
                    for asked in paragraph["qas"]:
                        yield _question(asked, article["title"], paragraph["context"])
        except (KeyError, TypeError) as error:
            raise UsageError(
                f"{found.path} is not in SQuAD's form: {error!r}.", "See the form in its paper."
            ) from error


def _question(asked: dict[str, Any], title: str, context: str) -> Question:
    texts = dict.fromkeys(answer["text"] for answer in asked["answers"])
    possible = not asked.get("is_impossible", False)
    return Question(
        id=str(asked["id"]),
        question=asked["question"].strip(),
        answers=tuple(texts) if possible else (),
        source=title,
        answerable=possible,
        kind="answerable" if possible else "unanswerable",
        context=context,
    )
