"""What a model is trained on: prompts as the arms send them, and what is to be written after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["closed_book", "passages", "absent", "text"]


@dataclass(frozen=True, slots=True)
class Row:
    """One example. The loss is taken on `completion` alone.

    `closed_book` is the question without a passage; `passages` has the gold passage among others that resemble it;
    `absent` has only the others, and is to be refused; `text` is a passage of a document itself, after its name.
    `source` is the document of the question or passage, "" for a question that names none.
    """

    kind: Kind
    question: str  # the question's id; "" for text
    source: str
    bare: str  # the prompt before the model's template, for chat forms
    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """`absent` is the share of refusals among the questions' rows; `others` are passages without the answer in a
    prompt; `validation` is the share of documents kept out of the training to watch its loss. The same `seed` gives
    the same rows from the same documents and questions.
    """

    absent: float = 0.1
    others: int = 3
    validation: float = 0.1
    text: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Ids of training questions that were not used, by why."""

    shared_documents: tuple[str, ...] = ()  # the test part asks about the same document
    near_duplicates: tuple[str, ...] = ()  # the test part asks nearly the same
    unanswered: tuple[str, ...] = ()  # answerable, and the set does not say how

    def __len__(self) -> int:
        return len(self.shared_documents) + len(self.near_duplicates) + len(self.unanswered)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Rows in the order of training. No document of `validation` stands in `train`."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    left_out: LeftOut
