"""`make eval-demo` in small: documents to report, with real training and real answers of the small Falcon."""

from __future__ import annotations

import pytest

from eval.evaluation import evaluation_of
from eval.runs.folder import RunFolder
from tests.support.eval_demo import ARMS, REMARK, Size, demonstrate

for package in ("trl", "peft", "datasets"):
    pytest.importorskip(package, reason="the extra [finetune] is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_every_way_of_adding_knowledge_is_trained_asked_and_compared(small_falcon, tmp_path):
    page = demonstrate(tmp_path / "demo", Size(documents=8, facts=3, missing=4, epochs=2))
    found = evaluation_of(RunFolder(page.parent / "run"))
    assert set(found.arms) == set(ARMS.split(","))
    assert not [reply.error for row in found.replies.values() for reply in row if reply.error]
    right = {name: sum(mark.score for mark in marks) for name, marks in found.marks.items()}
    assert right["oracle"] >= right["prompting"] + 6  # of 14; measured: 13 and 1
    assert right["rag:k=2"] >= right["prompting"] + 4  # measured: 9
    models = {reply.key for reply in found.replies["fine_tuned"]} & {reply.key for reply in found.replies["prompting"]}
    assert not models, "the fine-tuned model answers under its own name"
    text = page.read_text(encoding="utf-8")
    assert found.verdict.sentence.partition(";")[0][:20] in text
    assert all(name in text for name in found.arms)
    assert REMARK in text
