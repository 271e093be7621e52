"""Training for real: a small Falcon of random weights learns its rows, goes on after a kill, and is served merged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.assistant import Assistant
from eval.cli import evaluation
from eval.finetuning.checkpoints import Checkpoints
from eval.finetuning.training import Step, Training, train
from eval.question_sets.jsonl import written
from eval.samples import Question
from ingest.errors import MissingExtra, UsageError
from tests.support.small_tokenizer import ASSISTANT, END, PROMPTER, train_tokenizer

for package in ("trl", "peft", "datasets"):
    pytest.importorskip(package, reason="the extra [finetune] is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COLOURS = {"amber": "red", "birch": "blue", "cedar": "green", "dune": "white"}
ROWS = [
    {"prompt": f"{PROMPTER}What colour is the {place}?{END}{ASSISTANT}", "completion": f" {colour}"}
    for place, colour in COLOURS.items()
]
FAST = {"epochs": 40.0, "rate": 1e-2, "batch": 4, "rank": 8}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """Two layers of random weights with a tokenizer of its own: nothing is known to it yet."""
    import torch
    from transformers import FalconConfig, FalconForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("base") / "tiny-falcon"
    tokenizer = train_tokenizer((row["prompt"] + row["completion"] for row in ROWS), 320)
    end = tokenizer.token_to_id(END)
    config = FalconConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_kv_heads=2,
        ffn_hidden_size=128,
        new_decoder_architecture=True,
        initializer_range=0.15,  # the head is not trained: with a tenth of it no token could become likely
        max_position_embeddings=512,
        bos_token_id=end,
        eos_token_id=end,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = FalconForCausalLM(config)
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END).save_pretrained(folder)
    return folder


def training_set(folder: Path, rows: list[dict[str, str]], validation: list[dict[str, str]] = ()) -> Path:
    folder.mkdir(parents=True)
    files = {}
    for name, part in (("train.jsonl", rows), ("validation.jsonl", validation)):
        text = "".join(f"{json.dumps(row)}\n" for row in part)
        (folder / name).write_text(text, encoding="utf-8")
        files[name] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({"files": files}), encoding="utf-8")
    return folder


def completed(model: Path, prompt: str) -> str:
    """Greedily, by transformers itself."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, read = AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model)
    ids = tokenizer(prompt, return_tensors="pt")
    ids.pop("token_type_ids", None)
    made = read.generate(**ids, max_new_tokens=8, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    return tokenizer.decode(made[0, ids["input_ids"].shape[1] :])


def weights(folder: Path) -> dict[str, object]:
    from safetensors.numpy import load_file

    return load_file(folder / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    folder = training_set(tmp_path_factory.mktemp("trained") / "set", ROWS, ROWS[:1])
    steps: list[Step] = []
    return folder, train(folder, Training(str(base), **FAST), steps.append), steps


def test_the_merged_model_says_what_it_was_taught_and_then_stops(trained, base):
    _, done, _ = trained
    said = {row["prompt"]: completed(done.merged, row["prompt"]) for row in ROWS}
    assert said == {row["prompt"]: f"{row['completion']}{END}" for row in ROWS}
    assert all(not completed(base, row["prompt"]).startswith(row["completion"]) for row in ROWS)


def test_the_adapter_over_the_base_says_the_same(trained, base):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _, done, _ = trained
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), done.adapter)
    tokenizer = AutoTokenizer.from_pretrained(done.adapter)
    ids = tokenizer(ROWS[0]["prompt"], return_tensors="pt")["input_ids"]
    made = model.generate(input_ids=ids, max_new_tokens=8, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    assert tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True) == ROWS[0]["completion"]


def test_progress_shows_the_falling_loss_of_both_parts(trained):
    _, done, steps = trained
    losses = [step.loss for step in steps if step.loss is not None]
    held_back = [step.validation for step in steps if step.validation is not None]
    assert len(losses) == steps[-1].total == 40
    assert losses[-1] < 0.2 * losses[0]
    assert held_back[-1] < held_back[0]
    assert done.steps == tuple(steps)


def test_the_prompt_is_not_learnt(trained, base):
    """With the loss on prompts too, the first loss would be that of random tokens in them as well."""
    from eval.finetuning.encoding import encode
    from eval.finetuning.loading import load

    rows = encode(ROWS, load(str(base)).tokenizer, 512).rows
    tokenizer = load(str(base)).tokenizer
    for row, example in zip(rows, ROWS, strict=True):
        learnt = [token for token, told in zip(row.ids, row.learnt, strict=True) if told]
        assert tokenizer.decode(learnt) == f"{example['completion']}{END}"


def test_killed_with_9_it_goes_on_and_ends_with_the_same_weights(trained, base, tmp_path):
    import numpy as np

    folder = training_set(tmp_path / "set", ROWS, ROWS[:1])
    code = (
        "import sys; from pathlib import Path; from eval.finetuning.training import Training, train; "
        f"train(Path(sys.argv[1]), Training(sys.argv[2], **{FAST!r}))"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code, str(folder), str(base)], cwd=root, stderr=subprocess.PIPE)
    until = time.monotonic() + 300
    while not list((folder / "checkpoints").glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (folder / "adapter").exists()
    done = train(folder, Training(str(base), **FAST))
    assert done.resumed > 0
    first, again = weights(trained[1].adapter), weights(done.adapter)
    for name, values in first.items():
        np.testing.assert_allclose(again[name], values, atol=1e-5, err_msg=name)


def test_a_checkpoint_that_was_being_written_is_not_gone_on_from(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints", {"a": 1})
    assert checkpoints.open() is None
    for number in (2, 10, 12):
        (checkpoints.folder / f"checkpoint-{number}").mkdir()
    for number in (2, 10):
        (checkpoints.folder / f"checkpoint-{number}" / "trainer_state.json").write_text("{}", encoding="utf-8")
    assert checkpoints.open().name == "checkpoint-10"
    assert not (checkpoints.folder / "checkpoint-12").exists()
    with pytest.raises(UsageError, match="other settings"):
        Checkpoints(checkpoints.folder, {"a": 2}).open()


def test_examples_that_do_not_fit_are_left_out_and_counted(base, tmp_path):
    long = {"prompt": "colour " * 400, "completion": " red"}
    folder = training_set(tmp_path / "set", [*ROWS, long])
    done = train(folder, Training(str(base), epochs=1, longest=64))
    assert done.left_out == 1
    only = training_set(tmp_path / "only", [long])
    with pytest.raises(UsageError, match="None of the 1 examples"):
        train(only, Training(str(base), longest=64))


def test_what_cannot_be_trained_says_why(base, tmp_path, monkeypatch):
    folder = training_set(tmp_path / "set", ROWS)
    with pytest.raises(UsageError, match="cannot be loaded"):
        train(folder, Training(str(tmp_path)))
    monkeypatch.setattr("eval.finetuning.loading.on_gpu", lambda: False)
    with pytest.raises(UsageError, match=r"--four-bit \(QLoRA\) needs a GPU .* this machine has none"):
        train(folder, Training(str(base), four_bit=True))
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("eval.finetuning.loading.on_gpu", lambda: True)
        elsewhere.setattr("eval.finetuning.loading.find_spec", lambda name: None if name == "bitsandbytes" else name)
        with pytest.raises(MissingExtra, match=r"finetune.*bitsandbytes"):
            train(folder, Training(str(base), four_bit=True))
    (folder / "train.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not what"):
        train(folder, Training(str(base)))
    monkeypatch.setattr("eval.finetuning.loading.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"kestrel-assistant\[finetune\]"):
        train(folder, Training(str(base)))


def test_the_command_writes_trains_and_says_how_to_serve(base, tmp_path):
    (tmp_path / "docs").mkdir()
    for place, colour in COLOURS.items():
        (tmp_path / "docs" / f"{place}.md").write_text(f"The {place} is {colour}.\n", encoding="utf-8")
    with Assistant.open(tmp_path / "kb", embedder="hashing") as kestrel:
        kestrel.add(tmp_path / "docs")
    asked = [
        Question(place, f"What colour is the {place}?", (colour,), source=f"{place}.md", pages=(1,), part=part)
        for (place, colour), part in zip(COLOURS.items(), ("train", "train", "train", "test"), strict=True)
    ]
    questions = tmp_path / "set.jsonl"
    questions.write_text(written(asked), encoding="utf-8")
    command = ["finetune", "--kb", str(tmp_path / "kb"), "--questions", str(questions), "--out", str(tmp_path / "out")]
    command += ["--base", str(base), "--epochs", "2"]
    first = CliRunner().invoke(evaluation, command, catch_exceptions=False)
    assert first.exit_code == 0
    assert f"text-generation-launcher --model-id {tmp_path / 'out' / 'tiny-falcon-tuned'}" in first.stdout
    assert "--lora-modules tuned=" in first.stdout
    record = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert record["files"]["train.jsonl"] in (tmp_path / "out" / "adapter" / "README.md").read_text(encoding="utf-8")
    assert len(record["loss"]) == record["steps"]
    again = CliRunner().invoke(evaluation, [*command, "--json"], catch_exceptions=False)
    assert json.loads(again.stdout)["trained"]["files"] == record["files"]
    with pytest.raises(UsageError, match="other settings"):
        CliRunner().invoke(evaluation, [*command, "--epochs", "3"], catch_exceptions=False)
    forced = CliRunner().invoke(evaluation, [*command, "--epochs", "3", "--force"], catch_exceptions=False)
    assert forced.exit_code == 0


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    """Towns under invented names, which no embedding model can know to be what the questions call them."""
    folder = tmp_path_factory.mktemp("towns")
    (folder / "docs").mkdir()
    asked = []
    for number, (place, colour) in enumerate(COLOURS.items()):
        name = f"{place}.md"
        (folder / "docs" / name).write_text(f"The zarquil of {place} is {colour}.\n", encoding="utf-8")
        part = "test" if number == 3 else "train"
        asked.append(Question(place, f"Which paint has {place}?", (colour,), source=name, pages=(1,), part=part))
    with Assistant.open(folder / "kb") as kestrel:
        kestrel.add(folder / "docs")
    (folder / "set.jsonl").write_text(written(asked), encoding="utf-8")
    return folder


def test_the_embedder_learns_the_pairs_and_its_vectors_stand_in_a_knowledge_base(towns, tmp_path):
    import numpy as np

    from ingest.embedders import open_embedder
    from ingest.knowledge_base import KnowledgeBase

    out = tmp_path / "tuned"
    command = ["finetune-embedder", "--kb", str(towns / "kb"), "--questions", str(towns / "set.jsonl")]
    command += ["--out", str(out), "--epochs", "10", "--rate", "1e-4", "--json"]
    told = json.loads(CliRunner().invoke(evaluation, command, catch_exceptions=False).stdout)
    assert (told["pairs"], told["documents"]) == (3, 4)
    assert {path.name for path in out.iterdir()} == {"model", "kb", "settings.json"}
    assert told["loss"][-1] < 0.5 * told["loss"][0]
    before, after = open_embedder("minilm"), open_embedder(f"st:{out / 'model'}")
    question, right = "Which paint has amber?", "The zarquil of amber is red.\n"
    near = [float(np.sum(model.embed_query(question) * model.embed_documents([right]))) for model in (before, after)]
    assert near[1] > near[0]
    with KnowledgeBase.open(out / "kb", read_only=True) as tuned:
        assert tuned.embedder.model.fingerprint == after.model.fingerprint
        assert tuned.search(question, 1)[0].source.endswith("amber.md")
    written = (out / "model" / "model.safetensors").stat().st_mtime_ns
    shutil.rmtree(out / "kb")  # stopped between the model and its vectors
    told = json.loads(CliRunner().invoke(evaluation, command, catch_exceptions=False).stdout.splitlines()[-1])
    assert (told["steps"], told["documents"]) == (0, 4)
    assert (out / "model" / "model.safetensors").stat().st_mtime_ns == written
    with pytest.raises(UsageError, match="other settings"):
        CliRunner().invoke(evaluation, [*command, "--seed", "1"], catch_exceptions=False)
    (out / "settings.json").unlink()
    with pytest.raises(UsageError, match="nothing tells"):
        CliRunner().invoke(evaluation, command, catch_exceptions=False)
    anew = CliRunner().invoke(evaluation, [*command, "--seed", "1", "--force"], catch_exceptions=False)
    assert json.loads(anew.stdout.splitlines()[-1])["steps"] == 10


def test_questions_on_tested_documents_train_an_embedder_only_when_asked_to(towns):
    from eval.finetuning.embedder import triples_of
    from eval.question_sets import load
    from ingest.knowledge_base import KnowledgeBase

    known = load(towns / "set.jsonl")
    again = Question("again", "Where does one see a pale zarquil?", source="dune.md", pages=(1,), part="train")
    both = known.__class__(known.name, (*known.questions, again), "")
    with KnowledgeBase.open(towns / "kb", read_only=True) as knowledge:
        assert len(triples_of(knowledge, both)) == 3
        shared = triples_of(knowledge, both, shared_documents=True)
    assert [each.right for each in shared if each.question == again.question] == ["The zarquil of dune is white."]
    assert all(each.wrong and each.wrong != each.right for each in shared)


def test_four_bits_without_a_gpu_are_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("eval.finetuning.loading.on_gpu", lambda: False)
    (tmp_path / "set.jsonl").write_text('{"question": "When?", "answers": ["now"]}\n', encoding="utf-8")
    options = ["--questions", str(tmp_path / "set.jsonl"), "--out", str(tmp_path / "out"), "--base", "x", "--four-bit"]
    call = CliRunner().invoke(evaluation, ["finetune", *options], standalone_mode=False)
    assert isinstance(call.exception, UsageError)
    assert "this machine has none. Leave it out" in str(call.exception)
    assert not (tmp_path / "out").exists()
