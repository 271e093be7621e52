"""What more of its window brings to the small Falcon, on the documents of `make eval-demo`.

    python -m tests.benchmarks.falcon_budgets FOLDER

Nothing is trained on them but the Falcon itself, which never saw them. The folder keeps the run and `report.html`.
"""

from __future__ import annotations

from pathlib import Path

import click

from tests.support.eval_demo import Desk, Size, write_documents
from tests.support.small_falcon import PROFILE, load
from tests.support.tgi_server.server import serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version

BUDGETS = "300,500,800,1200,1700"  # tokens of a window of 2,048


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    desk = Desk(folder.absolute())
    write_documents(desk, Size())
    (desk / "profile.toml").write_text(PROFILE, encoding="utf-8")
    small = load()
    desk.run("ingest", "add", desk / "documents", "--kb", desk / "kb")
    asked = ("--questions", desk / "set.jsonl", "--profile", desk / "profile.toml", "--workers", "1")
    with serving(Setup(small.engine(), Version.parse("3.3.7"), limits=small.limits())) as server:
        arms = ("--variants", "rag", "--budgets", BUDGETS, "--llm", f"tgi:{server.url}")
        desk.run("eval", "run", "--kb", desk / "kb", *asked, *arms, "--out", desk / "run")
    desk.run("eval", "report", desk / "run", "--html", desk / "report.html")


if __name__ == "__main__":
    main()
