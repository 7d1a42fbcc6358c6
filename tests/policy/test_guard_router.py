"""The router under the policy that is made for it."""

from __future__ import annotations

import attrs
import pytest

from sentry_governed import Alert, Secret, TaskBuilder, TaskSettings, Teams, WebhookSecrets, parse_alert
from sentry_governed.asana import AsanaClient, AsanaConfig
from sentry_governed.policy import Guard, MemoryAudit, Policy
from sentry_governed.routing import Created, MemoryLedger, Router
from sentry_governed.sentry import Installation, SentryClient, SentryConfig
from sentry_governed.testing import FakeAsana, FakeSentry, sign_webhook

HOOK = "a-client-secret-of-the-tests"
SECRETS = WebhookSecrets(sentry=(HOOK,))
TEAMS = Teams.parse(
    'default: Ops\nteams: [{Name: Ops}, {Name: Web, Entities: [{Matchers: ["service:web"]}]}]'
)


@attrs.frozen
class Shop:
    """Both services and the router between them."""

    sentry: FakeSentry
    asana: FakeAsana
    audit: MemoryAudit
    router: Router
    issue: str

    def handle(self, **tags: str) -> Created:
        """Handle a new event of the issue."""
        event = self.sentry.add_event(self.issue, tags={"service": "web"})
        alert = parse_alert(*sign_webhook(self.sentry.event_alert(event.id), HOOK), secrets=SECRETS)
        assert isinstance(alert, Alert)
        outcome = self.router.handle(
            attrs.evolve(alert, tags={name: (value,) for name, value in tags.items()})
        )
        assert isinstance(outcome, Created)
        return outcome

    @property
    def recorded(self) -> list[tuple[str, str, str | None]]:
        """The actions, decisions and rules in the audit."""
        return [(one.action, one.effect, one.rule) for one in self.audit.records if one.event == "decided"]


def shop(*orgs: str) -> Shop:
    """A router that may act in these organizations."""
    sentry, asana, audit = FakeSentry(), FakeAsana(), MemoryAudit()
    issue = sentry.add_issue("acme", "web").id
    installed = sentry.add_installation("acme")
    config = SentryConfig(
        token=Secret("any"),
        org="acme",
        sender=sentry,
        integration=Installation(installed.uuid, Secret(installed.token)),
    )
    router = Router(
        teams=TEAMS,
        tasks=TaskBuilder(TaskSettings(default_project=asana.add_project("Backlog").gid)),
        asana=AsanaClient(AsanaConfig(token=Secret("any"), sender=asana)),
        ledger=MemoryLedger(),
        sentry=SentryClient(config, guard=Guard(Policy.for_router(orgs=orgs), audit=audit)),
    )
    return Shop(sentry, asana, audit, router, issue)


def test_all_it_needs() -> None:
    """It completes alerts, links the first task of an issue and comments the next, without approval."""
    here = shop("acme")

    first, second = here.handle(), here.handle(service="web")

    assert (first.team, second.team) == ("Web", "Web")
    assert here.recorded == [
        ("events.latest", "allow", "allowed_orgs: acme"),
        ("external_issues.create", "allow", "allowed_orgs: acme"),
        ("issues.comment", "allow", "allowed_orgs: acme"),
    ]
    assert len(here.audit.records) == 6


@pytest.mark.parametrize("orgs", [("other",), ()])
def test_elsewhere(orgs: tuple[str, ...]) -> None:
    """In another organization it makes the task and touches nothing of Sentry."""
    here = shop(*orgs)

    here.handle()

    assert here.sentry.calls == ()
    assert {effect for _, effect, _ in here.recorded} == {"deny"}
