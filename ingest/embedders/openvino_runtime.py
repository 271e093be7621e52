"""OpenVINO on this processor: importing it, what it can do here, how it is told to run."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

Precision = Literal["f32", "bf16"]

CONVERTER = "openvino.tools.ovc"


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


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def options(precision: Precision, streams: int) -> dict[str, Any]:
    """How a model is to run: `streams` inferences at a time, of one thread each.

    Threads that share one inference wait for each other: on two, two streams do 5 % more than one.
    Threads are not pinned: two processes pin theirs to the same core and do half the work (67 chunks/s, not 152).
    """
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": streams,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,
    }
