"""`sentry-governed route`: everything that can be said about one recorded alert without a network."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import click

from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import FixedProject, LatestProject, TaskBuilder, TaskDraft
from sentry_governed.cli._io import as_json_text, read_alert, readable, refusals, shadow_lines, show
from sentry_governed.routing import Shadowed
from sentry_governed.routing._shadow import shadowed
from sentry_governed.settings import Settings
from sentry_governed.settings._shadow import load_shadow
from sentry_governed.teams import Route, Teams
from sentry_governed.typing import JsonValue


@click.command()
@click.option("--teams", "teams_file", required=True, type=readable(), help="The teams.yaml.")
@click.option("--payload", required=True, type=readable(), help="The webhook's body, as it was received.")
@click.option(
    "--headers",
    type=readable(),
    help="The webhook's headers: a JSON object of name to value. "
    "Without it the source is told from the body's shape.",
)
@click.option("--default", metavar="TEAM", help="The default team of a file that declares none.")
@click.option(
    "--settings",
    "settings_file",
    type=readable(),
    help="The configuration file; its asana and routing sections are read, secrets never are. "
    "Without it, ids that it would give are missing from the plan and the body.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def route(
    *,
    teams_file: str,
    payload: str,
    headers: str | None,
    default: str | None,
    settings_file: str | None,
    as_json: bool,
) -> None:
    """Show which team owns a recorded alert, why, and the task that would be made.

    Nothing is sent and nothing is verified: signatures are neither needed nor checked here.

    \b
    sentry-governed route --teams teams.yaml --payload alert.json
    sentry-governed route --teams teams.yaml --payload alert.json --settings settings.yaml --json

    Exit codes: 0 shown (also for an alert that would make no task), 1 a file or the payload was refused, or
    no rule matched and there is no default team, 2 wrong usage.
    """
    settings = Settings.load(settings_file) if settings_file else Settings()
    teams = Teams.load(teams_file, default=default or settings.routing.default_team)
    alert = read_alert(payload, headers)
    if isinstance(alert, Ignored):
        shown: Mapping[str, JsonValue] = {"ignored": {"reason": alert.reason, "kind": alert.kind}}
        if as_json:
            click.echo(as_json_text(shown))
        else:
            show([f"Ignored    {alert.kind}: {alert.reason}"])
        return
    chosen = teams.route(alert)
    shadow = shadowed(alert, chosen, load_shadow(settings, default))
    draft = TaskBuilder(settings.task).build(alert, chosen)
    skipped = _skipped(alert, chosen, settings.routing.create_on)
    if as_json:
        click.echo(as_json_text(_report(alert, chosen, shadow, draft, skipped)))
    else:
        show(_lines(alert, chosen, shadow, draft, skipped))


def _skipped(alert: Alert, chosen: Route, create_on: frozenset[str]) -> str | None:
    if alert.kind not in create_on:
        return f"{alert.kind} is not among create_on ({', '.join(sorted(create_on))})"
    if chosen.ignored:
        return f"ignored: {chosen.reason}"
    return None


def _steps(draft: TaskDraft) -> list[list[LatestProject | FixedProject]]:
    return [list(steps) for steps in draft.placement.choices]


def _report(
    alert: Alert, chosen: Route, shadow: Shadowed | None, draft: TaskDraft, skipped: str | None
) -> dict[str, JsonValue]:
    match = chosen.match
    return {
        "alert": {
            name: getattr(alert, name)
            for name in (
                *("source", "kind", "key", "title", "level", "environment", "occurred_at"),
                *("org", "project", "issue_id", "event_id", "link"),
            )
        },
        "route": {
            "team": chosen.team.name,
            "reason": chosen.reason,
            "is_default": chosen.is_default,
            "ignored": chosen.ignored,
            "location": match.location if match else None,
            "rule": str(match.rule) if match else None,
        },
        "shadow": attrs.asdict(shadow) if shadow else None,
        "creates_task": skipped is None,
        "skipped": skipped,
        "priority": str(draft.priority),
        "placement": [
            [
                {
                    "use": "latest project of portfolio",
                    "gid": step.portfolio,
                    "what": step.what,
                    "why": step.why,
                }
                if isinstance(step, LatestProject)
                else {"use": "project", "gid": step.project, "what": step.what, "why": step.why}
                for step in steps
            ]
            for steps in _steps(draft)
        ],
        "request": {"method": "POST", "path": "/tasks", "body": draft.to_payload()},
    }


def _lines(
    alert: Alert, chosen: Route, shadow: Shadowed | None, draft: TaskDraft, skipped: str | None
) -> list[str]:
    lines = [
        f"Alert      {alert.title}",
        f"           {alert.kind}, level {alert.level or '-'}, environment {alert.environment or '-'}",
        f"Team       {chosen.team.name}",
        f"Why        {chosen.reason}",
        *([f"           {chosen.match.rule}"] if chosen.match else []),
        *shadow_lines(shadow),
        f"Task       {f'none: {skipped}' if skipped else f'yes, key {alert.key}'}",
        f"Priority   {draft.priority}",
        "Placement  the first line that finds a project; a + belongs to the line above",
    ]
    for number, steps in enumerate(_steps(draft), start=1):
        for first, step in zip([f"{number}.", *"+" * len(steps)], steps, strict=False):
            lines.append(f"           {first:<2} {_step(step)}")
    lines.append("Request    POST /tasks")
    lines.extend(f"           {line}" for line in as_json_text(draft.to_payload()).splitlines())
    return lines


def _step(step: LatestProject | FixedProject) -> str:
    if isinstance(step, LatestProject):
        return f"newest project of portfolio {step.portfolio or '(no id)'}: {step.what}, because {step.why}"
    return f"project {step.project or '(no id)'}: {step.what}, because {step.why}"
