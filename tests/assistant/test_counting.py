"""Exact counts by the Falcon tokenizer, and the estimate against it on real texts."""

from __future__ import annotations

import gzip
import json

import pytest

from assistant.answers import ModelProfile
from assistant.counting import TokenizerFile, cached_tokenizer, estimate
from assistant.profiles import profile_named
from ingest.errors import UsageError

PASSAGE = 4000  # characters


@pytest.fixture(scope="module")
def falcon_path(shared_data):
    return shared_data / "falcon_tokenizer" / "tokenizer.json"


@pytest.fixture(scope="module")
def falcon(falcon_path):
    return TokenizerFile(falcon_path)


def lines_of(path, field):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return "\n".join(str(json.loads(line)[field]) for line in [next(file) for _ in range(3)])


TEXTS = {
    "prose": lambda data: (data / "chunking_eval/corpora/state_of_the_union.md").read_text(encoding="utf-8"),
    "dialogue": lambda data: lines_of(data / "longeval/topics/10_topics.jsonl.gz", "prompt"),
    "filings": lambda data: (data / "chunking_eval/corpora/finance.md").read_text(encoding="utf-8")[:400_000],
    "biomedicine": lambda data: (data / "chunking_eval/corpora/pubmed.md").read_text(encoding="utf-8")[:400_000],
    "encyclopedia": lambda data: (data / "chunking_eval/corpora/wikitexts.md").read_text(encoding="utf-8"),
    "chat logs": lambda data: (data / "chunking_eval/corpora/chatlogs.md").read_text(encoding="utf-8"),
    "lecture": lambda data: lines_of(data / "leval/closed/coursera.jsonl.gz", "input"),
    "novel": lambda data: lines_of(data / "leval/closed/quality.jsonl.gz", "input"),
    "JSON": lambda data: (data / "tgi/openapi.json").read_text(encoding="utf-8"),
    "identifiers": lambda data: lines_of(
        data / "lost_in_the_middle/kv-retrieval-75_keys.jsonl.gz", "ordered_kv_records"
    ),
    "line records": lambda data: lines_of(data / "longeval/lines/300_lines.jsonl.gz", "prompt"),
    "spreadsheet": lambda data: (data / "chunking_eval/questions_df.csv").read_text(encoding="utf-8")[:200_000],
    "Markdown": lambda data: (data / "README.md").read_text(encoding="utf-8"),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_the_estimate_is_never_too_low_on_real_passages(falcon, shared_data, kind):
    text = TEXTS[kind](shared_data)
    passages = [text[start : start + PASSAGE] for start in range(0, len(text), PASSAGE)]
    for passage in [*passages, text]:
        assert estimate(passage).tokens >= falcon.count(passage).tokens, passage[:80]


def test_the_estimate_is_near_enough_to_be_useful(falcon, shared_data):
    """26 % above the count on average over the kinds, and nowhere 70 %."""
    texts = [make(shared_data)[:100_000] for make in TEXTS.values()]
    ratios = [estimate(text).tokens / falcon.count(text).tokens for text in texts]
    assert sum(ratios) / len(ratios) == pytest.approx(1.26, abs=0.06)
    assert max(ratios) < 1.7


# Article 1 of the Universal Declaration of Human Rights
ARTICLE_1 = {
    "German": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft begabt.",
    "French": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison.",
    "Finnish": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki.",
    "Turkish": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền.",
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью.",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "Arabic": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا.",
    "Hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון.",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "Chinese": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "Classical Chinese": "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？",
    "Japanese": "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "emoji": "Great 🎉🎉 shipped 🚀 — thanks 🙏🏽 👩‍👩‍👧‍👦 ❤️ ✅ 🇩🇪",
    "formulas": "∀x ∈ ℝ: ∑_{i=1}^n x_i² ≥ 0 ∧ ∃y ≠ ∅ → α·β ≤ γ ⊗ δ ⊆ Ω, ∇×E = −∂B/∂t",
    "hexadecimal": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d 550e8400-e29b-41d4-a716-446655440000",
    "capitals": "ALL EMPLOYEES MUST SUBMIT FORM W-4(B) BEFORE 12/31/2024 TO HR@NORTHWIND.COM; SEE EXHIBIT A-17.",
}


@pytest.mark.parametrize("language", ARTICLE_1)
def test_the_estimate_is_never_too_low_in_other_scripts(falcon, language):
    text = ARTICLE_1[language]
    assert falcon.count(text).tokens <= estimate(text).tokens <= 2.2 * falcon.count(text).tokens


def test_estimates_say_that_they_are_ones():
    assert not estimate("Hello").exact
    assert estimate("").tokens == 0


def test_counts_of_the_reference(falcon):
    """Known Falcon encodings (llama.cpp models/ggml-vocab-falcon.gguf.out)."""
    assert falcon.count("Hello world").tokens == 2
    assert falcon.count(" Hello World").tokens == 2
    assert falcon.count("3333").tokens == 2
    assert falcon.count("").tokens == 0
    assert falcon.count("x").exact


def test_half_a_surrogate_pair_counts(falcon):
    assert falcon.count("caf\udce9").tokens == falcon.count("caf\ufffd").tokens
    assert estimate("caf\udce9").tokens > 0


def test_falconlite2s_template_costs_three_tokens(falcon_path):
    profile = profile_named("falconlite2")
    tokenizer = TokenizerFile(falcon_path, profile.control_tokens)
    text = "What does the warranty cover?"
    assert tokenizer.count(profile.template.replace("{prompt}", text)).tokens == tokenizer.count(text).tokens + 3


def test_the_passkey_prompts_have_the_published_lengths(falcon):
    """3,264 and 10,197 tokens: the garbage of landmark-attention's run_test.py at 12,000 and 38,000 characters."""
    garbage = " ".join(
        ["The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."] * 2000
    )
    task = (
        "There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. "
        "I will quiz you about the important information there."
    )
    for length, published in ((12_000, 3264), (38_000, 10_197)):
        key = "The pass key is 23456. Remember it. 23456 is the pass key."
        end = "What is the pass key? The pass key is"
        prompt = "\n".join([task, garbage[: length // 2], key, garbage[: length - length // 2], end])
        assert falcon.count(prompt).tokens == pytest.approx(published, abs=3)


def test_a_tokenizer_that_cuts_or_pads_still_counts_everything(falcon_path, tmp_path):
    from tokenizers import Tokenizer

    cutting = Tokenizer.from_file(str(falcon_path))
    cutting.enable_truncation(8)
    cutting.enable_padding(length=8)
    path = tmp_path / "tokenizer.json"
    cutting.save(str(path))
    assert TokenizerFile(path).count("one two three four five six seven eight nine ten").tokens == 10
    assert TokenizerFile(path).count("one").tokens == 1


def test_the_file_tells_its_control_tokens_and_overhead(falcon_path):
    profile = ModelProfile("m", 100, 100, template="[{prompt}]", control_tokens=("<|prompter|>",))
    described = TokenizerFile(falcon_path, profile.control_tokens).describe(profile)
    assert described.control_tokens[0] == "<|prompter|>"
    assert ">>QUESTION<<" in described.control_tokens
    assert "<|endoftext|>" in described.control_tokens
    assert described.overhead == 0


def test_a_tokenizer_that_begins_every_prompt_with_a_token(falcon_path, tmp_path):
    from tokenizers import Tokenizer, processors

    beginning = Tokenizer.from_file(str(falcon_path))
    beginning.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 11)]
    )
    path = tmp_path / "tokenizer.json"
    beginning.save(str(path))
    tokenizer = TokenizerFile(path)
    assert tokenizer.overhead == 1
    assert tokenizer.count("Hello world").tokens == 2
    assert tokenizer.describe(ModelProfile("m", 9, 9, template="{prompt}")).overhead == 1
    assert (
        tokenizer.describe(ModelProfile("m", 9, 9, overhead=50)).overhead == 50
    )  # the chat template's, not the file's


def test_what_is_no_tokenizer_is_named(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(UsageError, match=r"tokenizer.json is not a tokenizer file: .* Give the model's"):
        TokenizerFile(path).count("x")
    with pytest.raises(UsageError, match="is not a tokenizer file"):
        TokenizerFile(tmp_path / "none.json").count("x")


def test_the_local_cache_is_looked_up_and_nothing_is_fetched(falcon_path, tmp_path, monkeypatch):
    import huggingface_hub.constants
    import huggingface_hub.file_download

    profile = profile_named("falconlite2")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert cached_tokenizer(profile) is None
    model = tmp_path / "models--amazon--FalconLite2"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc")
    snapshot = model / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").write_bytes(falcon_path.read_bytes())
    found = cached_tokenizer(profile)
    assert found is not None
    assert found.count("<|prompter|>Hello world").tokens == 3
    assert cached_tokenizer(profile_named("chat")) is None
