"""One short text that says whether two files mean the same."""

from __future__ import annotations

import attrs

from sentry_governed.teams._file import Declared
from sentry_governed.teams._rules import Rule


def digest_of(declared: Declared) -> str:
    """SHA-256 over the meaning, written as canonical JSON."""
    import hashlib  # two modules that only those pay for who ask for the digest
    import json

    meaning = {
        "teams": [attrs.astuple(team) for team in declared.teams],
        "default": declared.default and declared.default.name,
        "prefixes": sorted(declared.prefixes),
        "rules": [[match.team.name, match.rule.priority, _terms(match.rule)] for match in declared.matches],
        "ignore": [[ignore.reason, _terms(ignore.rule)] for ignore in declared.ignores],
    }
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _terms(rule: Rule) -> list[str]:
    return sorted({str(term) for term in rule.terms})
