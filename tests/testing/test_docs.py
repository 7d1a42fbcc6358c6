"""The tests that the documentation shows pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown() -> dict[str, Callable[[], None]]:
    """The page's test functions."""
    namespace: dict[str, object] = {"__name__": "page"}
    for code in BLOCK.findall(PAGE.read_text()):
        exec(compile(code, f"<{PAGE.name}>", "exec"), namespace)
    return {
        name: cast("Callable[[], None]", value)
        for name, value in namespace.items()
        if name.startswith("test_")
    }


@pytest.mark.parametrize("test", shown().values(), ids=shown().keys())
def test_page(test: Callable[[], None]) -> None:
    """A test from the page passes."""
    test()


def test_all() -> None:
    """Every section of the page has a test."""
    assert len(shown()) >= 9
