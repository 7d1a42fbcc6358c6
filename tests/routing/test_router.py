"""What the router answers, and that nothing but wrong configuration makes it raise."""

import pytest

from sentry_governed import Secret
from sentry_governed.alerts import Ignored
from sentry_governed.asana import (
    AsanaClient,
    AsanaConfig,
    AsyncAsanaClient,
    Context,
    TaskBuilder,
    TaskSettings,
)
from sentry_governed.errors import NoDefaultTeam
from sentry_governed.routing import (
    AsyncRouter,
    Created,
    Deferred,
    Duplicate,
    MemoryLedger,
    Options,
    Router,
    Skipped,
    Uncertain,
)
from sentry_governed.teams import Teams
from sentry_governed.testing import Fault, sentry_error, sentry_issue
from tests.routing.makers import SETTINGS, SPRINT, Killed, World, datadog, decoded, dies
from tests.routing.ways import Way

ALL_IS_NOISE = """
default: A
ignore: [{Matchers: ["service:checkout"], Reason: "it is noise"}]
teams: [{Name: A}]
"""
KINDS = {
    "error.created": sentry_error(),
    "issue.created": sentry_issue(),
    "issue.unresolved": sentry_issue(action="unresolved"),
    "issue.resolved": sentry_issue(action="resolved"),
}


def test_created(way: Way, world: World) -> None:
    """A new alert becomes one task, and the outcome names it, its owner and why."""
    alert = world.alert()

    outcome = way.router(world)(alert)

    (task,) = world.asana.tasks
    assert isinstance(outcome, Created)
    assert (outcome.key, outcome.task, outcome.url) == (alert.key, task.gid, task.permalink_url)
    assert (outcome.team, outcome.projects, outcome.notes) == ("Payments", (SPRINT,), ())
    assert "service:checkout" in outcome.reason
    assert world.tasks(alert) == [task]


def test_duplicate(any_way: Way, world: World) -> None:
    """A further delivery names the same task, and asks nothing of any service."""
    alert = world.alert()
    router = any_way.router(world)
    first = router(alert)
    calls = len(world.asana.calls) + len(world.sentry.calls)

    second = router(alert)

    assert isinstance(first, Created)
    assert second == Duplicate(alert.key, first.task, first.url)
    assert len(world.asana.calls) + len(world.sentry.calls) == calls


def test_remembered_for_90_days(way: Way, world: World) -> None:
    """A key is remembered for ninety days after its last write."""
    alert = world.alert()
    router = way.router(world)
    router(alert)

    world.clock.advance(89 * 86_400)
    assert isinstance(router(alert), Duplicate)


def test_states(any_way: Way, world: World) -> None:
    """The ledger says `reserved`, `creating` before the POST, `created` after it, `linked` and `done`.

    Before the first task of an issue it says who holds the issue.
    """
    points: list[str] = []
    alert = world.alert()

    any_way.router(world, tap=points.append)(alert)

    steps = [point for point in points if point.startswith(("after put", "before POST"))]
    assert steps == [
        "after put reserved",
        "after put hold",
        "after put creating",
        "before POST tasks",
        "after put created",
        "after put chain",
        "before POST external-issues",
        "after put linked",
        "after put done",
    ]


def test_announced(way: Way, world: World) -> None:
    """What is about to be sent is written down first: projects, the draft's digest, and when."""
    alert = world.alert()
    with pytest.raises(Killed):
        way.router(world, tap=dies("before POST tasks"))(alert)

    record = way.record(alert.key)

    assert record is not None
    assert record["projects"] == [SPRINT]
    assert record["creating_at"] == world.clock.time()
    assert record["lease_until"] == world.clock.time() + 120
    assert len(str(record["digest"])) == 64


@pytest.mark.parametrize("kind", KINDS)
def test_not_asked_for(way: Way, world: World, kind: str) -> None:
    """A kind that nobody opted into is skipped, and nothing is remembered of it."""
    alert = decoded(KINDS[kind])
    assert alert.kind == kind

    outcome = way.router(world)(alert)

    assert outcome == Skipped(f"{kind} makes no task", alert.key)
    assert way.get(alert.key) is None


@pytest.mark.parametrize("kind", KINDS)
def test_opted_in(way: Way, world: World, kind: str) -> None:
    """A kind that is opted into makes a task."""
    options = Options(create_on=frozenset({kind}))

    assert isinstance(way.router(world, options=options)(decoded(KINDS[kind])), Created)


def test_datadog(way: Way, world: World) -> None:
    """A triggered monitor makes a task, which has no issue to be linked to; a recovered one makes none."""
    alert = datadog()
    router = way.router(world)

    outcome = router(alert)

    assert isinstance(outcome, Created)
    assert not any("sentry" in note for note in outcome.notes)
    assert isinstance(router(datadog(transition="Recovered")), Skipped)
    assert isinstance(router(alert), Duplicate)
    assert world.sentry.calls == ()


def test_same_cycle(way: Way, world: World) -> None:
    """Notifications of one monitor's cycle make one task, whatever their event ids."""
    router = way.router(world, options=Options(create_on=["datadog.triggered", "datadog.renotify"]))

    assert isinstance(router(datadog(event="1")), Created)
    assert isinstance(router(datadog(event="2", transition="Renotify")), Duplicate)
    assert isinstance(router(datadog(event="3", cycle="9")), Created)


def test_ignored_delivery(way: Way, world: World) -> None:
    """A genuine delivery that makes no alert is skipped."""
    outcome = way.router(world)(Ignored("no alert", "sentry", "installation.created"))

    assert outcome == Skipped("installation.created: no alert")


def test_ignore_rule(way: Way, world: World) -> None:
    """An alert that the teams file ignores is skipped for the file's reason, and nothing is remembered."""
    alert = world.alert(world.event(service="noise"))

    assert way.router(world)(alert) == Skipped("ignored: known noise", alert.key)
    assert way.get(alert.key) is None
    assert world.asana.calls == ()


def test_ignored_since(way: Way, world: World) -> None:
    """An alert that was only reserved when its worker died is skipped once the file ignores it."""
    alert = world.alert()
    with pytest.raises(Killed):
        way.router(world, tap=dies("after put reserved"))(alert)
    world.clock.advance(121)

    assert way.router(world, teams=ALL_IS_NOISE)(alert) == Skipped("ignored: it is noise", alert.key)


@pytest.mark.parametrize(("was_applied", "expected"), [(True, Created), (False, Skipped)])
def test_ignored_in_doubt(way: Way, world: World, was_applied: bool, expected: type[object]) -> None:
    """A POST of unknown fate is settled before an ignore rule counts: the task is finished, or never made."""
    alert = world.alert()
    fault = Fault.reply_lost() if was_applied else Fault.status(503)
    world.asana.faults.add(fault, when=lambda call: call.method == "POST")
    world.asana.faults.add(Fault.status(503), when=lambda call: call.path.endswith("/tasks"))
    assert isinstance(way.router(world)(alert), Uncertain)
    world.clock.advance(131)

    assert isinstance(way.router(world, teams=ALL_IS_NOISE)(alert), expected)
    assert len(world.asana.tasks) == was_applied


def test_busy(any_way: Way, world: World) -> None:
    """While another worker holds the key, nothing is sent and the rest of its lease is to be waited for."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, tap=dies("after put reserved"))(alert)
    calls = len(world.asana.calls)
    world.clock.advance(20)

    outcome = any_way.router(world)(alert)

    assert outcome == Deferred(alert.key, 100, "another worker is at it")
    assert len(world.asana.calls) == calls


def test_busy_is_not_enriched(way: Way, world: World) -> None:
    """Nobody asks Sentry for an alert that another worker holds."""
    alert = decoded(sentry_issue())
    options = Options(create_on=["issue.created"])
    with pytest.raises(Killed):
        way.router(world, options=options, tap=dies("after put reserved"))(alert)
    calls = len(world.sentry.calls)

    assert isinstance(way.router(world, options=options)(alert), Deferred)
    assert len(world.sentry.calls) == calls


def test_no_default_team(world: World) -> None:
    """A router refuses to start without a team for what no rule matches."""
    teams, tasks, ledger = Teams.parse("- Name: A"), TaskBuilder(TaskSettings()), MemoryLedger()
    asana = AsanaClient(AsanaConfig(token=Secret("x"), sender=world.asana))
    there = AsyncAsanaClient(AsanaConfig(token=Secret("x"), sender=world.asana.aio))

    with pytest.raises(NoDefaultTeam, match="has no default team"):
        Router(teams=teams, tasks=tasks, asana=asana, ledger=ledger)
    with pytest.raises(NoDefaultTeam, match="has no default team"):
        AsyncRouter(teams=teams, tasks=tasks, asana=there, ledger=ledger)


def test_own_section_fails(way: Way, world: World) -> None:
    """What a user's own section raises reaches the caller, and nothing is created."""

    def broken(_context: Context) -> str:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        way.router(world, builder=TaskBuilder(SETTINGS, sections=[broken]))(world.alert())
    assert world.posts() == 0
