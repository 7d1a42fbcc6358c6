"""The reference page holds only files that load."""

import re
from pathlib import Path

import pytest

from sentry_governed.teams import Teams, Term

PAGE = (Path(__file__).parent.parent.parent / "docs" / "teams-yaml.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS)
def test_blocks(text: str) -> None:
    """Every YAML block of the page is a file that loads."""
    assert Teams.parse(text).teams


def test_there_are_blocks() -> None:
    """The page has examples."""
    assert len(BLOCKS) >= 5


def test_claims() -> None:
    """What the page says of single terms is so."""
    assert Term.parse("url://cart//") == Term("url", "regex", "/cart/")
    assert Term.parse("path:/") == Term("path", "equal", "/")
    assert Term.parse('path:"/cart/"') == Term("path", "equal", "/cart/")
    assert Term.parse('key:""') == Term("key", "equal", "")
