"""The nouns of evaluation: questions with their right answers, and what an arm answered. Frozen, without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant.answers import Likelihood

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Part = Literal["train", "test"]
Outcome = Literal["right", "wrong", "abstained", "unparsed", "truncated", "error"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and how an answer to it is judged.

    `answers` are equally right ones. With `choices`, `answer` is the letter of the right one. `source` is the end of
    the path of the document that holds the answer; `pages` (1-based) or `span` (characters of `Document.text`, half
    open) say where in it. Not `answerable`: the documents do not hold the answer, and saying so is right. `context`
    is a text of the question's own, for sets that carry one with each question. `part` is "train" where a set keeps
    some questions for examples and training.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    answer: str = ""
    source: str = ""
    pages: tuple[int, ...] = ()
    span: tuple[int, int] | None = None
    answerable: bool = True
    kind: str = ""
    part: Part = "test"
    context: str = ""

    def opened(self) -> Question:
        """The same without its choices: what is right is then the text of the right one."""
        if not self.choices:
            return self
        return replace(self, choices=(), answer="", answers=(self.choices[LETTERS.index(self.answer)],))


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions in the order of their file; `sha256` is that of the file's bytes as they were read."""

    name: str
    questions: tuple[Question, ...]
    sha256: str

    def part(self, part: Part) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.part == part)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage or a citation stands. Pages are 1-based, offsets characters of the document's text."""

    source: str
    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What one arm answered to one question, and what that took.

    `key` is a hash over everything that shaped the answer (`eval.runs`). `passages` are what was retrieved, best
    first; `cited` the places of the answer's citations that were located in the text. Tokens are the served model's
    own and 0 where none was asked; `read_tokens` are of the passages that the embedded answerer read within a budget,
    and 0 without one. Seconds are wall-clock. `error` says why there is no answer; "" where there is one.
    `likelihoods` are of the question's choices, in their order, where they were asked for (`eval.variants.weighed`);
    `unweighed` says why there are none although they were.
    """

    key: str
    arm: str
    question: str  # the question's id
    text: str
    abstained: bool = False
    confidence: float = 0.0
    finish: str = "stop"
    passages: tuple[Place, ...] = ()
    cited: tuple[Place, ...] = ()
    prompt_tokens: int = 0
    output_tokens: int = 0
    read_tokens: int = 0
    seconds: float = 0.0
    first_token: float | None = None  # seconds
    model: str = ""
    prompt_sha256: str = ""
    error: str = ""
    likelihoods: tuple[Likelihood, ...] = ()
    unweighed: str = ""
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def spent(self) -> int:
        """Tokens that the answer took."""
        return self.prompt_tokens + self.output_tokens or self.read_tokens


@dataclass(frozen=True, slots=True)
class Mark:
    """How one reply is judged: `score` from 0 to 1, and apart from it what kind of reply it was."""

    question: str
    score: float
    outcome: Outcome
    measures: Mapping[str, float] = field(default_factory=dict)  # every further metric that applies, by its name
