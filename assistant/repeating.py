"""An answer's question as a command and as a program, with the settings it was answered with."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answers import Answer
    from assistant.history import Run

_AS_THEY_ARE = {"extractive", "auto", "off"}  # what commands and calls do without being told
_SEARCH = ("embedder", "reranker", "expand", "max_risk")
_PACKING = ("mode", "budget", "reserve")
_MODEL = ("profile", "tokenizer", "any_model")


def as_command(run: Run, location: str) -> str:
    """For a shell. A question that leaned on earlier ones is asked in the words that were searched for."""
    manifest = run.answer.manifest
    words = ["assistant", "ask", _standalone(run.answer), "--kb", location]
    if (passages := manifest.get("asked_for")) is not None:
        words += ["--passages", str(passages)]
    only = manifest.get("only") or {}
    words += [word for source in only.get("sources", ()) for word in ("--source", source)]
    words += [word for key, value in only.get("metadata", ()) for word in ("--where", f"{key}={value}")]
    for name, value in _told(run.settings, ("llm", *_MODEL, *_PACKING, *_SEARCH)).items():
        words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)


def as_program(run: Run, location: str) -> str:
    """For Python, with the earlier questions where it leaned on them. No key is in it: the environment holds that."""
    manifest = run.answer.manifest
    names = {"assistant": {"Assistant"}}
    opening = [repr(location), *_model(run.settings, names), *_packing(run.settings, names)]
    opening += [f"{name}={value!r}" for name, value in _told(run.settings, _SEARCH).items()]
    asking = [repr(run.answer.question)]
    if turns := manifest.get("history"):
        names.setdefault("assistant.answers", set()).add("Turn")
        told = ", ".join(f"Turn({turn['question']!r}, {turn['answer']!r})" for turn in turns)
        asking.append(f"history=[{told}]")
    if only := manifest.get("only"):
        names["assistant"].add("Filter")
        metadata = tuple(tuple(pair) for pair in only["metadata"])
        more = f", metadata={metadata!r}" if metadata else ""
        asking.append(f"only=Filter(sources={tuple(only['sources'])!r}{more})")
    if (passages := manifest.get("asked_for")) is not None:
        asking.append(f"passages={passages}")
    if manifest.get("insist"):
        asking.append("insist=True")
    imports = [f"from {module} import {', '.join(sorted(found))}" for module, found in sorted(names.items())]
    return "\n".join(
        [
            *imports,
            "",
            f"with Assistant.open({', '.join(opening)}) as kestrel:",
            f"    answer = kestrel.ask({', '.join(asking)})",
            "for sentence in answer.sentences:",
            "    print(sentence.text, sentence.citations)",
        ]
    )


def _standalone(answer: Answer) -> str:
    return answer.searched_for if answer.manifest.get("history") and answer.searched_for else answer.question


def _told(settings: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Those settings that say anything, in this order."""
    given = {name: settings.get(name) for name in names}
    return {
        name: value for name, value in given.items() if value not in (None, False, "") and value not in _AS_THEY_ARE
    }


def _model(settings: Mapping[str, Any], names: dict[str, set[str]]) -> list[str]:
    llm = settings.get("llm", "extractive")
    if llm == "extractive":
        return []
    options = _told(settings, _MODEL)
    if not options:
        return [f"llm={llm!r}"]
    names["assistant.llms"] = {"open_llm"}
    if "tokenizer" in options:
        names["pathlib"] = {"Path"}
    told = (
        f"{name}=Path({value!r})" if name == "tokenizer" else f"{name}={value!r}" for name, value in options.items()
    )
    return [f"llm=open_llm({', '.join([repr(llm), *told])})"]


def _packing(settings: Mapping[str, Any], names: dict[str, set[str]]) -> list[str]:
    options = _told(settings, _PACKING)
    if not options:
        return []
    names["assistant.packing"] = {"PackingOptions"}
    return [f"packing=PackingOptions({', '.join(f'{name}={value!r}' for name, value in options.items())})"]
