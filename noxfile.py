"""How the project is checked: `nox` runs everything but the benchmarks."""

import subprocess
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests", "tests_bare", "docs", "examples", "demo"]
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2025.2.9"

SUPPORTED = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parent


def _runs(version: str) -> bool:
    """Whether `pythonX.Y` starts; a version manager's placeholder is on the path but does not."""
    try:
        subprocess.run([f"python{version}", "-c", ""], capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return False
    return True


RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
INSTALLED = [version for version in SUPPORTED if version == RUNNING or _runs(version)]


def group(name: str) -> list[str]:
    """The requirements of a dependency group."""
    return nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), name)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Both type checkers, strictly, and what users see of the types."""
    session.install(*group("types"), ".[all]")
    session.run("mypy")
    session.run("pyright")


@nox.session(python=INSTALLED)
def tests(session: nox.Session) -> None:
    """The whole suite with every extra, on each Python that is installed; coverage is judged on one."""
    session.install(*group("tests"), *group("brokers"), ".[all]")
    if session.python != RUNNING:
        session.run("pytest", *session.posargs)
        return
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", "--fail-under=95")


@nox.session
def tests_bare(session: nox.Session) -> None:
    """The core's tests without any extra: optional means optional, and few examples show it."""
    session.install(*group("tests"), ".")
    needing = ["tests/cli", "tests/chaos", *(f"tests/adapters/{name}" for name in ("aws", "nats", "serve"))]
    ignored = (f"--ignore={path}" for path in needing)
    session.run("pytest", "-q", *ignored, *session.posargs, env={"HYPOTHESIS_PROFILE": "few"})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(*group("docs"), ".[all]")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-E", "docs", "docs/_build/html")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example and every command of the README and the documentation as it stands."""
    session.install(*group("tests"), *group("brokers"), ".[all]")
    session.run("pytest", "-q", "examples", "docs/test_pages.py")


@nox.session
def demo(session: nox.Session) -> None:
    """What a newcomer runs first, with what a newcomer installs."""
    session.install(".[cli]")
    session.run("sentry-governed", "demo")


@nox.session
def bench(session: nox.Session) -> None:
    """Print the performance table: ratios and medians of one run."""
    session.install(".[all]", *group("tests"), *group("brokers"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """The property tests with many more examples."""
    session.install(*group("tests"), *group("brokers"), ".[all]")
    session.run("pytest", *session.posargs, env={"HYPOTHESIS_PROFILE": "nightly"})


@nox.session
def chaos(session: nox.Session) -> None:
    """Two thousand alerts through each queue, while workers are killed and services fail."""
    session.install(*group("tests"), *group("brokers"), ".[all]")
    session.run("pytest", "-q", "tests/chaos", *session.posargs, env={"CHAOS_ALERTS": "2000"})
