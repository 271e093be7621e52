"""OpenVINO on this processor: importing it, what it can do here, how it is told to run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

from ingest.errors import EmbedderFailed

Precision = Literal["f32", "bf16"]

CONVERTER = "openvino.tools.ovc"
SHORT_OF_MEMORY = "Free some memory, or try --embedder minilm:f32."


def load_openvino() -> Any:
    """The module `openvino`, without its model converter.

    Importing it imports the converter too, which sends a telemetry event ("general_import") over the network while
    it is imported (`openvino/tools/ovc/__init__.py`, 2026.4) and takes two thirds of the time. None in `sys.modules`
    makes that import fail, which `openvino/__init__.py` allows for. A program that wants the converter can still
    import it, before or afterwards.
    """
    if "openvino" not in sys.modules:
        sys.modules[CONVERTER] = None  # type: ignore[assignment]  # the documented way to block an import
        try:
            import_module("openvino")
        except ImportError as error:
            raise EmbedderFailed(
                f"OpenVINO, which runs minilm, cannot be imported: {error}.",
                "Run: pip install openvino, or choose another embedder with --embedder.",
            ) from error
        finally:
            del sys.modules[CONVERTER]
    return sys.modules["openvino"]


@dataclass(frozen=True, slots=True)
class Processor:
    """What the compiled form of a model depends on besides the model. `bf16`: it multiplies bfloat16 natively."""

    name: str
    openvino: str
    bf16: bool


@cache
def core() -> Any:
    return load_openvino().Core()


@cache
def processor() -> Processor:
    """The processor as OpenVINO sees it."""
    name = core().get_property("CPU", "FULL_DEVICE_NAME")
    able = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return Processor(f"{name} {' '.join(sorted(able))}", load_openvino().get_version(), "BF16" in able)


@contextmanager
def failures(doing: str, remedy: str = SHORT_OF_MEMORY) -> Iterator[None]:
    """Raises `EmbedderFailed` for what OpenVINO raises meanwhile: RuntimeError, of many lines, the last one telling."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().rpartition("\n")[2]
        raise EmbedderFailed(f"OpenVINO failed {doing}: {reason}", remedy) from error


def options(precision: Precision, threads: int, streams: int) -> dict[str, Any]:
    """How a model is to run: `streams` inferences at a time, sharing `threads`.

    Threads that share one inference wait for each other: two streams of one thread do 5 % more than one of two.
    Threads are not pinned: two processes pin theirs to the same core and do half the work (67 chunks/s, not 152).
    """
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,
    }
