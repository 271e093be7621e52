"""How far a confidence can be trusted on a person's own documents: the file that `python -m eval calibrate` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.answers import Answer
from assistant.prompts import REFUSAL
from ingest.errors import UsageError

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class Limit:
    """From `threshold` on, at most `risk` of the given answers are wrong, with 95 % confidence. None: no threshold
    could be shown to keep it, and no answer is given. `coverage` is the share of questions that were answered, `bound`
    the upper bound that was shown, over `answered` answers of the half that was held out."""

    risk: float
    threshold: float | None
    coverage: float
    bound: float
    answered: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """`model` and `embedder` are those that it was made with: another one's confidence means something else.

    `curve` maps a confidence to the share of right answers at it, by steps that never fall. `questions` is how many it
    was made from, `sha256` names their file.
    """

    model: str
    embedder: str
    questions: int
    sha256: str
    curve: tuple[tuple[float, float], ...]
    limits: tuple[Limit, ...]

    def probability(self, confidence: float) -> float:
        """That an answer of this confidence is right."""
        below = [probability for known, probability in self.curve if known <= confidence]
        return below[-1] if below else (self.curve[0][1] if self.curve else 0.0)

    def limit(self, risk: float) -> Limit:
        """The largest one that was calibrated and asks no more than `risk`. Raises `UsageError` where all ask more."""
        kept = [limit for limit in self.limits if limit.risk <= risk]
        if not kept:
            least = min((limit.risk for limit in self.limits), default=1.0)
            raise UsageError(
                f"No risk of {risk:g} was calibrated; the smallest is {least:g}.",
                f"Run: python -m eval calibrate --risk {risk:g} …",
            )
        return max(kept, key=lambda limit: limit.risk)

    def as_json(self) -> dict[str, Any]:
        names = ("risk", "threshold", "coverage", "bound", "answered")
        limits = [{name: getattr(limit, name) for name in names} for limit in self.limits]
        own = {name: getattr(self, name) for name in ("model", "embedder", "questions", "sha256")}
        return {**own, "curve": [list(step) for step in self.curve], "limits": limits}


def load_calibration(location: Path) -> Calibration:
    """That of a knowledge base. Raises `UsageError` where there is none, or where it cannot be read."""
    path = location / FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        limits = tuple(Limit(**limit) for limit in told.pop("limits"))
        curve = tuple((float(known), float(probability)) for known, probability in told.pop("curve"))
        return Calibration(**told, curve=curve, limits=limits)
    except FileNotFoundError as error:
        raise UsageError(
            f"{location} was not calibrated, so no risk can be kept.",
            f"Run: python -m eval calibrate --questions FILE --kb {location}",
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Run: python -m eval calibrate again.") from error


def save_calibration(location: Path, calibration: Calibration) -> Path:
    """Writes it whole, or leaves the old one."""
    path = location / FILE
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(calibration.as_json(), indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
    return path


def limited(answer: Answer, calibration: Calibration, limit: Limit) -> Answer:
    """The answer with its calibrated confidence, or an abstention where the risk would not be kept."""
    told = replace(answer, confidence=calibration.probability(answer.confidence))
    if answer.abstained or (limit.threshold is not None and answer.confidence >= limit.threshold):
        return told
    return replace(told, abstained=True, text=REFUSAL, sentences=())
