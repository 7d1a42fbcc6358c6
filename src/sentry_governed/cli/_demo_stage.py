"""Where the demo plays: both fake services on loopback ports, and the real code between them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final, Literal, TypeAlias

import attrs

from sentry_governed._secret import Secret
from sentry_governed.alerts import WebhookSecrets, parse_alert
from sentry_governed.asana import AsanaClient, AsanaConfig, PrioritySettings, TaskBuilder, TaskSettings
from sentry_governed.cli._demo_scenes import SCENES, Scene
from sentry_governed.policy import Guard, Policy
from sentry_governed.routing import Options, Outcome, Router, SqliteLedger
from sentry_governed.sentry import Installation, SentryClient, SentryConfig
from sentry_governed.teams import Teams
from sentry_governed.testing import (
    Call,
    FakeAsana,
    FakeProject,
    FakeSentry,
    Fault,
    datadog_alert,
    datadog_webhook,
    sentry_issue,
    sign_webhook,
)

ORG: Final = "acme"
TEAM_FIELD: Final = "12"
PRIORITY_FIELD: Final = "13"
PRIORITIES: Final = {"131": "High", "132": "Medium"}

_SENTRY_SECRET: Final = token_hex()
_DATADOG_SECRET: Final = token_hex()
_ASANA_TOKEN: Final = token_hex()
_SENTRY_TOKEN: Final = token_hex()
_HOUR: Final = 3600.0

_TASKS: Final = TaskSettings(
    default_project="10",
    dev_project="11",
    release_portfolio="20",
    team_field=TEAM_FIELD,
    priority=PrioritySettings(field=PRIORITY_FIELD, high="131", medium="132"),
)

Webhook: TypeAlias = tuple[bytes, Mapping[str, str]]
Sabotage: TypeAlias = Literal["asana", "ledger", "sentry"]


@attrs.frozen
class Stage:
    """The services and the router, ready for the first webhook.

    Attributes:
        teams: Who owns what.
        asana: Has the projects that the teams name.
        sentry: Has the issues of the scenes.
        projects: The names of Asana's projects by their gids.
        issues: The Sentry issue of each scene that has one, by the scene's number.
        workers: They take turns, reach both services over HTTP, and share a ledger.
    """

    teams: Teams
    asana: FakeAsana
    sentry: FakeSentry
    projects: Mapping[str, str]
    issues: Mapping[int, str]
    workers: Sequence[Router]
    _secrets: WebhookSecrets
    _sent: dict[int, Webhook] = attrs.field(init=False, factory=dict[int, Webhook])

    def webhook(self, number: int, scene: Scene) -> Webhook:
        """The bytes and headers of a scene's webhook."""
        sent = self._sent[scene.repeats] if scene.repeats else self._signed(number, scene)
        self._sent[number] = sent
        return sent

    def handle(self, number: int, webhook: Webhook) -> Outcome:
        """Do with a webhook what a running service does.

        Raises:
            AlertError: The webhook is refused.
        """
        body, headers = webhook
        alert = parse_alert(body, headers, secrets=self._secrets)
        return self.workers[number % len(self.workers)].handle(alert)

    def _signed(self, number: int, scene: Scene) -> Webhook:
        if scene.sender == "datadog":
            body = datadog_alert(
                title=scene.title,
                transition=scene.transition,
                tags=scene.tags,
                environment=scene.environment,
                seen=self.sentry.clock.time(),
            )
            return datadog_webhook(body, _DATADOG_SECRET)
        issue = self.sentry.issue(self.issues[number])
        event = self.sentry.add_event(issue.id, tags=scene.tags, environment=scene.environment)
        body = self.sentry.event_alert(event.id)
        if scene.sender == "issue":
            body = sentry_issue(
                org=ORG, project=issue.project, issue=issue.id, title=scene.title, seen=event.created_at
            )
        return sign_webhook(body, "guessed" if scene.forged else _SENTRY_SECRET)


@contextmanager
def stage(folder: Path, sabotage: Sabotage | None = None) -> Generator[Stage]:
    """Build it all up; everything is closed in the end.

    Args:
        folder: Where the ledger is.
        sabotage: What is broken on purpose.
    """
    text = Path(__file__).with_name("_demo_teams.yaml").read_bytes()
    teams = Teams.parse(text, source="teams.yaml")
    asana, sentry = FakeAsana(token=_ASANA_TOKEN), FakeSentry(token=_SENTRY_TOKEN)
    projects, issues = _furnish(asana, teams), _report(sentry)
    installed = sentry.add_installation(ORG)
    if sabotage:
        _break(sabotage, asana, sentry)
    ledgers = ("one.db", "two.db") if sabotage == "ledger" else ("ledger.db", "ledger.db")
    with ExitStack() as stack:
        asana_client = AsanaClient(
            AsanaConfig(
                token=Secret(_ASANA_TOKEN), base_url=stack.enter_context(asana.serve()), allow_http=True
            )
        )
        sentry_client = SentryClient(
            SentryConfig(
                token=Secret(_SENTRY_TOKEN),
                org=ORG,
                base_url=stack.enter_context(sentry.serve()),
                integration=Installation(installed.uuid, Secret(installed.token)),
                allow_http=True,
            ),
            guard=Guard(Policy.for_router(orgs=[ORG])),
        )
        stack.enter_context(asana_client)
        stack.enter_context(sentry_client)
        workers = [
            Router(
                teams=teams,
                tasks=TaskBuilder(_TASKS),
                asana=asana_client,
                sentry=sentry_client,
                ledger=stack.enter_context(SqliteLedger(folder / ledger)),
                options=Options(create_on={"event_alert.triggered", "issue.created", "datadog.triggered"}),
            )
            for ledger in ledgers
        ]
        secrets = WebhookSecrets(sentry=_SENTRY_SECRET, datadog=_DATADOG_SECRET)
        yield Stage(teams, asana, sentry, projects, issues, workers, secrets)


def wants_task(title: str) -> Callable[[Call], bool]:
    """Recognises the requests for a task of that name."""

    def recognised(call: Call) -> bool:
        return call.method == "POST" and call.path.endswith("/tasks") and title.encode() in (call.body or b"")

    return recognised


def _furnish(asana: FakeAsana, teams: Teams) -> dict[str, str]:
    """Make what the teams name, with custom fields and the scenes' faults; the projects' names by gid."""
    made = [asana.add_project("Unsorted", gid="10"), asana.add_project("Dev", gid="11")]
    made += _add_portfolio(asana, "20", "Release")
    for team in teams.teams:
        made.append(asana.add_project(f"{team} backlog", gid=team.asana_backlog_id))
        made += _add_portfolio(asana, team.asana_sprint_portfolio_id, f"{team} sprint")
        made += _add_portfolio(asana, team.asana_sandbox_portfolio_id, f"{team} sandbox")
    gids = [project.gid for project in made]
    fields = (
        ("Team", TEAM_FIELD, {team.asana_team_id or "": team.name for team in teams.teams}),
        ("Priority", PRIORITY_FIELD, PRIORITIES),
    )
    for name, gid, options in fields:
        asana.add_custom_field(name, gid=gid, projects=gids, field_type="enum", options=options)
    for scene in SCENES:
        if scene.fault:
            asana.faults.add(scene.fault, when=wants_task(scene.title))
    return {project.gid: project.name for project in made}


def _add_portfolio(asana: FakeAsana, gid: str | None, name: str) -> list[FakeProject]:
    """A portfolio whose newest project is number 8: number 9 was given up, and number 7 is over."""
    portfolio, now = asana.add_portfolio(f"{name}s", gid=gid).gid, asana.clock.time()
    return [
        asana.add_project(f"{name} 8", portfolio=portfolio, created_at=now - 2 * _HOUR),
        asana.add_project(f"{name} 9", portfolio=portfolio, created_at=now - _HOUR, archived=True),
        asana.add_project(f"{name} 7", portfolio=portfolio, created_at=now - 3 * _HOUR),
    ]


def _break(sabotage: Sabotage, asana: FakeAsana, sentry: FakeSentry) -> None:
    """Refuse one task, or every link; a ledger that is not shared needs nothing here."""
    if sabotage == "asana":
        asana.faults.add(Fault.status(403), when=wants_task(SCENES[3].title), times=None)
    if sabotage == "sentry":
        sentry.faults.add(
            Fault.status(403), when=lambda call: call.path.endswith("/external-issues/"), times=None
        )


def _report(sentry: FakeSentry) -> dict[int, str]:
    """Have an issue for each scene about one."""
    issues: dict[int, str] = {}
    for number, scene in enumerate(SCENES, start=1):
        if scene.issue_of:
            issues[number] = issues[scene.issue_of]
        elif scene.sender != "datadog" and not scene.repeats:
            issues[number] = sentry.add_issue(ORG, "shop", title=scene.title, level=scene.level).id
    return issues
