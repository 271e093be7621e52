"""The process that reads pictures by RapidOCR: one line of JSON when it is ready, and one for each picture.

A picture comes as its length (four bytes, big-endian) and a PNG. The answer is a list of pieces of lines: text,
confidence in [0, 1], and left, top, right and bottom in pixels from the upper left.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from ingest.readers.ocr import PAGE_SECONDS, SURE
from ingest.readers.rapid_ocr import LENGTH

LONGEST_SIDE = 4_000  # pixels of a picture; larger ones are made smaller
LOOKED_THROUGH = 960  # pixels of the longer side when looking where text stands; 2,000 took twice the memory and time
LINES_AT_ONCE = 1  # six took 200 MB more, and no less time


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    engine = _engine()
    found: list[Any] = []
    while True:
        answers.write(json.dumps(found) + "\n")
        answers.flush()
        head = sys.stdin.buffer.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        picture = sys.stdin.buffer.read(LENGTH.unpack(head)[0])
        _allow_processor_time()
        found = _read(engine, picture)


def _engine() -> Any:
    """On OpenVINO, which reads the models where they are, in the package."""
    from rapidocr import EngineType, RapidOCR

    parts = ("Det", "Cls", "Rec")
    return RapidOCR(
        params={
            **{f"{part}.engine_type": EngineType.OPENVINO for part in parts},
            "EngineConfig.openvino.inference_num_threads": 1,
            "Global.log_level": "critical",
            "Global.max_side_len": LONGEST_SIDE,
            "Global.text_score": SURE,
            "Global.use_cls": False,  # whether lines stand on their heads: pages that do are turned when scanned
            "Det.limit_type": "max",
            "Det.limit_side_len": LOOKED_THROUGH,
            "Rec.rec_batch_num": LINES_AT_ONCE,
        }
    )


def _read(engine: Any, picture: bytes) -> list[Any]:
    result = engine(picture)
    if result.txts is None:
        return []
    return [
        [text, float(score), *map(float, box.min(axis=0)), *map(float, box.max(axis=0))]
        for text, score, box in zip(result.txts, result.scores, result.boxes, strict=True)
        if text.strip()
    ]


def _allow_processor_time() -> None:
    """The limit of the worker counts for a file, and this process reads many pages of it."""
    if sys.platform != "win32":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime + 2 * PAGE_SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))
