"""What the documentation shows is run: its commands, its Python, its transcripts, its links and its tables."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from reportlab.pdfgen.canvas import Canvas

import assistant.cli
import assistant.demo
import assistant.errors
import eval.cli
import ingest.cli
import ui.__main__
from ingest import console, errors
from tests.support.markdown import Block, anchors, blocks, code_spans, links

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("assistant/sample/*.md")])
PROGRAMS = {
    "ingest": (ingest.cli.main, ingest.cli.ingest),
    "assistant": (assistant.cli.main, assistant.cli.assistant),
    "python -m": (None, click.Group(commands={"ui": ui.__main__.main, "eval": eval.cli.evaluation})),
}
NOT_RUN = {"pip", "source", "cd"}  # first words of lines that prepare a machine
# Needs a hub, a server, a model file or a calibration: parsed, not run.
ELSEWHERE = re.compile(r"(st|tgi|openai|gguf):|--max-risk|--base |tuned")
TEXTS = {
    "docs/warranty.md": "# Warranty\n\nThe warranty covers the motor and the battery for 36 months.\n",
    "Documents/handbook/leave.md": "# Leave\n\nParental leave lasts 14 weeks.\n",
}
LEAVE = "Up to 5 days of leave can be carried over to the next year."


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str


Call = Callable[[str], Outcome]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the documents that the pages speak of, and a knowledge base `kb` of them."""
    home = tmp_path_factory.mktemp("home")
    for name, text in TEXTS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    canvas = Canvas(str(home / "Documents" / "handbook" / "handbook.pdf"))
    canvas.drawString(72, 720, LEAVE)
    canvas.save()
    with assistant.Assistant.open(home / "kb") as kestrel:
        report = kestrel.add(home / "Documents", home / "docs")
    assert (report.added, report.failed) == (3, ())
    return home


@pytest.fixture
def desk(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that home, in which a page may do what it likes."""
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("KESTREL_KB", "KESTREL_LLM", "KESTREL_EMBEDDER", "KESTREL_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def call(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs one command line of ours as a shell would, redirection and `~` included."""

    def run(line: str) -> Outcome:
        words, _, target = (line.partition(" > ")) if " > " in line else (line, "", "")
        first, *arguments = [str(Path(word).expanduser()) if word[:1] == "~" else word for word in shlex.split(words)]
        main = assistant.demo.main if (first, *arguments) == ("make", "demo") else PROGRAMS[first][0]
        monkeypatch.setattr(sys, "argv", [first] if first == "make" else [first, *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        if target:
            (desk / target).write_text(out, encoding="utf-8")
        return Outcome(int(ended.value.code or 0), out, err)

    return run


def test_pages_are_found() -> None:
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/commands.md", "assistant/sample/02-adding-documents.md"} <= names


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "bash") and page.name != "extending.md"], ids=lambda page: page.name
)
def test_bash_blocks_run(page: Path, call: Call) -> None:
    for block, line in lines_of(page, "bash"):
        if " ".join(line.split()[:2]) == "make demo" or line.split()[0] in PROGRAMS:
            if ELSEWHERE.search(line):
                parse(line)
                continue
            done = call(line)
            assert done.code == 0, f"{block}: {line}\n{done.err}"
        elif line.split()[:2] == ["python", "-m"]:  # serves or takes long: parsed, not run
            parse(line)
        elif line.split()[0] == "make":
            assert set(shlex.split(line, comments=True)[1:]) <= make_targets(), f"{block}: {line}"
        else:
            assert line.split()[0] in NOT_RUN, f"{block}: nobody checks {line!r}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_blocks_run(page: Path, desk: Path) -> None:
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block.text, str(block), "exec"), names)


def test_files_shown_as_modules_work(call: Call, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedder of the page embeds, through the commands of the page; its reader reads."""
    page = ROOT / "docs" / "extending.md"
    for block in blocks(page, "python"):
        (desk / block.text.splitlines()[0].removeprefix("# ")).write_text(block.text, encoding="utf-8")
    monkeypatch.syspath_prepend(desk)
    for block, line in lines_of(page, "bash"):
        done = call(line)
        assert done.code == 0, f"{block}: {line}\n{done.err}"
    reader = importlib.import_module("lyrics").LyricsReader()
    document = reader.read(b"[ar:Anon]\r\n[00:12.00]Hello\r\n[00:17.20]again\r\n", "song.lrc")
    assert (document.text, document.source) == ("Hello\nagain", "song.lrc")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=lambda page: page.name)
def test_transcripts_are_what_is_printed(page: Path, call: Call) -> None:
    for block in blocks(page, "console"):
        for command, expected in transcript(block):
            done = call(command)
            printed = masked(done.out + done.err)
            position = 0
            for line in filter(None, map(masked, expected)):
                found = printed.find(line, position)
                assert found >= 0, f"{block}: {command}\nexpected {line!r} in\n{printed[position:]}"
                position = found + len(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_exist(page: Path) -> None:
    for span in code_spans(page):
        words = span.split()
        if len(words) > 1 and words[0] in PROGRAMS and "-" not in words[1]:
            assert words[1] in PROGRAMS[words[0]][1].commands, f"{page.name}: {span}"
        if words[:1] == ["make"] and len(words) > 1:
            assert words[1] in make_targets(), f"{page.name}: {span}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not fragment or fragment in anchors(target), f"{page.name}: no heading #{fragment} in {target.name}"


def test_commands_page_shows_the_present_help(tmp_path: Path) -> None:
    page = ROOT / "docs" / "commands.md"
    built = tmp_path / page.name
    shutil.copy(page, built)
    subprocess.run([sys.executable, "docs/build_commands.py", str(built)], cwd=ROOT, check=True)
    assert page.read_text(encoding="utf-8") == built.read_text(encoding="utf-8"), "run: python docs/build_commands.py"


def test_every_option_with_a_variable_is_in_the_settings_table() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    options = [
        option for _, group in PROGRAMS.values() for command in group.commands.values() for option in command.params
    ]
    for option in options:
        if option.envvar:
            assert f"| `{max(option.opts, key=len)}` | `{option.envvar}` |" in page


@pytest.mark.parametrize("page", ["docs/commands.md", "assistant/sample/04-troubleshooting.md"])
def test_every_exit_code_is_documented(page: str) -> None:
    rows = re.findall(r"^\| (\d+) \| .*\S.* \|$", (ROOT / page).read_text(encoding="utf-8"), re.M)
    assert [int(row) for row in rows] == [*range(11), 130]
    assert exit_codes() <= {int(row) for row in rows}


def test_changelog_begins_with_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sections = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert next(section for section in sections if section != "Unreleased") == project["version"]


def test_architecture_decisions_have_their_three_parts() -> None:
    for page in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        titles = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.M)
        assert titles[:3] == ["Context", "Decision", "Consequences"], page.name
        assert page.name in (page.parent / "README.md").read_text(encoding="utf-8")


def lines_of(page: Path, language: str) -> Iterator[tuple[Block, str]]:
    for block in blocks(page, language):
        for line in block.text.splitlines():
            command = line.partition(" #")[0].strip()
            if command and not command.startswith("#"):
                yield block, command


def parse(line: str) -> None:
    """Check the names and options of a command without running it."""
    program, name, *arguments = shlex.split(line, comments=True)
    if program == "python":
        program, name, *arguments = "python -m", *arguments
    command = PROGRAMS[program][1].commands[name]
    with command.make_context(name, arguments):
        pass


def transcript(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Commands with the lines printed below them. A line `…` stands for any number of lines.

    `make demo` prints commands of its own, which belong to its output.
    """
    parts = re.split(r"^\$ ", block.text, flags=re.M)[1:]
    if parts[0].startswith("make demo"):
        parts = ["$ ".join(parts)]
    for part in parts:
        command, *expected = part.splitlines()
        yield command, [line for line in expected if line.strip() != "…"]


def masked(text: str) -> str:
    """Text with durations, sizes and folders made equal, and folded to single spaces."""
    text = re.sub(r"\d+(\.\d+)? (s|ms|min|kB|MB)\b", "# \\2", text)
    text = re.sub(r"\S*/(assistant/sample|Documents|docs)\b", "\\1", text)
    return " ".join(text.split())


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def exit_codes() -> set[int]:
    """All codes that the errors and the two command lines know."""
    kinds, codes = [errors.KestrelError], set()
    while kinds:
        kind = kinds.pop()
        codes.add(kind.exit_code)
        kinds += kind.__subclasses__()
    modules = (console, ingest.cli, assistant.cli)
    constants = {
        value for module in modules for name, value in vars(module).items() if name.isupper() and type(value) is int
    }
    return codes | constants


def test_masking_keeps_what_matters() -> None:
    assert masked("  24,576 tokens in 0.31 s") == "24,576 tokens in # s"
    assert masked("/x/assistant/sample/a.md, p. 3") == "assistant/sample/a.md, p. 3"
