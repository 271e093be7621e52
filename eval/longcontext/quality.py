"""QuALITY: questions with four choices on articles of some 5,000 tokens, each article sent whole.

R. Y. Pang et al., QuALITY: Question Answering with Long Input Texts, Yes! (arXiv:2112.08608). The model cards of
FalconLite and FalconLite2 tell what these reach on its test part and on the hard questions in it. Neither the prompt
nor the labels of that part were published, so what is measured here, on the dev part and with `PROMPT`, stands beside
those figures and does not repeat them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from eval.longcontext.cases import Case
from eval.longcontext.measuring import answered, fitted
from eval.samples import Question
from eval.scoring.choices import chosen
from eval.statistics.intervals import Interval, wilson
from eval.variants.documents import with_choices

if TYPE_CHECKING:
    from assistant.protocols import LLM

PROMPT = """\
Read the document, then answer the question on it. One of the lettered choices is right.

{document}

Question: {question}
Answer:"""
ANSWER_TOKENS = 20
HARD = "hard"
PUBLISHED = {  # on the test part
    "FalconLite": {"all": 0.469, "hard": 0.408},
    "FalconLite2": {"all": 0.534, "hard": 0.454},
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One question: the tokens of its prompt, and the letter that was named, None for none."""

    question: Question
    tokens: int
    letter: str | None

    @property
    def right(self) -> bool:
        return self.letter == self.question.answer


@dataclass(frozen=True, slots=True)
class Score:
    """`right` of `questions`. An unparsed answer is not right; it is counted by itself as well."""

    right: int
    questions: int
    unparsed: int

    @property
    def share(self) -> float:
        return self.right / self.questions

    @property
    def interval(self) -> Interval:
        """Wilson's, 95 %."""
        return wilson(self.right, self.questions)

    @property
    def corrected(self) -> float:
        """(right - wrong / 3) / questions: what guessing among four brings is taken off, and an unparsed answer costs
        nothing. QuALITY's leaderboard tells it as well, after the SAT."""
        wrong = self.questions - self.right - self.unparsed
        return (self.right - wrong / 3) / self.questions


@dataclass(frozen=True, slots=True)
class ArticleFigures:
    """`all` and the `hard` half, None where the file has none of it; `too_long` questions did not fit the window.
    `tokens` is the mean length of the prompts that were sent."""

    all: Score
    hard: Score | None
    tokens: int
    too_long: int


def is_quality(question: Question) -> bool:
    """Whether a question can be asked so: it has choices, and its document with it."""
    return bool(question.choices and question.context)


def case_of(question: Question) -> Case:
    """The whole prompt; nothing says where in the article the answer stands."""
    prompt = PROMPT.format(document=question.context.strip(), question=with_choices(question))
    return Case(prompt, (question.answer,), 0.0, "quality", tokens=ANSWER_TOKENS)


def read_articles(
    questions: Sequence[Question], llm: LLM, watch: Callable[[Judged], None] | None = None
) -> tuple[Judged, ...]:
    """Asks every question whose prompt fits the model's window, greedily. Raises the model's errors."""
    judged = []
    for question in questions:
        case = case_of(question)
        if (sent := fitted(case, llm)) is None:
            continue
        prompt, tokens = sent
        found = Judged(question, tokens, chosen(answered(case, prompt, llm), question.choices))
        judged.append(found)
        if watch:
            watch(found)
    return tuple(judged)


def figures(judged: Sequence[Judged], asked: int) -> ArticleFigures | None:
    """Of `asked` questions in all; None where no prompt fitted."""
    if not judged:
        return None
    hard = [each for each in judged if each.question.kind == HARD]
    mean = round(fmean(each.tokens for each in judged))
    return ArticleFigures(_score(judged), _score(hard) if hard else None, mean, asked - len(judged))


def as_json(found: ArticleFigures) -> dict[str, Any]:
    scores = {"all": found.all, "hard": found.hard}
    told = {
        name: {**asdict(score), "share": score.share, "interval": list(score.interval), "corrected": score.corrected}
        for name, score in scores.items()
        if score
    }
    return {**told, "tokens": found.tokens, "too_long": found.too_long}


def _score(judged: Sequence[Judged]) -> Score:
    return Score(sum(each.right for each in judged), len(judged), sum(each.letter is None for each in judged))
