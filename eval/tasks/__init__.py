"""Tasks: how recorded outputs to a question set are judged. A further one is a function and a line here."""

from __future__ import annotations

from ingest.registry import Registry

TASKS = Registry(
    "tasks",
    {
        "exact": "eval.tasks.judging:exact",
        "f1": "eval.tasks.judging:f1",
        "contains": "eval.tasks.judging:containment",
        "squad": "eval.tasks.judging:squad",
        "choice": "eval.tasks.judging:choice",
        "quality": "eval.tasks.judging:choice",
        "number": "eval.tasks.judging:number",
        "first_integer": "eval.tasks.judging:leading_integer",
        "last_integer": "eval.tasks.judging:final_integer",
        "lines": "eval.tasks.judging:final_integer",
        "longeval_lines": "eval.tasks.judging:final_integer",
        "topics": "eval.tasks.judging:topic",
        "longeval_topics": "eval.tasks.judging:topic",
        "passkey": "eval.tasks.judging:leading_integer",
    },
)
