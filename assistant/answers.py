"""The nouns of answering: frozen, without I/O. See DESIGN conventions in `ingest.documents` for offsets and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Support = Literal["supported", "partly", "not_found"]
Mode = Literal["chunks", "whole"]
Finish = Literal["stop", "length", "incomplete"]  # "incomplete": the stream ended without its final event


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the answer is drawn: greedily, unless `temperature` is above 0 or one of the two below is set.

    `max_tokens` is also the answer's reserve. `top_p` and `typical_p` keep the most probable, or the most typical
    (Meister et al. 2022, arXiv:2202.00666), tokens of that probability mass, in (0, 1); `typical_p` reaches servers
    that know it: TGI and llama.cpp.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = 0
    top_p: float | None = None
    typical_p: float | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """How a model is run: `server` in words, `command` to start it. `rope_base` is for files that do not hold theirs
    (GGUF conversions of Falcon derivatives); 0 leaves the file's own.
    """

    server: str = ""
    command: str = ""
    rope_base: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What must be known of a served model to fill its window; lengths in its own tokens.

    `window` bounds prompt and answer together, `max_input` the prompt alone. `template` holds "{prompt}" once, or is
    "" where the server applies the model's own chat template; `overhead` is what the server then adds, special
    tokens included. `usable` is the length up to which retrieval inside the prompt was measured to work, None where
    nobody measured. `examples`: the instructions show answers, for models that follow an example better than a rule.
    `models` are patterns of the names under which servers announce the model (`fnmatch`, case
    ignored); a profile without any fits every model, and its window only stands in until the server tells its own.
    """

    name: str
    window: int
    max_input: int
    template: str = ""
    stop: tuple[str, ...] = ()
    tokenizer: str = ""
    control_tokens: tuple[str, ...] = ()
    usable: int | None = None
    summary: str = ""
    models: tuple[str, ...] = ()
    overhead: int = 0
    examples: bool = False
    sampling: Sampling = Sampling()
    serving: Serving = Serving()


@dataclass(frozen=True, slots=True)
class TokenCount:
    """The length of a text in the served model's tokens. Not `exact` means an estimate made to be never too low."""

    tokens: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one document in the prompt: the n of "[n]". `document.text[start:end] == text`."""

    number: int
    document_id: str
    source: str
    page: int
    start: int
    end: int
    text: str
    score: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A passage that was found and not sent, and why."""

    source: str
    page: int
    label: str
    reason: Literal["no room", "repeats another passage"]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the tokens of the served model's window went.

    `template`, `system`, `history`, `question` and `passages` add up to `total`, the length of the whole prompt;
    total + reserve <= window and total <= max_input, always. `budget` is what passages were allowed to take. `mode` is
    how they were chosen; `usable` the length up to which the model was measured to find things, where that is known.
    Not `exact` means that the counts are estimates, made never to be too low.
    """

    window: int
    max_input: int
    reserve: int
    template: int
    system: int
    history: int
    question: int
    passages: int
    total: int
    exact: bool
    budget: int
    mode: Mode
    usable: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    history_dropped: int = 0  # turns, oldest first, for which there was no room


@dataclass(frozen=True, slots=True)
class Prompt:
    """Exactly what is sent."""

    text: str
    passages: tuple[Passage, ...]
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence stands. `quote == document.text[start:end]` when `verified`.

    Not located means not verified: then `page`, `start` and `end` are 0, `label` and `quote` are "", and only the
    passage that the model named, and its source, are known.
    """

    passage: int
    source: str
    page: int
    label: str
    start: int
    end: int
    quote: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer with the places that support it.

    `doubts` say in words why it is not "supported": a number that does not stand there, another passage than the one
    that was named, …
    """

    text: str
    citations: tuple[Citation, ...]
    support: Support
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model returned. Token counts are the server's own, None where it does not tell.

    `problem` says in one sentence why the text is "incomplete"; "" otherwise.
    """

    text: str
    finish: Finish
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a model holds one continuation of a prompt.

    `logprob` is the natural logarithm of the probability of its `tokens`, at most 0. `merged`: the server's tokens do
    not part where the prompt ends, and letters of the prompt are counted too (`assistant.llms.likelihoods`).
    """

    logprob: float
    tokens: int
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and the answer that was given."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, sentence by sentence.

    `abstained` means that the documents do not hold the answer: then `text` says so, and `passages` are the nearest
    ones. `confidence` is in [0, 1]. `timings` are seconds per stage, in order: rewrite (of a follow-up), search,
    rerank, pack, generate, verify, those that there were, and their total. `degraded` says why a lesser way was taken
    (model server down); "" when none was. `damaged` says which index was damaged, so that its vectors were read one by
    one: slower, and what was found is the same. `searched_for` is the question as it was searched for, which
    differs when it leaned on earlier ones. `markers_dropped` counts the markers of the model that named no passage.
    `manifest` says what it was made from (see `assistant.manifests`), in plain
    JSON values.
    """

    question: str
    text: str
    sentences: tuple[Sentence, ...]
    abstained: bool
    confidence: float
    passages: tuple[Passage, ...]
    model: str
    prompt: Prompt | None = None
    completion: Completion | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    degraded: str = ""
    damaged: str = ""
    searched_for: str = ""
    markers_dropped: int = 0
