"""Keys, tokens and passwords in the environment or in an address are in no output and in no file afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.cli import assistant
from ingest.cli import ingest
from tests.support.office_files import make_xlsx
from tests.support.office_locks import locked, locked_as_2007
from tests.support.pdf_files import encrypted, make_pdf

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[1]
CANARY = "canary-4711-never-to-be-seen"
NOWHERE = "127.0.0.1:9"  # nothing listens there
SECRETS = {
    **dict.fromkeys(("KESTREL_LLM_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "TGI_API_KEY"), f"sk-{CANARY}"),
    **dict.fromkeys(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACEHUB_API_TOKEN"), f"hf_{CANARY}"),
    **dict.fromkeys(("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "DATABASE_PASSWORD"), f"pw-{CANARY}"),
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), f"http://me:{CANARY}@{NOWHERE}"),
    "KESTREL_PASSWORD": f"file-{CANARY}",
    "KESTREL_UI_KEY": f"pages-{CANARY}",
    "DATABASE_URL": f"postgresql://me:{CANARY}@{NOWHERE}/db",
}
QUESTION = "How much is the deposit?"
SERVER = f"openai:http://{NOWHERE}/v1#m"
SET = '{"question": "How much is the deposit?", "answers": ["1,450 euros"]}\n'

FILE_PASSWORD = SECRETS["KESTREL_PASSWORD"]

SHUT = "locked/other.pdf locked/other.xlsx"
OPENED = "docs/locked.pdf docs/locked.xlsx docs/older.xlsx"

EVERY_COMMAND = [  # on a folder of one document, in this order; KB and a server that is down are in the environment
    *("ingest add docs", "ingest sync docs", "ingest list --json", "ingest text lease.md", "ingest search deposit"),
    *("ingest verify --full", "ingest rebuild", "ingest doctor docs", "ingest export --to a.kestrel", "ingest follow"),
    *("ingest import a.kestrel --kb other", "ingest watch nowhere", "ingest search deposit --kb other --json"),
    *("assistant ask Q --json", "assistant ask Q --llm extractive --explain", "assistant prompt Q", "assistant chat"),
    *("assistant summarize lease.md", "assistant models --json", "assistant doctor --json", "assistant history --json"),
    *("assistant replay last", "assistant feedback last good", "eval run --questions set.jsonl --out runs/a"),
    *("eval speed --llm SERVER", "eval report runs/a", "ingest remove lease.md"),
    *("ingest add locked --json", f"ingest doctor {SHUT} {OPENED}", "ingest list"),
]
ADDRESSES = [  # with a password in them
    *(f"assistant ask Q --llm {kind}:http://me:{CANARY}@{NOWHERE}/v1" for kind in ("openai", "tgi")),
    *(f"assistant ask Q --llm {kind}:me:{CANARY}@{NOWHERE}" for kind in ("openai", "tgi", "ftp")),
    f"assistant ask Q --llm openai:http://{NOWHERE}/v1?api_key={CANARY}#m",
    f"assistant doctor --json --llm tgi:http://me:{CANARY}@{NOWHERE}",
    *(f"{command} --kb postgresql://me:{CANARY}@{NOWHERE}/db" for command in ("ingest list", "assistant ask Q")),
    f"ingest add docs --kb postgresql://{NOWHERE}/db?user=me&password={CANARY}",
    f"ingest add docs --kb postgresql://me:{CANARY}@[::1/db",
    f"ingest add docs --kb postgres://me:{CANARY}@{NOWHERE}/db",
    f"ingest add http://me:{CANARY}@{NOWHERE}/lease.html",
    f"ingest add http://{NOWHERE}/lease.html?token={CANARY}",
]
CRASHING = [  # an error that nobody foresaw, in the middle of things; its log is written to the folder for such
    "ingest add docs --kb crashed --embedder tests.test_secrets:CrashingEmbedder",
    "ingest search deposit --embedder tests.test_secrets:CrashingEmbedder",
]


class CrashingEmbedder:
    """Fails in a way that no part of Kestrel knows, with a secret in its hands."""

    def __init__(self) -> None:
        key = os.environ["OPENAI_API_KEY"]
        raise ArithmeticError(f"a key of {len(key)} characters was held, and nothing could be added up")


@dataclass(frozen=True)
class Home:
    """Where commands run, and all that they may write to."""

    folder: Path

    def run(self, line: str, debug: str = "") -> subprocess.CompletedProcess[str]:
        words = [{"Q": QUESTION, "SERVER": SERVER}.get(word, word) for word in line.split()]
        environment = {
            **os.environ,
            **SECRETS,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONPATH": str(ROOT),
            "KESTREL_KB": "kb",
            "KESTREL_LLM": SERVER,
            "KESTREL_DEBUG": debug,
            "KESTREL_EMBEDDER": "",
        }
        if "--embedder" not in words and words[1] in {"add", "sync", "import", "search"}:
            environment["KESTREL_EMBEDDER"] = "hashing"
        environment = {name: value for name, value in environment.items() if value or name == "KESTREL_DEBUG"}
        return subprocess.run(
            [sys.executable, "-m", *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
            input=f"{QUESTION}\n\n",
            timeout=120,
            check=False,
        )

    def holding(self) -> list[str]:
        """Files that a secret is in."""
        return [str(p) for p in self.folder.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "docs").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "docs" / "lease.md").write_text("# Lease\n\nThe deposit is 1,450 euros.\n", encoding="utf-8")
    page = make_pdf([["The cellar is dry and has a lock."]])
    (tmp_path / "docs" / "locked.pdf").write_bytes(encrypted(page, user=FILE_PASSWORD))
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "other.pdf").write_bytes(encrypted(page, user="another"))
    sheet = make_xlsx({"Keys": [["Door", "Key"], ["Cellar", "7"]]})
    (tmp_path / "docs" / "locked.xlsx").write_bytes(locked(sheet, FILE_PASSWORD))
    (tmp_path / "docs" / "older.xlsx").write_bytes(locked_as_2007(sheet, FILE_PASSWORD))
    (tmp_path / "locked" / "other.xlsx").write_bytes(locked(sheet, "another"))
    (tmp_path / "set.jsonl").write_text(SET, encoding="utf-8")
    return Home(tmp_path)


def says_no_secret(done: subprocess.CompletedProcess[str]) -> None:
    assert CANARY not in done.stdout + done.stderr, done.args


def test_every_command_is_here() -> None:
    named = {tuple(line.split()[:2]) for line in EVERY_COMMAND}
    assert named >= {(group.name, command) for group in (ingest, assistant) for command in group.commands}


def test_no_command_tells_what_is_in_its_environment(home: Home) -> None:
    codes = {}
    for line in EVERY_COMMAND:
        done = home.run(line, debug="1" if "assistant" in line or "eval" in line else "")
        says_no_secret(done)
        codes[line] = done.returncode
    assert codes["assistant ask Q --json"] == 5, "the server is down, and that was told without the key"
    assert [line for line, code in codes.items() if code == 1] == ["assistant doctor --json"], codes
    assert codes[f"ingest doctor {SHUT} {OPENED}"] == codes["ingest add locked --json"] == 3
    for name in OPENED.split():
        assert home.run(f"ingest doctor {name}").returncode == 0, "the password of the environment opens it"
    assert home.holding() == []


def test_no_address_is_told_with_its_password(home: Home) -> None:
    assert home.run("ingest add docs").returncode == 0
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda line: home.run(line, "1"), ADDRESSES))
    assert [each.args[3:] for each in done if CANARY in each.stdout + each.stderr] == []
    assert all(each.returncode for each in done)
    assert home.holding() == []


def test_no_crash_leaves_a_secret_behind(home: Home) -> None:
    assert home.run("ingest add docs").returncode == 0
    for line in CRASHING:
        done = home.run(line)
        says_no_secret(done)
        assert (done.returncode, "ArithmeticError" in done.stderr) == (1, True), done
    assert len(list((home.folder / "tmp").glob("kestrel-*.log"))) == len(CRASHING)
    assert home.holding() == []


def test_a_secret_would_be_found(home: Home) -> None:
    (home.folder / "kb").mkdir()
    (home.folder / "kb" / "note").write_text(f"x{CANARY}y")
    assert [Path(path).name for path in home.holding()] == ["note"]
