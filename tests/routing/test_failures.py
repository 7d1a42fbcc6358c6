"""Services that fail: no exception, no second task, and the outcome says how long to wait or what to mend."""

from collections.abc import Callable

import pytest

from sentry_governed.asana import TaskSettings
from sentry_governed.routing import Created, Deferred, Duplicate, Options, Rejected, Uncertain
from sentry_governed.testing import Fault, sentry_issue
from sentry_governed.typing import JsonValue
from tests.routing.makers import UUID, Killed, World, decoded, dies
from tests.routing.ways import Way, opened


@pytest.mark.parametrize(("asked", "passed_on"), [(17, 17), (90_000, 3600)])
def test_rate_limited(way: Way, world: World, asked: int, passed_on: int) -> None:
    """Asana's wait is passed on, up to an hour, and the next delivery makes the task."""
    alert = world.alert()
    router = way.router(world)
    world.asana.faults.add(Fault.status(429, retry_after=asked), when=lambda call: call.method == "POST")

    outcome = router(alert)

    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == passed_on
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


def test_failed_is_reserved_again(way: Way, world: World) -> None:
    """A failed key is reserved like a new one, with nothing of the failure kept but the fencing number."""
    alert = world.alert()
    world.asana.faults.add(Fault.status(400), when=lambda call: call.method == "POST", times=2)
    assert isinstance(way.router(world)(alert), Rejected)
    with pytest.raises(Killed):
        way.router(world, tap=dies("after put reserved"))(alert)

    record = way.record(alert.key)

    assert record is not None
    assert (record["state"], record["fence"], record["notes"]) == ("reserved", 2, [])


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
