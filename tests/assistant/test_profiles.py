"""The models that are known, files that add to them, and what a server may serve under their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.answers import Sampling
from assistant.errors import ModelMismatch
from assistant.profiles import (
    builtin_profiles,
    check_same_model,
    profile_named,
    profile_of,
    read_profiles,
    served_window,
)
from ingest.errors import UnknownPart, UsageError

LIMITS = {
    "falconlite2": (24_576, 24_000),
    "falconlite": (12_001, 12_000),
    "alfred-40b-1023": (8192, 8192),
    "falcon-mamba-7b-instruct": (8192, 8192),
    "chat": (4096, 4096),
    "plain": (2048, 2048),
}


def test_the_models_of_the_publishers_with_their_limits():
    assert {name: (known.window, known.max_input) for name, known in builtin_profiles().items()} == LIMITS


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("falconlite2", "<|prompter|>Hi<|endoftext|><|assistant|>"),
        ("falconlite", "<|prompter|>Hi<|endoftext|><|assistant|>"),
        ("falcon-mamba-7b-instruct", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
        ("plain", "Hi"),
    ],
)
def test_templates(name, sent):
    assert profile_named(name).template.replace("{prompt}", "Hi") == sent


def test_alfreds_template_has_no_line_breaks_and_its_own_end():
    alfred = profile_named("alfred-40b-1023")
    assert alfred.template.startswith("<start_system>You are Alfred, a helpful assistant trained by LightOn.")
    assert alfred.template.endswith("<end_message><start_user>{prompt}<end_message><start_assistant>")
    assert "\n" not in alfred.template
    assert alfred.stop == ("<end_message>",)
    assert alfred.serving.rope_base == pytest.approx(10_000 * 5 ** (64 / 62), abs=1)


def test_every_control_token_of_a_template_is_listed():
    for profile in builtin_profiles().values():
        text = profile.template
        for token in profile.control_tokens:
            text = text.replace(token, "")
        assert "<" not in text, profile.name


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("falconlite2", ["--max-input-length 24000", "--max-total-tokens 24576", "--max-batch-prefill-tokens 24000"]),
        ("falconlite", ["--max-input-length 12000", "--max-total-tokens 12001", "DNTK_ALPHA_SCALER=0.25"]),
        ("alfred-40b-1023", ["-c 8192", "--rope-freq-base 52664", "--override-kv falcon.context_length=int:8192"]),
        ("falcon-mamba-7b-instruct", ["vllm serve tiiuae/falcon-mamba-7b-instruct --max-model-len 8192"]),
    ],
)
def test_launch_commands_serve_the_window_of_the_profile(name, flags):
    command = profile_named(name).serving.command
    for flag in flags:
        assert flag in command


@pytest.mark.parametrize(
    ("announced", "name"),
    [
        ("amazon/FalconLite2", "falconlite2"),
        ("/data/FalconLite2", "falconlite2"),
        ("amazon/FalconLite", "falconlite"),
        ("/data/amazon--falconlite", "falconlite"),
        ("lightonai/alfred-40b-1023", "alfred-40b-1023"),
        ("alfred-40b-1023.Q4_K_M.gguf", "alfred-40b-1023"),
        ("tiiuae/falcon-mamba-7b-instruct", "falcon-mamba-7b-instruct"),
        ("falcon-mamba-7B-instruct-Q4_K_M", "falcon-mamba-7b-instruct"),
        ("tiiuae/falcon-mamba-7b", None),
        ("tiiuae/falcon-40b-instruct", None),
        ("meta-llama/Llama-3.1-8B-Instruct", None),
    ],
)
def test_found_by_the_name_that_a_server_announces(announced, name):
    found = profile_of(announced, builtin_profiles().values())
    assert (found.name if found else None) == name


def test_a_mismatch_names_both():
    with pytest.raises(
        ModelMismatch, match=r"'falconlite2' was asked for, but http://h serves 'amazon/FalconLite'. Use"
    ):
        check_same_model(profile_named("falconlite2"), ["amazon/FalconLite"], "http://h")
    with pytest.raises(ModelMismatch, match=r"'falconlite2' .* serves 'tiiuae/falcon-7b'"):
        check_same_model(profile_named("falconlite2"), ["tiiuae/falcon-7b"], "http://h")


@pytest.mark.parametrize("names", [["/opt/ml/model"], ["./model"], ["C:\\models\\m"], ["x", "amazon/FalconLite2"], []])
def test_no_mismatch_is_seen_where_none_is_shown(names):
    check_same_model(profile_named("falconlite2"), names, "http://h")


def test_a_path_that_names_another_known_model_is_a_mismatch():
    with pytest.raises(ModelMismatch):
        check_same_model(profile_named("falconlite2"), ["/data/alfred-40b-1023"], "http://h")


def test_a_profile_without_patterns_fits_every_model():
    check_same_model(profile_named("chat"), ["amazon/FalconLite2"], "http://h")


def test_the_smaller_window_counts_for_a_known_model():
    known = profile_named("falconlite2")
    assert served_window(known, None) == known
    assert (served_window(known, 12_001, 12_000).window, served_window(known, 12_001, 12_000).max_input) == (
        12_001,
        12_000,
    )
    assert (served_window(known, 32_768, 32_000).window, served_window(known, 32_768, 32_000).max_input) == (
        24_576,
        24_000,
    )
    assert served_window(known, 8192).max_input == 8192


def test_the_servers_window_counts_for_any_other():
    generic = profile_named("chat")
    assert (served_window(generic, 131_072).window, served_window(generic, 131_072).max_input) == (131_072, 131_072)
    assert served_window(generic, 4096, 4000).max_input == 4000


def test_a_file_adds_models(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[mine]\nwindow = 1000\nmax_input = 900\ntemplate = "Q: {prompt} A:"\nstop = ["Q:"]\nmodels = ["me/*"]\n'
        "[mine.sampling]\nmax_tokens = 64\ntemperature = 1\ntypical_p = 0.2\n"
        '[other]\nwindow = 10\n[other.serving]\nserver = "vLLM"\n'
    )
    mine = read_profiles(path)["mine"]
    assert (mine.window, mine.max_input, mine.template, mine.stop) == (1000, 900, "Q: {prompt} A:", ("Q:",))
    assert mine.sampling == Sampling(max_tokens=64, temperature=1.0, typical_p=0.2)
    assert profile_named(f"{path}#other").serving.server == "vLLM"
    assert profile_named(f"{path}#mine") == mine
    with pytest.raises(UnknownPart, match=r"Known: mine, other"):
        profile_named(str(path))


def test_a_file_with_one_model_needs_no_name(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text("[one]\nwindow = 10\n")
    assert profile_named(str(path)).name == "one"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[m]\nwindow = 10\nwindows = 3\n", r"\[m\] of .* has the unknown key 'windows'. Known: name, window,"),
        ("[m]\nmax_input = 10\n", "lacks the key 'window'"),
        ('[m]\nwindow = "10"\n', "'window' in .* has the wrong kind of value: '10'"),
        ("[m]\nwindow = true\n", "'window' in .* has the wrong kind of value: True"),
        ('[m]\nwindow = 10\nstop = "x"\n', "'stop' in .* has the wrong kind"),
        ("[m]\nwindow = 10\n[m.sampling]\ntemprature = 1\n", "unknown key 'temprature'"),
        ('[m]\nwindow = 10\ntemplate = "{question}"\n', r"must hold \{prompt\} once"),
        ("[m]\nwindow = 10\nmax_input = 11\n", "has max_input 11 and window 10"),
        ("[m]\nwindow = 0\n", "has max_input 0 and window 0"),
        ("window = 10\n", "'window' stands outside of any table"),
        ("[m\n", "is not valid TOML"),
        ("", "holds no profile"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path, text, match):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=match):
        read_profiles(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read as a file of profiles"):
        profile_named(str(tmp_path / "none.toml"))


def test_the_nearest_name_is_offered():
    with pytest.raises(UnknownPart, match="Did you mean 'falconlite2'"):
        profile_named("falcon-lite2")


@pytest.mark.parametrize("profile", [known for known in builtin_profiles().values() if known.name != "plain"])
def test_the_page_on_serving_shows_every_command_as_it_is(profile):
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
    assert profile.serving.command in page
    assert f"`{profile.name}`" in page
