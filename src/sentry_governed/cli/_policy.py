"""`sentry-governed policy ...`: what would policy say?"""

from __future__ import annotations

import sys
from typing import Final

import click

from sentry_governed._actions import find
from sentry_governed._decision import Decision, Effect
from sentry_governed.cli._access import config_option, policy_of, profile_option, usage_and_refusals
from sentry_governed.cli._io import as_json_text, show

EXIT_CODES: Final = {Effect.ALLOW: 0, Effect.DENY: 1, Effect.REQUIRE_APPROVAL: 3}


@click.group()
def policy() -> None:
    """Ask what policy says."""


@policy.command()
@click.argument("action")
@click.option("--org", metavar="ORG", help="The organization's slug.")
@click.option("--project", metavar="PROJECT", help="The project's slug, or org/project.")
@config_option
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@usage_and_refusals
def check(
    *,
    action: str,
    org: str | None,
    project: str | None,
    config: str | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Decide on ACTION as if its org and project were established, and say why. Nothing is sent.

    \b
    sentry-governed policy check issues.resolve --org my-org --project web --config sentry-governed.yaml

    Exit codes: 0 allowed, 1 denied, or the configuration file was refused, 2 wrong usage, an unknown action
    or profiles that cannot be used, 3 it needs an approval.
    """
    decision = policy_of(config, profile).decide(find(action).name, org, project)
    if as_json:
        told = {"org": org, "project": project, **decision_fields(decision)}
        click.echo(as_json_text({"action": action, **told}))
    else:
        show(decision_lines(decision))
    sys.exit(EXIT_CODES[decision.effect])


def decision_fields(decision: Decision) -> dict[str, str | None]:
    """A decision for machines."""
    return {
        "effect": decision.effect.value,
        "reason": decision.reason,
        "rule": decision.rule,
        "policy_digest": decision.policy_digest,
    }


def decision_lines(decision: Decision) -> list[str]:
    """A decision for people."""
    return [
        f"Decision   {decision.effect.value}: {decision.reason}",
        f"Rule       {decision.rule or 'none'}",
        f"Policy     {decision.policy_digest}",
    ]
