"""Whether a value is found by its row and its column: one table of 200 rows in every format, 20 questions each.

    python -m tests.benchmarks.tables [--json FILE] [--show] [FORMAT…]

*first*: the best hit tells the value in the line of its row, with the name of the column in the line or above it in the
same chunk. *first 3*: one of the best three does. *row*: the best hit holds row and value, whatever names it carries.
*answer*: the extractive answer of `assistant ask` holds the value.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from assistant import Assistant
from tests.support.staff_table import FORMATS, CellQuestion, holds, questions

MOST = 3


def measure(name: str, folder: Path, *, show: bool = False) -> dict[str, int]:
    """Counts of questions for which each holds, and of chunks."""
    folder.mkdir()
    file = folder / f"staff.{name.split()[0]}"
    file.write_bytes(FORMATS[name]())
    asked = questions()
    counts = dict.fromkeys(("first", "first 3", "row", "answer"), 0)
    with Assistant.open(folder / "kb") as kestrel:
        kestrel.add(file)
        for question in asked:
            texts = [hit.chunk.text for hit in kestrel.knowledge.search(question.text, MOST)]
            answer = kestrel.ask(question.text).text
            found = {
                "first": holds(texts[0], question),
                "first 3": any(holds(text, question) for text in texts),
                "row": any(question.name in line and question.value in line for line in texts[0].split("\n")),
                "answer": question.value in answer,
            }
            counts = {kind: count + found[kind] for kind, count in counts.items()}
            if show and not all(found.values()):
                _show(question, texts[0], answer, found)
        return {"questions": len(asked), "chunks": kestrel.knowledge.store.statistics().chunks, **counts}


def _show(question: CellQuestion, text: str, answer: str, found: dict[str, bool]) -> None:
    print(f"\n{question}\n{found}\n--- first hit\n{text}\n--- answer\n{answer}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(FORMATS)}; default: all")
    parser.add_argument("--show", action="store_true", help="print what was missed")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as work:
        for number, name in enumerate(arguments.formats or FORMATS):
            figures[name] = measure(name, Path(work) / str(number), show=arguments.show)
            print(f"{name:<20}", json.dumps(figures[name]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
