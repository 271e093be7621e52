"""Trains a small `FalconForCausalLM` to answer from what stands in its prompt. Seeded; some minutes on two cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from tests.support.copying_lessons import MOST_PASSAGES, Lesson, Teacher, tokenizer_texts
from tests.support.copying_start import Start
from tests.support.small_tokenizer import END, train_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

VOCABULARY = 1280
WINDOW = 2048
PROBED_LAYER = 2  # whose input has to know the passage that each token stands in


@dataclass(frozen=True, slots=True)
class Course:
    """How long and on what. Lengths are tokens of a lesson: the longest grows with the steps."""

    seed: int = 0
    steps: int = 2600
    tokens_a_step: int = 2048
    lengths: tuple[int, ...] = (128, 192, 256, 384, 512, 768, 1024)
    matrix_rate: float = 0.02  # of Muon
    other_rate: float = 2e-3  # of AdamW, for embeddings and norms
    warm_up: int = 30
    steady: float = 0.4  # share of the steps before the rates begin to fall
    probe_weight: float = 0.5

    def longest(self, step: int) -> int:
        """The longest length is reached after four fifths of the steps."""
        place = min(step / (0.8 * self.steps), 1.0) * (len(self.lengths) - 1)
        return self.lengths[round(place)]

    def rate(self, step: int) -> float:
        """Factor on both learning rates."""
        done = step / self.steps
        falling = 1.0 if done < self.steady else max(0.02, (1 - done) / (1 - self.steady))
        return min(1.0, (step + 1) / self.warm_up) * falling


@dataclass(frozen=True, slots=True)
class Progress:
    step: int
    loss: float
    passage_loss: float


def train(course: Course, report: Callable[[Progress], None] = lambda _progress: None) -> tuple[Any, Tokenizer]:
    """The trained model, in evaluation mode, and its tokenizer. Leaves PyTorch's generator as it was."""
    import torch

    tokenizer = train_tokenizer(tokenizer_texts(course.seed, 1500), VOCABULARY)
    with torch.random.fork_rng():
        torch.manual_seed(course.seed)
        model = new_model(tokenizer)
        _Training(course, model, tokenizer).run(report)
    return model.eval(), tokenizer


def new_model(tokenizer: Tokenizer) -> Any:
    """Three layers of four heads, 560,000 parameters, ready to be trained."""
    from transformers import FalconForCausalLM

    model = FalconForCausalLM(model_config(tokenizer))
    Start(model).prepare()
    return model


def model_config(tokenizer: Tokenizer) -> Any:
    from transformers import FalconConfig

    end = tokenizer.token_to_id(END)
    return FalconConfig(  # type: ignore[no-untyped-call]
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_kv_heads=4,
        ffn_hidden_size=256,
        new_decoder_architecture=True,
        initializer_range=0.06,  # tokens nearly orthogonal: with the default of 0.02 copying did not start
        max_position_embeddings=WINDOW,
        bos_token_id=end,
        eos_token_id=end,
    )


class _Training:
    def __init__(self, course: Course, model: Any, tokenizer: Tokenizer) -> None:
        import torch

        self._course = course
        self._model = model.train()
        self._teacher = Teacher(tokenizer, course.seed)
        self._random = Random(course.seed)
        self._probe = torch.nn.Linear(model.config.hidden_size, MOST_PASSAGES + 1)  # thrown away afterwards
        matrices = [values for name, values in model.named_parameters() if _is_matrix(name, values)]
        chosen = {id(values) for values in matrices}
        others = [values for values in model.parameters() if id(values) not in chosen]
        self._optimisers = [
            torch.optim.Muon(matrices, lr=course.matrix_rate, weight_decay=0.01),
            torch.optim.AdamW(
                [*others, *self._probe.parameters()], lr=course.other_rate, betas=(0.9, 0.98), weight_decay=0.0
            ),
        ]

    def run(self, report: Callable[[Progress], None]) -> None:
        rates = [optimiser.param_groups[0]["lr"] for optimiser in self._optimisers]
        for step in range(self._course.steps):
            for optimiser, rate in zip(self._optimisers, rates, strict=True):
                optimiser.param_groups[0]["lr"] = rate * self._course.rate(step)
            report(self._step(step))

    def _step(self, step: int) -> Progress:
        import torch

        loss, passage_loss = self._losses(self._batch(step))
        (loss + self._course.probe_weight * passage_loss).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return Progress(step, loss.item(), passage_loss.item())

    def _batch(self, step: int) -> list[Lesson]:
        """Lessons of one length, drawn from those up to the longest so far, long ones twice as often."""
        allowed = [length for length in self._course.lengths if length <= self._course.longest(step)]
        length = max(self._random.choices(allowed, k=2))
        return [self._teacher.lesson(length) for _ in range(max(1, self._course.tokens_a_step // length))]

    def _losses(self, lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor]:
        """Mean losses of the tokens to be learnt, and of telling each token's passage halfway through the model."""
        import torch
        from torch.nn import functional

        tokens, learnt, passage = _padded(lessons, self._model.config.eos_token_id)
        output = self._model.transformer(tokens, use_cache=False, output_hidden_states=True)
        chosen = learnt[:, 1:]
        logits = self._model.lm_head(output.last_hidden_state[:, :-1][chosen])
        loss = functional.cross_entropy(logits, tokens[:, 1:][chosen])
        told = passage >= 0
        if not told.any():
            return loss, torch.zeros(())
        halfway = output.hidden_states[PROBED_LAYER][told]
        seen = self._probe(functional.layer_norm(halfway, halfway.shape[-1:]))
        return loss, functional.cross_entropy(seen, passage[told])


def _is_matrix(name: str, values: Any) -> bool:
    return values.ndim == 2 and "embed" not in name and "lm_head" not in name


def _padded(lessons: Sequence[Lesson], end: int) -> tuple[Tensor, Tensor, Tensor]:
    import torch

    length = max(len(lesson.tokens) for lesson in lessons)
    shape = (len(lessons), length)
    tokens, learnt = torch.full(shape, end), torch.zeros(shape, dtype=torch.bool)
    passage = torch.full(shape, -1)
    for row, lesson in enumerate(lessons):
        size = len(lesson.tokens)
        tokens[row, :size] = torch.tensor(lesson.tokens)
        learnt[row, :size] = torch.tensor(lesson.learnt)
        passage[row, :size] = torch.tensor(lesson.passage)
    return tokens, learnt, passage
