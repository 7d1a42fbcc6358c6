"""The page about the audit names every field of a record, and no other."""

import re
from pathlib import Path

import attrs

from sentry_governed._values import AuditRecord

PAGE = (Path(__file__).parent.parent.parent / "docs" / "audit.md").read_text()


def test_fields() -> None:
    """The table of fields is the record's."""
    table = PAGE.partition("| Field | Says |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)))

    assert sorted(named) == sorted(field.name for field in attrs.fields(AuditRecord))
