"""Commands about models and prompts: what would be sent, what a document says, which models are known, what works."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.options import ModelOptions, SearchOptions, answer_options, model_options, passages_option
from ingest.console import emit_json, json_option, knowledge_base_option, say
from ingest.plain import plain

if TYPE_CHECKING:
    from assistant.answers import ModelProfile
    from assistant.diagnosis import Check


@click.command()
@click.argument("question")
@passages_option
@answer_options
def prompt(question: str, passages: int | None, as_json: bool, model: ModelOptions, search: SearchOptions) -> int:
    """Print exactly what would be sent to the model of --profile or --llm. Nothing is sent."""
    from assistant.explaining import explain
    from assistant.json_shapes import prompt_as_json

    counter, only = model.counter(), search.only
    with search.opened(model, llm=counter) as kestrel:
        packed = kestrel.prompt(question, only=only, passages=passages)
    if as_json:
        emit_json(prompt_as_json(packed))
        return 0
    click.echo(packed.text, nl=False)
    say()
    say(explain(packed.ledger, counter.profile.name))
    return 0


@click.command()
@click.argument("source")
@click.option("--sentences", type=click.IntRange(1, 50), default=7, show_default=True, help="Longest summary.")
@answer_options
def summarize(source: str, sentences: int, as_json: bool, model: ModelOptions, search: SearchOptions) -> int:
    """Say in a few sentences what one document says, and where. SOURCE is a path or the end of one."""
    from assistant.showing import exit_code, show

    with search.opened(model) as kestrel:
        summary = kestrel.summarize(source, sentences=sentences)
    show(summary, as_json=as_json)
    return exit_code(summary)


@click.command()
@json_option
def models(as_json: bool) -> int:
    """List the models that are known: window, template, stop texts, how each is served."""
    from assistant.json_shapes import profile_as_json
    from assistant.profiles import builtin_profiles

    profiles = builtin_profiles().values()
    if as_json:
        emit_json([profile_as_json(profile) for profile in profiles])
        return 0
    click.echo("\n\n".join(_described(profile) for profile in profiles))
    return 0


@click.command(epilog="\b\nExample:\n  assistant doctor --kb contracts --llm tgi:http://localhost:8080")
@knowledge_base_option
@json_option
@model_options
def doctor(kb: Path, as_json: bool, model: ModelOptions) -> int:
    """Look at every part: packages, embedding model, knowledge base, and the model server of --llm, where one is named.

    Exit code 1 when a part does not work.
    """
    from assistant.diagnosis import diagnose_installation, diagnose_knowledge, diagnose_model
    from assistant.json_shapes import check_as_json

    llm = model.open()
    served = () if isinstance(llm, str) else diagnose_model(llm)
    checks = []
    for check in chain(diagnose_installation(), diagnose_knowledge(kb), served):
        checks.append(check)
        if not as_json:
            click.echo(_told(check))
    if as_json:
        emit_json([check_as_json(check) for check in checks])
    return 0 if all(check.ok for check in checks) else 1


def _told(check: Check) -> str:
    sign = click.style("✓", fg="green") if check.ok else click.style("✗", fg="red")
    remedy = f"\n{'':<18}{plain(check.remedy)}" if check.remedy else ""
    return f"{sign} {check.name:<16}{plain(check.detail)} ({check.seconds:.2f} s){remedy}"


def _described(profile: ModelProfile) -> str:
    usable = f", finds things well in up to {profile.usable:,}" if profile.usable else ""
    rows = [
        ("window", f"{profile.window:,} tokens, prompts of up to {profile.max_input:,}{usable}"),
        ("template", repr(profile.template) if profile.template else "the server's own"),
        ("stop", " ".join(map(repr, profile.stop)) or "none needed"),
        ("served by", profile.serving.server),
    ]
    lines = [f"{click.style(profile.name, bold=True)}: {profile.summary}"]
    lines += [f"  {name:<10}{value}" for name, value in rows]
    command = profile.serving.command.splitlines()
    return "\n".join([*lines, *(f"    {line}" for line in command)])
