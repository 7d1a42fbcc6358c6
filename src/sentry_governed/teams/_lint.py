"""Everything about a teams file that is wrong, or probably not what was meant, although it loads."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_governed._yaml import quoted
from sentry_governed.teams._engine import Index
from sentry_governed.teams._file import Declared
from sentry_governed.teams._finding import Finding
from sentry_governed.teams._implied import never_holds
from sentry_governed.teams._lint_rules import Rules
from sentry_governed.teams._lint_terms import about_rule, about_terms
from sentry_governed.teams._values import Ignore, Match, Team

_IDS = {
    "asana_backlog_id": "AsanaBacklogId",
    "asana_sprint_portfolio_id": "AsanaSprintPortfolioId",
    "asana_sandbox_portfolio_id": "AsanaSandboxPortfolioId",
    "asana_team_id": "AsanaTeamId",
}


def lint(source: str, declared: Declared, rules: Index[Match], ignores: Index[Ignore]) -> tuple[Finding, ...]:
    """All findings of a file, in its order."""
    findings = [*_about_file(source, declared), *_about_teams(declared), *_about_ids(declared)]
    among = Rules(rules, ignores, declared.prefixes)
    for match in declared.matches:
        team = match.team.name
        findings += about_terms(match.rule, match.location, team)
        findings += about_rule(match.rule, match.location, team)
        if not never_holds(match.terms):
            findings += among.about(match)
    for ignore in declared.ignores:
        findings += about_terms(ignore.rule, ignore.location, None)
        findings += about_rule(ignore.rule, ignore.location, None)
        if not never_holds(ignore.rule.terms):
            findings += among.about_ignore(ignore)
    return tuple(sorted(findings, key=lambda finding: finding.place))


def _about_file(source: str, declared: Declared) -> Iterator[Finding]:
    if declared.default is None:
        yield Finding(
            "no-default",
            f"{source}:1:1",
            "no default team is declared, so a router refuses the file",
            hint="write default: and the name of a team, or name one when loading",
        )
    keys = {term.key for match in declared.matches for term in match.rule.terms}
    keys |= {term.key for ignore in declared.ignores for term in ignore.rule.terms}
    for prefix, location in declared.aliases.items():
        if all(key.startswith(prefix) for key in keys):
            yield Finding(
                "unused-alias",
                location,
                f"no rule has a key that could stand behind the prefix {quoted(prefix)}",
                hint="write keys without the prefix, or delete it",
            )


def _about_teams(declared: Declared) -> Iterator[Finding]:
    owners = {match.team.name for match in declared.matches}
    for team in declared.teams:
        location = declared.places[team.name]
        if team.name not in owners and team != declared.default:
            yield Finding(
                "team-without-rules",
                location,
                f"team {quoted(team.name)} owns nothing",
                hint="add Entities, or delete the team",
                team=team.name,
            )
        missing = [name for field, name in _IDS.items() if getattr(team, field) is None]
        if missing:
            yield Finding(
                "missing-id",
                location,
                f"team {quoted(team.name)} has no {', '.join(missing)}",
                hint="its tasks go to the next project that is configured",
                team=team.name,
            )


def _about_ids(declared: Declared) -> Iterator[Finding]:
    first: dict[tuple[str, str], Team] = {}
    for team in declared.teams:
        for field, name in _IDS.items():
            gid: str | None = getattr(team, field)
            if gid is None:
                continue
            if not (gid.isascii() and gid.isdecimal()):
                yield Finding(
                    "id-not-digits",
                    declared.places[team.name],
                    f"{name} {quoted(gid)} is not a number",
                    hint="an Asana id is decimal digits; it is in the address of what it names",
                    team=team.name,
                )
            other = first.setdefault((field, gid), team)
            if other is not team:
                yield Finding(
                    "shared-id",
                    declared.places[team.name],
                    f"{name} {quoted(gid)} is that of team {quoted(other.name)} too",
                    hint="give each team its own, unless they share it on purpose",
                    team=team.name,
                    related=declared.places[other.name],
                )
