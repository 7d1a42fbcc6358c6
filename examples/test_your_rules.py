"""Tests of your own rules: copy this file and cases.yaml, and list in the latter what matters to you.

No account and no network is needed, so it runs wherever your other tests run:

    pytest test_your_rules.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

import sentry_governed as sg
from sentry_governed.testing import Case, FakeAsana, FakeSentry, load_cases, sentry_event_alert, sign_webhook

HERE = Path(__file__).parent
TEAMS = sg.Teams.load(HERE / "teams.yaml")
TASKS = sg.TaskBuilder(sg.Settings.load(HERE / "settings.yaml").task)


@pytest.mark.parametrize("case", load_cases(HERE / "cases.yaml"), ids=str)
def test_case(case: Case) -> None:
    """Each case of the file comes out as it says; when it fails, it says which rule took the alert."""
    sg.assert_routes(TEAMS, [case], builder=TASKS)


def test_every_team_has_a_backlog() -> None:
    """A team that owns something has a place for its tasks."""
    without = [team.name for team in TEAMS.teams if team.asana_backlog_id is None]

    assert without == ["Night Watch"]  # it owns nothing yet


def test_whole_alert() -> None:
    """A webhook of real shape is routed by its tags, and by what Sentry itself says about the event."""
    body = sentry_event_alert(environment="ci", tags={"service": "checkout"})
    alert = sg.decode_alert(*sign_webhook(body, "any"))

    assert isinstance(alert, sg.Alert)
    assert TEAMS.route(alert).reason == "events of local and CI runs need no task"


class Shop:
    """A fake Asana with the projects of one team, a fake Sentry, and a router between them."""

    def __init__(self) -> None:
        team = next(team for team in TEAMS.teams if team.name == "Checkout")
        self.asana = FakeAsana()
        self.backlog = self.asana.add_project("Checkout backlog", gid=team.asana_backlog_id).gid
        sprints = self.asana.add_portfolio("Checkout sprints", gid=team.asana_sprint_portfolio_id)
        self.sprint = self.asana.add_project("Sprint 8", portfolio=sprints.gid).gid
        self.sentry = FakeSentry()
        self.issue = self.sentry.add_issue("acme", "shop", level="error").id
        installed = self.sentry.add_installation("acme")
        config = sg.SentryConfig(
            token=sg.Secret("any"),
            org="acme",
            integration=sg.Installation(installed.uuid, sg.Secret(installed.token)),
            sender=self.sentry,
        )
        self.router = sg.Router(
            teams=TEAMS,
            tasks=sg.TaskBuilder(sg.TaskSettings()),
            asana=sg.AsanaClient(sg.AsanaConfig(token=sg.Secret("any"), sender=self.asana)),
            sentry=sg.SentryClient(config, guard=sg.AllowAll()),
            ledger=sg.MemoryLedger(),
        )

    def alert(self, **tags: str) -> sg.Alert | sg.Ignored:
        """The alert about a new event of the issue."""
        event = self.sentry.add_event(self.issue, tags=tags)
        return sg.decode_alert(*sign_webhook(self.sentry.event_alert(event.id), "any"))


def test_task() -> None:
    """An error becomes one task in the current sprint, which Sentry links to."""
    shop = Shop()
    alert = shop.alert(service="checkout")

    outcome = shop.router.handle(alert)

    assert isinstance(outcome, sg.Created)
    assert isinstance(shop.router.handle(alert), sg.Duplicate)
    assert [task.projects for task in shop.asana.tasks] == [(shop.sprint,)]
    assert [link.web_url for link in shop.sentry.external_issues(shop.issue)] == [outcome.url]


def test_between_sprints() -> None:
    """Without a current sprint it is the backlog's."""
    shop = Shop()
    shop.asana.archive(shop.sprint)

    shop.router.handle(shop.alert(service="checkout"))

    assert [task.projects for task in shop.asana.tasks] == [(shop.backlog,)]
