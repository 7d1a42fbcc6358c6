"""What the strategies make is accepted by what it is made for."""

from __future__ import annotations

import json

import pytest
from hypothesis import find, given, settings
from hypothesis.strategies import tuples

from sentry_governed.alerts import Alert, decode_alert
from sentry_governed.teams import Teams, Term
from sentry_governed.testing import strategies
from sentry_governed.typing import JsonValue, Tags


@settings(deadline=None)
@given(strategies.teams_files(), strategies.tags())
def test_teams_files(text: str, tags: Tags) -> None:
    """A teams file loads, and routes any tags."""
    teams = Teams.parse(text)
    assert teams.match(tags) == next(iter(teams.matches(tags)), None)


@settings(deadline=None)
@given(strategies.terms())
def test_terms(text: str) -> None:
    """A term parses."""
    assert Term.parse(text).key


@settings(max_examples=50, deadline=None)
@given(strategies.alert_bodies())
def test_alert_bodies(body: dict[str, JsonValue]) -> None:
    """A body makes an alert."""
    assert isinstance(decode_alert(json.dumps(body).encode()), Alert)


@settings(max_examples=50, deadline=None)
@given(strategies.alerts(), strategies.teams_files())
def test_alerts(alert: Alert, text: str) -> None:
    """An alert can be routed."""
    teams = Teams.parse(text)
    assert len(teams.matches(alert)) == len(teams.matches(alert.facts))


@pytest.mark.parametrize("kind", ["present", "equal", "regex"])
def test_every_term(kind: str) -> None:
    """Terms of every kind are made."""

    def fits(text: str) -> bool:
        return Term.parse(text).test == kind

    assert fits(find(strategies.terms(), fits))


def test_they_meet() -> None:
    """Rules and tags match often enough to be found."""

    def routed(pair: tuple[str, Tags]) -> bool:
        match = Teams.parse(pair[0]).match(pair[1])
        return match is not None and any(not term.negated for term in match.terms)

    assert routed(find(tuples(strategies.teams_files(), strategies.tags()), routed))


@pytest.mark.parametrize("resource", ["event_alert.", "error.", "issue.", "datadog."])
def test_every_source(resource: str) -> None:
    """Alerts are of every resource."""

    def fits(alert: Alert) -> bool:
        return alert.kind.startswith(resource)

    assert fits(find(strategies.alerts(), fits))
