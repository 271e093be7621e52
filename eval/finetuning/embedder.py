"""Training the embedding model on questions and the passages that answer them, with sentence-transformers.

The loss is that of M. Henderson et al. (2017), arXiv:1705.00652: of all passages of a batch, and one that the search
confuses with the right one, each question is to be nearest to its own.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.finetuning.choosing import usable
from eval.finetuning.evidence import Evidence, located
from eval.finetuning.loading import check_packages, on_gpu, quiet
from eval.finetuning.training import Step, Watch, recorder
from ingest.errors import UsageError

if TYPE_CHECKING:
    from eval.samples import QuestionSet
    from ingest.documents import Hit
    from ingest.knowledge_base import KnowledgeBase

PACKAGED = "minilm"
TRUST_REMOTE_CODE = False
WARM_UP = 0.1  # share of the steps


@dataclass(frozen=True, slots=True)
class EmbedderTraining:
    """`base` is "minilm" or what follows "st:" in the name of an embedder; `rate` is the highest learning rate. A batch
    of `batch` questions has as many passages to tell apart, and as many wrong ones.
    """

    base: str = PACKAGED
    epochs: float = 1.0
    rate: float = 2e-5
    batch: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Triple:
    """A question, the chunk that answers it as it is embedded, and one that does not: "" where none was found."""

    question: str
    right: str
    wrong: str


def triples_of(knowledge: KnowledgeBase, known: QuestionSet, *, shared_documents: bool = False) -> list[Triple]:
    """Of the training questions that say where their answer stands; those on documents that the test asks about only
    with `shared_documents`. Raises `UsageError` where there are none.
    """
    evidence = Evidence.of(knowledge, known)
    questions, _ = usable(known, shared_documents=shared_documents, unanswered=True)
    found = [each for each in questions if each.answerable and located(each)]
    if not found:
        raise UsageError(
            f"No training question of {known.name} says where its answer stands.",
            "Make some: python -m eval build --train 0.5 --out set.jsonl",
        )
    made = []
    for question in found:
        wrong = evidence.others(question, 1)
        made.append(
            Triple(
                question.question,
                _embedded(knowledge, evidence.gold(question)),
                _embedded(knowledge, wrong[0]) if wrong else "",
            )
        )
    return made


def settings_of(triples: Sequence[Triple], training: EmbedderTraining) -> dict[str, Any]:
    """What a training is, as JSON: its settings, and the sha256 of its examples."""
    examples = json.dumps([astuple(each) for each in triples], ensure_ascii=False)
    return {**asdict(training), "examples": hashlib.sha256(examples.encode()).hexdigest()}


def train_embedder(
    triples: Sequence[Triple], training: EmbedderTraining, folder: Path, watch: Watch = lambda _step: None
) -> tuple[Step, ...]:
    """Train, and write the model into `folder`, where the embedder `st:FOLDER` reads it: whole, or not at all.

    Raises `MissingExtra` without the packages of the extra [finetune], `UsageError` for a base that is not there.
    """
    check_packages()
    model = _opened(training.base)
    with quiet(), warnings.catch_warnings(), tempfile.TemporaryDirectory() as unused:
        warnings.simplefilter("ignore", DeprecationWarning)
        trainer = _trainer(model, triples, training, (Path(unused), watch))
        trainer.train()
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    model.save_pretrained(str(unfinished), create_model_card=False)
    unfinished.replace(folder)
    history = trainer.state.log_history
    return tuple(Step(row["step"], trainer.state.max_steps, row["loss"]) for row in history if "loss" in row)


def _trainer(model: Any, triples: Sequence[Triple], training: EmbedderTraining, control: tuple[Path, Watch]) -> Any:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback

    unused, watch = control
    rows = [{"anchor": each.question, "positive": each.right, "negative": each.wrong} for each in triples]
    settings = SentenceTransformerTrainingArguments(
        output_dir=str(unused),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.batch,
        learning_rate=training.rate,
        warmup_ratio=WARM_UP,
        batch_sampler="no_duplicates",  # else a passage could be right and wrong in one batch
        seed=training.seed,
        use_cpu=not on_gpu(),
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu(),
    )
    trainer = SentenceTransformerTrainer(
        model, settings, train_dataset=Dataset.from_list(rows), loss=MultipleNegativesRankingLoss(model)
    )
    for unwanted in (PrinterCallback, trainer.model_card_callback_class):
        trainer.remove_callback(unwanted)
    trainer.add_callback(recorder(watch))
    return trainer


def _opened(base: str) -> Any:
    from sentence_transformers import SentenceTransformer

    from ingest.embedders.packaged_model import folder, weights

    if base == PACKAGED:
        weights()  # checked against its sum
        base = str(folder())
    try:
        return SentenceTransformer(base, trust_remote_code=TRUST_REMOTE_CODE)
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"The embedding model {base!r} cannot be loaded: {reason}",
            "Name minilm, the folder of a model of sentence-transformers, or one of the hub.",
        ) from error


def _embedded(knowledge: KnowledgeBase, hit: Hit) -> str:
    """A chunk as it is embedded: below the title and section that it stands in."""
    from ingest.headers import embedding_text

    document = knowledge.document(hit.chunk.document_id)
    return embedding_text(document.title if document else "", hit.chunk.heading, hit.chunk.text)
