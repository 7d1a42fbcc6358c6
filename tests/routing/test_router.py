"""What the router answers, and that nothing but wrong configuration makes it raise."""

from collections.abc import Callable

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
    Rejected,
    Router,
    Skipped,
    Uncertain,
)
from sentry_governed.teams import Teams
from sentry_governed.testing import Fault, sentry_error, sentry_issue
from sentry_governed.typing import JsonValue
from tests.routing.makers import SETTINGS, SPRINT, UUID, Killed, Way, World, datadog, decoded, dies, opened

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
    """The ledger says `reserved`, `creating` before the POST, `created` after it, `linked` and `done`."""
    points: list[str] = []
    alert = world.alert()

    any_way.router(world, tap=points.append)(alert)

    steps = [point for point in points if point.startswith(("after put", "before POST"))]
    assert steps == [
        "after put reserved",
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

    assert isinstance(router(alert), Created)
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


def test_rate_limited(way: Way, world: World) -> None:
    """Asana's wait is passed on, and the next delivery makes the task."""
    alert = world.alert()
    router = way.router(world)
    world.asana.faults.add(Fault.status(429, retry_after=17), when=lambda call: call.method == "POST")

    outcome = router(alert)

    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == 17
    assert isinstance(router(alert), Created)


def test_token_refused(way: Way, world: World) -> None:
    """A refused token is waited out ten times longer, since a person has to mend it."""
    alert = world.alert()
    router = way.router(world)
    world.asana.faults.add(Fault.status(401), when=lambda call: call.method == "POST")

    outcome = router(alert)

    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == 300
    assert isinstance(router(alert), Created)


@pytest.mark.parametrize("seconds", [-1.0, 0.0])
def test_no_time_left(way: Way, world: World, seconds: float) -> None:
    """Past the deadline nothing is sent, and the next delivery may start at once."""
    alert = world.alert()
    router = way.router(world)

    outcome = router(alert, deadline=seconds)

    assert isinstance(outcome, Deferred)
    assert world.asana.calls == ()
    assert isinstance(router(alert), Created)


def test_deadline_amid_the_post(way: Way, world: World) -> None:
    """The deadline bounds the POST; a reply that would come later leaves the task's fate unknown."""
    alert = world.alert()
    world.asana.faults.add(Fault.slow(20), when=lambda call: call.method == "POST")

    outcome = way.router(world)(alert, deadline=15)

    assert isinstance(outcome, Uncertain)
    assert isinstance(way.router(world)(alert), Created)
    assert len(world.asana.tasks) == 1


def test_rejected(way: Way, world: World) -> None:
    """A task that Asana will never take is put aside, and may be tried again when somebody mended it."""
    alert = world.alert()
    router = way.router(world)
    refusal = b'{"errors": [{"message": "name: Missing input"}]}'
    world.asana.faults.add(Fault.status(400, body=refusal), when=lambda call: call.method == "POST", times=2)

    outcome = router(alert)

    assert isinstance(outcome, Rejected)
    assert outcome.key == alert.key
    assert "name: Missing input" in outcome.problem
    record = way.record(alert.key)
    assert record is not None
    assert record["state"] == "failed"
    assert isinstance(router(alert), Created)


def test_rejected_again(way: Way, world: World) -> None:
    """However often it fails, the notes on a key are those of its last attempt."""
    alert = world.alert()
    router = way.router(world)
    world.asana.faults.add(Fault.status(403), when=lambda call: call.method == "POST", times=None)
    notes: list[JsonValue] = []
    for _ in range(3):
        assert isinstance(router(alert), Rejected)
        record = way.record(alert.key)
        assert record is not None
        notes.append(record["notes"])

    assert notes[0] == notes[2] != []


def test_no_project(way: Way, world: World) -> None:
    """A task that would be in no project is not made: it could not be looked up."""
    alert = world.alert(world.event(service="other"))
    outcome = way.router(world, settings=TaskSettings(workspace=world.asana.workspace))(alert)

    assert isinstance(outcome, Rejected)
    assert outcome.problem.startswith("no project for team Platform: ")
    assert world.posts() == 0


def test_strange_answers(way: Way, world: World) -> None:
    """A success with a body that is no task leaves the task's fate unknown, and it is looked for."""
    alert = world.alert()
    world.asana.faults.add(Fault.status(201, body=b"<html>"), when=lambda call: call.method == "POST")

    outcome = way.router(world)(alert)

    assert isinstance(outcome, Uncertain)
    assert outcome.retry_after == 130
    assert outcome.attempts == 1


def test_timed_out_at_the_service(way: Way, world: World) -> None:
    """A 408 may have been applied, unlike every other 4xx."""
    alert = world.alert()
    world.asana.faults.add(Fault.status(408), when=lambda call: call.method == "POST")

    assert isinstance(way.router(world)(alert), Uncertain)


def test_uncertain_counts(way: Way, world: World) -> None:
    """Each delivery that leaves the question open counts, and waits for what is left of the delay."""
    alert = world.alert()
    router = way.router(world)
    world.asana.faults.add(Fault.status(502), when=lambda call: call.method == "POST")

    outcomes = []
    for _ in range(3):
        outcomes.append(router(alert))
        world.clock.advance(40)

    counted = [(o.attempts, o.retry_after) for o in outcomes if isinstance(o, Uncertain)]
    assert counted == [(1, 130), (2, 90), (3, 50)]


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.status(429, retry_after=500), Fault.not_sent()])
def test_cannot_look(way: Way, world: World, fault: Fault) -> None:
    """While Asana cannot be asked, the question stays open, however long ago the POST was."""
    alert = world.alert()
    router = way.router(world)
    world.asana.faults.add(Fault.reply_lost(), when=lambda call: call.method == "POST")
    world.asana.faults.add(fault, when=lambda call: call.path.endswith("/tasks"), times=2)

    router(alert)
    world.clock.advance(4000)
    outcome = router(alert)

    assert isinstance(outcome, Uncertain)
    assert outcome.retry_after == (fault.retry_after or 30)
    assert isinstance(router(alert), Created)
    assert len(world.asana.tasks) == 1


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


FAULTS = {
    "bad request": Fault.status(400),
    "bad token": Fault.status(401),
    "plan too small": Fault.status(402),
    "no access": Fault.status(403),
    "gone": Fault.status(404),
    "timed out": Fault.status(408),
    "retired": Fault.status(410),
    "rate limited": Fault.status(429, retry_after=3),
    "moved": Fault.status(302, headers=(("location", "https://evil.example/"),)),
    "failed": Fault.status(500),
    "proxy": Fault.status(502),
    "not sent": Fault.not_sent(),
    "reply lost": Fault.reply_lost(),
    "cut": Fault.cut(),
    "slow": Fault.slow(3600),
    "web page": Fault.status(200, body=b"<html>"),
    "nonsense": Fault.status(200, body=b"[1]"),
}


@pytest.mark.parametrize("name", ["sync, memory", "async, memory"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_any_call_fails_in_any_way(name: str, fault: Fault) -> None:
    """Whichever request goes wrong, and however: no exception, one task at most, and one in the end."""
    for number in range(4):
        world = World.new()
        with opened(name, world.clock) as way:
            handle_with_a_fault(way, world, fault, number)


def handle_with_a_fault(way: Way, world: World, fault: Fault, number: int) -> None:
    """Deliver an alert without tags, for the second task of its issue, until it is settled."""
    issue = world.issue()
    router = way.router(world, options=Options(create_on=["issue.created", "event_alert.triggered"]))
    router(world.alert(world.event(issue)))
    alert = decoded(sentry_issue(issue=issue, installation=UUID))
    for fake in (world.asana, world.sentry):
        fake.faults.add(fault, when=nth(number))

    outcomes = [router(alert)]
    while not isinstance(outcomes[-1], Duplicate):
        assert len(world.tasks(alert)) <= 1
        assert len(outcomes) < 6
        world.clock.advance(getattr(outcomes[-1], "retry_after", 0.0))
        outcomes.append(router(alert))

    assert len(world.tasks(alert)) == 1


def nth(number: int) -> Callable[[object], bool]:
    """Fits one call, by its number from 0."""
    left = iter([*[False] * number, True])
    return lambda _call: next(left, False)
