"""The documentation does what it says: its Python runs, its commands print what is shown."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README_TRY = re.compile(r"^python3 -m venv .*sentry-governed demo$", re.MULTILINE)


def blocks(page: Path, language: str) -> Iterator[str]:
    """The fenced blocks of a page in one language."""
    return (text for name, text in BLOCK.findall(page.read_text()) if name == language)


def commands(page: Path) -> Iterator[tuple[str, str]]:
    """Each `$ command` of a page's console blocks with the output shown below it."""
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def bash(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would, with this environment's programs first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's Python blocks run one after the other, as a reader would type them."""
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {"__name__": "page"}
    for code in blocks(page, "python"):
        exec(compile(code, str(page), "exec"), namespace)


@pytest.mark.parametrize(
    ("command", "output"), [pair for page in PAGES for pair in commands(page)], ids=lambda value: value[:60]
)
def test_console(command: str, output: str) -> None:
    """A command that a page shows prints exactly what the page shows, problems included."""
    run = bash(command, ROOT)

    assert run.stdout + run.stderr == output


def test_readme(tmp_path: Path) -> None:
    """The README's first command works in a fresh copy of the project, and the demo keeps its promises."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (command,) = README_TRY.findall((ROOT / "README.md").read_text())

    run = bash(command, tmp_path)

    assert run.returncode == 0, run.stderr
    assert "All promises kept" in run.stdout
