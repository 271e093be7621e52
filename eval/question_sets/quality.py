"""QuALITY, one article with its four-way questions a line; `gold_label` counts from 1, `difficult` marks the hard ones.

R. Y. Pang et al., QuALITY: Question Answering with Long Input Texts, Yes!, NAACL 2022 (arXiv:2112.08608).
"""

from __future__ import annotations

from collections.abc import Iterator

from eval.question_sets.files import Contents
from eval.samples import LETTERS, Question
from ingest.errors import UsageError


def read(found: Contents) -> Iterator[Question]:
    """The article is each question's `context`, and `kind` is "hard" or "easy". Raises `UsageError` without labels."""
    for article in found.records():
        for number, asked in enumerate(article.get("questions", ()), start=1):
            try:
                right = int(asked["gold_label"]) - 1
                yield Question(
                    id=str(asked.get("question_unique_id") or f"{article['article_id']}-{number}"),
                    question=asked["question"].strip(),
                    choices=tuple(option.strip() for option in asked["options"]),
                    answer=LETTERS[right],
                    source=str(article["article_id"]),
                    kind="hard" if asked.get("difficult") else "easy",
                    context=article["article"],
                )
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(
                    f"{found.path}, article {article.get('article_id')}: question {number} has no {error}.",
                    "The labels of QuALITY's test part are not public: use its dev part.",
                ) from error
