"""`sentry-governed demo`: what a newcomer sees first, and that it notices when a promise is broken."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app
from sentry_governed.cli._demo_play import Report, play
from sentry_governed.cli._demo_stage import Stage, stage
from sentry_governed.testing import Fault

KINDS = {"Created": 13, "Duplicate": 1, "Skipped": 2, "Refused": 1}


def demo(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["demo", *args])


def report(*args: str) -> tuple[int, dict[str, Any]]:
    """The exit code and what `--json` printed."""
    result = demo("--json", *args)
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture(scope="module")
def printed() -> Result:
    """The demo as it is shown without a terminal."""
    return demo()


def test_process() -> None:
    """It runs as a command of its own within six seconds, without a terminal, and says that all is well."""
    started = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", "from sentry_governed.cli import main; main()", "demo"],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name not in {"COLUMNS", "TERM"}},
        timeout=60,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert "All promises kept" in run.stdout
    assert time.monotonic() - started < 6


def test_table(printed: Result) -> None:
    """Without a terminal it is plain text of at most 100 columns, with a row for each delivery."""
    lines = printed.stdout.splitlines()
    table = lines[: lines.index("Task #2 as Asana shows it")]

    assert printed.exit_code == 0
    assert "\x1b" not in printed.stdout
    assert max(map(len, table)) <= 100
    for kind, count in KINDS.items():
        assert sum(f" {kind} " in line for line in table) == count
    assert lines[0].split() == ["Alert", "Team", "Why", "Placement", "Outcome", "Task"]


def test_notes(printed: Result) -> None:
    """A task is shown as Asana has it, with the earlier tasks of its issue and its marker."""
    page = printed.stdout.partition("Task #2 as Asana shows it\n")[2].partition("\n\n")[0]

    assert "Team      Checkout\n" in page
    assert "Priority  High\n" in page
    assert "Previous task: https://app.asana.com/0/0/" in page
    assert "First task: https://app.asana.com/0/0/" in page
    assert "sentry-governed: sentry." in page


def test_summary(printed: Result) -> None:
    """The last words count what was promised and kept."""
    words = " ".join(printed.stdout.split("\n\n")[-1].split())

    assert words.endswith(
        "13 tasks promised, 13 made, 0 twice, 0 lost; "
        "Sentry links 11 issues to their task and names 1 later one."
    )


def test_json() -> None:
    """Machines get each row with everything in it, and the counts."""
    code, found = report()

    assert code == 0
    assert found["kept"] is True
    assert found["differs"] == []
    names = ("promised", "made", "twice", "lost", "linked", "commented")
    assert {name: found[name] for name in names} == dict(zip(names, (13, 13, 0, 0, 11, 1), strict=True))
    assert {row["outcome"] for row in found["rows"]} == set(KINDS)
    assert len({row["team"] for row in found["rows"] if row["team"]}) == 9
    assert list(found["rows"][5]) == [
        *("number", "alert", "shows", "team", "why", "placement", "outcome", "task", "url", "differs"),
    ]
    assert found["rows"][5]["placement"] == ["Mobile sandbox 8", "Dev"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("asana", "tasks missing: 1, tasks that are there twice: 0"),
        ("ledger", "tasks missing: 0, tasks that are there twice: 1"),
        ("sentry", "Sentry issues that do not link to their task: 11"),
    ],
)
def test_sabotage(what: str, words: str) -> None:
    """A promise that is broken on purpose is seen, named, and exit code 1."""
    result = demo("--sabotage", what)

    assert result.exit_code == 1
    assert f"Not as promised: {words}\n" in result.stdout
    assert "Something differs" in result.stdout
    assert "All promises kept" not in result.stdout


def test_sabotage_json() -> None:
    """Machines are told what differs, in the row and in all."""
    code, found = report("--sabotage", "ledger")

    assert (code, found["kept"], found["twice"]) == (1, False, 1)
    assert found["rows"][1]["differs"][0] == "it ended as Created, not as Duplicate"
    assert "delivery 2: it ended as Created, not as Duplicate" in found["differs"]


def archive_a_sprint(ready: Stage) -> None:
    """Placement falls back to an older project."""
    newest = next(gid for gid, name in ready.projects.items() if name == "Growth sprint 8")
    ready.asana.archive(newest)


def lose_an_event(ready: Stage) -> None:
    """Sentry cannot say what tags an alert without tags has."""
    ready.sentry.faults.add(Fault.status(404), when=lambda call: "/events/" in call.path, times=None)


def refuse_comments(ready: Stage) -> None:
    """A later task cannot be named in Sentry."""
    ready.sentry.faults.add(
        Fault.status(403), when=lambda call: "/comments/" in call.path or "/notes/" in call.path, times=None
    )


def no_more_faults(ready: Stage) -> None:
    """The request that was to be refused at first is not."""
    ready.asana.faults.clear()


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (archive_a_sprint, "delivery 8: its task is in Growth sprint 7, not in Growth sprint 8"),
        (lose_an_event, "delivery 12: its team is Platform, not Security"),
        (refuse_comments, "a later task is not named in Sentry"),
        (no_more_faults, "delivery 16: asana got 1 requests for a task, not 2"),
    ],
)
def test_tampered(tmp_path: Path, tamper: Callable[[Stage], None], words: str) -> None:
    """What the services hold is looked at, not only what the router says."""
    with stage(tmp_path) as ready:
        tamper(ready)
        found = play(ready)

    assert words in found.differs


def test_untampered(tmp_path: Path) -> None:
    """The same play by itself differs in nothing, and no real address is called."""
    with stage(tmp_path) as ready:
        found = play(ready)

    assert isinstance(found, Report)
    assert found.differs == ()
    assert {call.method for call in ready.asana.calls} == {"GET", "POST"}


def test_help() -> None:
    """It says what will be seen, and how to break it."""
    words = " ".join(demo("--help").stdout.split())

    assert "once each, chained, and linked back in Sentry" in words
    assert "--sabotage [asana|ledger|sentry]" in words
