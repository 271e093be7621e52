"""Real collections with gold answers, laid out as files that `ingest add` reads, and as judged questions."""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold. `pages` are (file name, 1-based page); `spans` are (file name, start, end);
    `grades` maps file names to relevance above 0."""

    text: str
    pages: tuple[tuple[str, int], ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()
    grades: Mapping[str, int] = field(default_factory=dict)
    answerable: bool = True
    answers: tuple[str, ...] = ()

    @property
    def chosen_on(self) -> bool:
        """Whether settings may be chosen on this question: one fixed half; the other half is for reporting."""
        return hashlib.sha1(self.text.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True, slots=True)
class Collection:
    """Files to ingest and questions about them."""

    name: str
    folder: Path
    questions: tuple[Question, ...]


def northwind(_: Path) -> Collection:
    """Six PDFs, 263 pages, 50 questions whose answer names file and page."""
    folder = DATA / "northwind_hr"
    questions = []
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pages = re.findall(r"\[([^\]#]+)#page=(\d+)\]", row["truth"])
        questions.append(Question(row["question"], pages=tuple((name, int(page)) for name, page in pages)))
    return Collection("northwind_hr", folder / "pdfs", tuple(questions))


def squad(work: Path) -> Collection:
    """296 paragraphs of 8 articles, each a file of its own; 2,943 questions, half of them unanswerable."""
    with gzip.open(DATA / "squad2" / "squad2-articles.json.gz", "rt", encoding="utf-8") as stream:
        raw = json.load(stream)
    articles = raw["data"] if isinstance(raw, dict) else raw
    folder = work / "squad2"
    folder.mkdir(parents=True, exist_ok=True)
    questions = []
    for number, article in enumerate(articles):
        for ordinal, paragraph in enumerate(article["paragraphs"]):
            name = f"{number:02}-{ordinal:03}.txt"
            (folder / name).write_text(paragraph["context"], encoding="utf-8")
            for question in paragraph["qas"]:
                answers = tuple(sorted({answer["text"] for answer in question["answers"]}))
                answerable = not question["is_impossible"]
                questions.append(
                    Question(question["question"], grades={name: 1}, answerable=answerable, answers=answers)
                )
    return Collection("squad2", folder, tuple(questions))


def cranfield(work: Path) -> Collection:
    """1,400 abstracts, 225 queries with graded relevance; the judgements number queries by their order in the file."""
    folder = work / "cranfield"
    folder.mkdir(parents=True, exist_ok=True)
    for identity, fields in _smart_records(DATA / "cranfield" / "cran.all.1400"):
        body = fields.get("W", "").strip()
        (folder / f"{identity:04}.txt").write_text(body or fields.get("T", "").strip() or "-", encoding="utf-8")
    grades: dict[int, dict[str, int]] = {}
    for line in (DATA / "cranfield" / "cranqrel").read_text(encoding="ascii").splitlines():
        query, document, code = (int(part) for part in line.split()[:3])
        gain = max(code, 0)  # as the file has it: graded 1 to 4, and -1 for none
        if gain:
            grades.setdefault(query, {})[f"{document:04}.txt"] = gain
    queries = [fields["W"].replace("\n", " ").strip() for _, fields in _smart_records(DATA / "cranfield" / "cran.qry")]
    questions = [Question(text, grades=grades.get(number, {})) for number, text in enumerate(queries, start=1)]
    return Collection("cranfield", folder, tuple(question for question in questions if question.grades))


def chunking(_: Path) -> Collection:
    """Five long texts, 472 questions with the exact character spans that answer them."""
    folder = DATA / "chunking_eval"
    questions = []
    with (folder / "questions_df.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            references = _references(row["references"])
            name = f"{row['corpus_id']}.md"
            spans = tuple((name, int(item["start_index"]), int(item["end_index"])) for item in references)
            questions.append(Question(row["question"], spans=spans))
    return Collection("chunking_eval", folder / "corpora", tuple(questions))


COLLECTIONS = {"northwind_hr": northwind, "squad2": squad, "cranfield": cranfield, "chunking_eval": chunking}


def _references(cell: str) -> list[dict[str, int]]:
    try:
        return json.loads(cell)
    except json.JSONDecodeError:
        return ast.literal_eval(cell)


def _smart_records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Records of the SMART format: `.I number`, then fields headed by a dot and one letter."""
    for record in re.split(r"^\.I ", path.read_text(encoding="ascii"), flags=re.M)[1:]:
        number, _, rest = record.partition("\n")
        parts = re.split(r"^\.([TABW])\n", rest, flags=re.M)
        yield int(number), dict(zip(parts[1::2], parts[2::2], strict=True))
