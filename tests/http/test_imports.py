"""What is loaded, and when."""

from __future__ import annotations

import subprocess
import sys

import sentry_governed._http as package


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after this."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_light() -> None:
    """Flows and their drivers load no HTTP or retry library, and no event loop."""
    loaded = loaded_by("from sentry_governed._http import Endpoint, arun, run, send")

    assert not loaded & {"httpx", "httpcore", "tenacity", "asyncio", "ssl"}


def test_apart() -> None:
    """The senders load what they stand on and not each other's."""
    assert "tenacity" not in loaded_by("from sentry_governed._http import HttpSender")
    assert "httpx" not in loaded_by("from sentry_governed._http import RetryingSender")


def test_all() -> None:
    """The exported names are sorted and exist."""
    assert sorted(package.__all__) == package.__all__
    assert all(getattr(package, name) for name in package.__all__)
    assert not hasattr(package, "nothing_of_the_kind")
