"""What becomes of a case's alert, compared with what the case expects."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from sentry_governed._yaml import did_you_mean, quoted
from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import FixedProject, LatestProject, Placement, TaskBuilder, TaskDraft
from sentry_governed.errors import ConfigError, NoDefaultTeam
from sentry_governed.teams import Route, Rule, Teams
from sentry_governed.teams._facts import facts_of
from sentry_governed.testing._cases import Case, Plan, is_rule
from sentry_governed.typing import Tags


@attrs.frozen
class Difference:
    """One expectation that was not met, in words.

    Attributes:
        what: The expectation's key.
        expected: What the case states.
        got: What came of it.
    """

    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.got}"


@attrs.frozen
class Result:
    """What became of one case.

    Attributes:
        case: The case.
        route: Who owns its alert; None where nobody does.
        why: The route's reason, or why there is no route.
        differences: What was not as expected; empty for a case that passes.
    """

    case: Case
    route: Route | None
    why: str
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.differences


def results(teams: Teams, cases: tuple[Case, ...], builder: TaskBuilder | None) -> tuple[Result, ...]:
    """What becomes of each case.

    Raises:
        ConfigError: There are no cases, or one of them needs a builder.
    """
    if not cases:
        raise ConfigError("no cases: a test that tests nothing would always pass")
    unbuilt = [case.name for case in cases if case.needs_builder]
    if unbuilt and builder is None:
        raise ConfigError(f"a case that states placement or priority needs a builder: {', '.join(unbuilt)}")
    return tuple(_result(teams, case, builder) for case in cases)


@attrs.frozen
class _Seen:
    """What became of an alert."""

    route: Route | None
    ignored: str | None
    why: str
    draft: TaskDraft | None = None


def _result(teams: Teams, case: Case, builder: TaskBuilder | None) -> Result:
    seen = _seen(teams, case, builder)
    return Result(case, seen.route, seen.why, tuple(_differences(teams, case, seen)))


def _seen(teams: Teams, case: Case, builder: TaskBuilder | None) -> _Seen:
    if isinstance(case.alert, Ignored):
        why = f"{case.alert.kind} makes no alert: {case.alert.reason}"
        return _Seen(None, case.alert.reason, why)
    facts = case.alert or case.tags or {}
    try:
        route = teams.route(facts)
    except NoDefaultTeam as error:
        return _Seen(None, None, str(error))
    alert = case.alert or _alert_of(case.tags or {})
    draft = builder.build(alert, route) if builder and case.needs_builder else None
    return _Seen(route, route.reason if route.ignored else None, route.reason, draft)


def _alert_of(tags: Tags) -> Alert:
    """An alert of which only its tags are known."""
    facts = facts_of(tags, ())
    texts = {name: facts.texts(name) for name in facts.names}
    own = {name: values[0] for name, values in texts.items() if values}
    return Alert(
        "datadog" if own.get("source") == "datadog" else "sentry",
        own.get("kind", "event_alert.triggered"),
        "case",
        own.get("title", ""),
        level=own.get("level"),
        environment=own.get("environment") or None,
        tags=texts,
    )


def _differences(teams: Teams, case: Case, seen: _Seen) -> Iterator[Difference]:
    route = seen.route
    match = route.match if route else None
    owner = route.team.name if route else None
    if case.team is not None and case.team != owner:
        yield Difference("team", _expected_team(teams, case.team), _text(owner, "nobody"))
    if case.rule is not None and not (match and is_rule(case.rule, match)):
        got = f"{match.rule} at {match.location}" if match else "none"
        yield Difference("rule", _expected_rule(teams, case.rule), got)
    if case.default is not None and case.default is not (route is not None and route.is_default):
        yield Difference("default", _word(case.default), _word(not case.default))
    if not _is_ignored_as(case, seen.ignored):
        expected = quoted(case.ignored) if isinstance(case.ignored, str) else _word(case.ignored)
        yield Difference("ignored", expected, "false" if seen.ignored is None else quoted(seen.ignored))
    plan = _plan(seen.draft.placement) if seen.draft else ()
    if case.placement is not None and not _is_plan(case.placement, plan):
        got = _shown(tuple(tuple(map(_step, steps)) for steps in plan))
        yield Difference("placement", _shown(case.placement), got)
    priority = seen.draft.priority if seen.draft else None
    if case.priority is not None and case.priority != priority:
        yield Difference("priority", case.priority, _text(priority, "none"))


def _word(value: object) -> str:
    return "true" if value else "false"


def _text(value: str | None, otherwise: str) -> str:
    return otherwise if value is None else value


def _expected_team(teams: Teams, name: str) -> str:
    names = [team.name for team in teams.teams]
    if name in names:
        return name
    return f"{name} ({quoted(teams.source)} has no such team; {did_you_mean(name, names)})"


def _expected_rule(teams: Teams, rule: Rule | str) -> str:
    if any(is_rule(rule, match) for match in teams.rules):
        return str(rule)
    return f"{rule} ({quoted(teams.source)} has no such rule)"


def _is_ignored_as(case: Case, reason: str | None) -> bool:
    if isinstance(case.ignored, str):
        return case.ignored == reason
    return bool(case.ignored) is (reason is not None)


# --- placement


def _plan(placement: Placement) -> tuple[tuple[LatestProject | FixedProject, ...], ...]:
    """What of a plan can find anything: a step without an id cannot, nor what is behind a sure choice."""
    choices: list[tuple[LatestProject | FixedProject, ...]] = []
    for steps in placement.choices:
        able = tuple(step for step in steps if _gid(step))
        if able:
            choices.append(able)
        if any(isinstance(step, FixedProject) for step in able):
            break
    return tuple(choices)


def _gid(step: LatestProject | FixedProject) -> str | None:
    return step.portfolio if isinstance(step, LatestProject) else step.project


def _step(step: LatestProject | FixedProject) -> str:
    return f"{step.what} {_gid(step)}"


def _is_plan(expected: Plan, plan: tuple[tuple[LatestProject | FixedProject, ...], ...]) -> bool:
    return [len(steps) for steps in expected] == [len(steps) for steps in plan] and all(
        _is_step(name, step)
        for names, steps in zip(expected, plan, strict=True)
        for name, step in zip(names, steps, strict=True)
    )


def _is_step(name: str, step: LatestProject | FixedProject) -> bool:
    return name in {_gid(step), step.what} or step.what.startswith(f"{name} of ")


def _shown(plan: Plan) -> str:
    return ", else ".join(" with ".join(steps) for steps in plan) or "nowhere"
