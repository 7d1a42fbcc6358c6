"""Who owns an alert: what is learned of one without tags, and whose organization it is of."""

import attrs
import pytest

from sentry_governed import Operation, Permit, Request
from sentry_governed.alerts import Alert
from sentry_governed.errors import Denied
from sentry_governed.routing import Created, Deferred, Options
from sentry_governed.testing import Fault, sentry_event_alert, sentry_issue
from tests.routing.makers import UUID, World, decoded
from tests.routing.ways import Way

OPTIONS = Options(create_on=["issue.created", "event_alert.triggered"])
ELSEWHERE = "00000000-0000-4000-8000-000000000002"


@attrs.frozen
class Refusing:
    """A guard that refuses one action."""

    action: str
    blocking = False

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        if operation.action == self.action:
            raise Denied(f"{self.action} is denied")
        return Permit(operation)


def about(issue: str, **parts: str) -> Alert:
    """The alert of a new issue, which has no tags."""
    return decoded(sentry_issue(issue=issue, installation=parts.pop("installation", UUID), **parts))  # type: ignore[arg-type]  # all text


def created(outcome: object) -> Created:
    """The outcome, which is a task."""
    assert isinstance(outcome, Created)
    return outcome


def test_enriched(way: Way, world: World) -> None:
    """An alert without tags is routed by the tags of its issue's latest event."""
    event = world.event(service="search")

    outcome = created(way.router(world, options=OPTIONS)(about(event.issue)))

    assert outcome.team == "Search"
    assert not any("enriched" in note for note in outcome.notes)


def test_environment(way: Way, world: World) -> None:
    """The latest event's environment decides on the placement too."""
    issue = world.issue()
    world.sentry.add_event(issue, tags={"service": "checkout"}, environment="dev")

    outcome = created(way.router(world, options=OPTIONS)(about(issue)))

    assert outcome.projects == ("302", "103")


def test_ignored_once_enriched(way: Way, world: World) -> None:
    """The tags that were learned count for the ignore rules."""
    event = world.event(service="noise")
    router = way.router(world, options=OPTIONS)

    assert type(router(about(event.issue))).__name__ == "Skipped"


def test_tags_are_enough(way: Way, world: World) -> None:
    """An alert with tags is not completed."""
    way.router(world, has_installation=False)(world.alert())

    assert world.sentry.calls == ()


def test_no_sentry(way: Way, world: World) -> None:
    """Without a client of Sentry, an alert without tags goes to the default team and says why."""
    outcome = created(way.router(world, options=OPTIONS, has_sentry=False)(about(world.issue())))

    assert outcome.team == "Platform"
    assert outcome.reason.startswith("no tags")
    assert world.sentry.calls == ()


def test_no_tags_there_either(way: Way, world: World) -> None:
    """An event without tags leaves the alert to the default team."""
    issue = world.issue()
    bare = b'{"eventID": "ab", "tags": []}'
    world.sentry.faults.add(Fault.status(200, body=bare), when=lambda call: call.method == "GET")

    outcome = created(way.router(world, options=OPTIONS)(about(issue)))

    assert outcome.team == "Platform"
    assert outcome.reason.startswith("no tags")
    assert not any("enriched" in note for note in outcome.notes)


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_not_enriched(way: Way, world: World, status: int) -> None:
    """Where Sentry refuses for good, the default team gets it, and the outcome says what was refused."""
    world.sentry.faults.add(Fault.status(status), when=lambda call: call.method == "GET")

    outcome = created(way.router(world, options=OPTIONS)(about(world.event().issue)))

    assert outcome.team == "Platform"
    assert outcome.notes[0].startswith("not enriched: GET ")
    assert f": {status}" in outcome.notes[0]


@pytest.mark.parametrize(
    "fault", [Fault.status(401), Fault.status(429), Fault.status(503), Fault.reply_lost(), Fault.not_sent()]
)
def test_enriched_later(way: Way, world: World, fault: Fault) -> None:
    """Where Sentry fails in passing, the alert waits, and nothing is written down yet."""
    alert = about(world.event().issue)
    router = way.router(world, options=OPTIONS)
    world.sentry.faults.add(fault, when=lambda call: call.method == "GET")

    assert isinstance(router(alert), Deferred)
    assert way.get(alert.key) is None
    assert created(router(alert)).team == "Payments"


def test_denied(way: Way, world: World) -> None:
    """What policy denies is not asked, and the outcome says so."""
    guard = Refusing("events.latest")

    outcome = created(way.router(world, options=OPTIONS, guard=guard)(about(world.event().issue)))

    assert (outcome.team, outcome.notes[0]) == ("Platform", "not enriched: events.latest is denied")
    assert not any(call.method == "GET" for call in world.sentry.calls)


def test_other_org(way: Way, world: World) -> None:
    """An alert of another organization makes its task; Sentry is not asked, and the outcome says so."""
    alert = about("5", org="other")

    outcome = created(way.router(world, options=OPTIONS)(alert))

    assert outcome.team == "Platform"
    assert outcome.notes[0] == "not enriched: the alert is not of the configured organization"
    assert outcome.notes[-1] == "not linked in sentry: the alert is not of the configured organization"
    assert world.sentry.calls == ()


def test_same_org_in_other_case(way: Way, world: World) -> None:
    """An organization's slug is compared without regard to case."""
    alert = attrs.evolve(about(world.event().issue), org="ACME")

    way.router(world, options=OPTIONS, org="Acme")(alert)

    assert {call.path.split("/")[4] for call in world.sentry.calls if call.method == "GET"} == {"ACME"}


def nameless(issue: str, installation: str) -> Alert:
    """An alert whose addresses name no organization."""
    return attrs.evolve(about(issue, installation=installation), org=None)


@pytest.mark.parametrize(
    ("installation", "has_installation", "team"),
    [(UUID, True, "Payments"), (ELSEWHERE, True, "Platform"), (ELSEWHERE, False, "Payments")],
)
def test_no_org(way: Way, world: World, installation: str, has_installation: bool, team: str) -> None:
    """An alert that names no organization is of the configured one if its installation is."""
    router = way.router(world, options=OPTIONS, has_installation=has_installation)

    assert created(router(nameless(world.event().issue, installation))).team == team


def test_any_org(way: Way, world: World) -> None:
    """With no organization configured, each alert is of its own."""
    router = way.router(world, options=OPTIONS, org=None)

    assert created(router(about(world.event().issue))).team == "Payments"
    unnamed = created(router(nameless("7", UUID)))
    assert unnamed.notes[0] == "not enriched: the alert is not of the configured organization"


def test_no_issue(way: Way, world: World) -> None:
    """An alert that does not say which issue it is about makes its task, unlinked and with a note."""
    alert = attrs.evolve(decoded(sentry_event_alert(tags={"service": "search"})), issue_id=None)

    outcome = created(way.router(world)(alert))

    assert (
        outcome.notes[-1] == "not linked in sentry: the alert does not say of which issue and project it is"
    )


def test_long_values(way: Way, world: World) -> None:
    """However long a value that a rule matched, and however many terms there are, the ledger can keep why."""
    terms = ", ".join(f'"tag{number}:/x/"' for number in range(900))
    teams = f"default: A\nteams:\n- {{Name: A, AsanaBacklogId: '102', Entities: [Matchers: [{terms}]]}}"
    alert = decoded(sentry_event_alert(tags={f"tag{number}": "x" * 2000 for number in range(900)}))

    outcome = created(way.router(world, teams=teams)(alert))

    assert len(outcome.reason) == 1000
