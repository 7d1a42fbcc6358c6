"""Tasks of one issue: chained to each other, linked or commented in Sentry, or comments themselves."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sentry_governed.alerts import Alert
from sentry_governed.routing import Commented, Created, Deferred, Duplicate, MemoryLedger, Options
from sentry_governed.testing import FakeSentry, FakeTask, Fault, sentry_event_alert
from sentry_governed.testing._wire import Call
from tests.routing.makers import UUID, World, decoded
from tests.routing.test_enrich import Refusing
from tests.routing.ways import Way, opened

COMMENT = Options(on_repeat="comment")


def is_link(call: Call) -> bool:
    """Whether it writes an external issue."""
    return call.method == "POST" and call.path.endswith("/external-issues/")


def is_comment(call: Call) -> bool:
    """Whether it comments on an issue or a task."""
    return call.method == "POST" and call.path.rstrip("/").endswith(("/comments", "/notes", "/stories"))


def created(outcome: object) -> Created:
    """The outcome, which is a task."""
    assert isinstance(outcome, Created)
    return outcome


def two_alerts(world: World) -> tuple[Alert, Alert]:
    """The alerts about two events of one issue."""
    issue = world.issue()
    return world.alert(world.event(issue)), world.alert(world.event(issue))


def notes_of(world: World, alert: Alert) -> list[str]:
    """The comments on the alert's issue in Sentry."""
    return [note.text for note in world.sentry.notes(str(alert.issue_id))]


def lines(task: FakeTask) -> list[str]:
    """The lines of a task's notes that name other tasks."""
    return [line for line in task.notes.splitlines() if line.startswith(("Previous task", "First task"))]


def test_chain(way: Way, world: World) -> None:
    """The first task of an issue is linked in Sentry; later ones name it and the one before."""
    issue = world.issue()
    alerts = [world.alert(world.event(issue)) for _ in range(3)]
    router = way.router(world)

    first, second, third = (created(router(alert)) for alert in alerts)

    tasks = [world.asana.task(outcome.task) for outcome in (first, second, third)]
    address = "https://app.asana.com/0/0/"
    assert [lines(task) for task in tasks] == [
        [],
        [f"Previous task: {address}{first.task}", f"First task: {address}{first.task}"],
        [f"Previous task: {address}{second.task}", f"First task: {address}{first.task}"],
    ]
    assert world.links(alerts[0]) == [first.url]
    assert notes_of(world, alerts[0]) == [
        f"Asana task for a later event: {second.url}",
        f"Asana task for a later event: {third.url}",
    ]


def test_link(way: Way, world: World) -> None:
    """The link in Sentry shows the task's number and leads to it."""
    alert = world.alert()
    outcome = created(way.router(world)(alert))

    (link,) = world.sentry.external_issues(str(alert.issue_id))

    assert (link.project, link.identifier, link.web_url) == ("Asana", outcome.task, outcome.url)


def test_two_issues(way: Way, world: World) -> None:
    """Tasks of different issues know nothing of each other."""
    router = way.router(world)

    outcomes = [created(router(world.alert())) for _ in range(2)]

    assert [lines(world.asana.task(outcome.task)) for outcome in outcomes] == [[], []]


@pytest.mark.parametrize(("has_sentry", "has_installation"), [(False, False), (True, False)])
def test_nothing_to_link_with(way: Way, world: World, has_sentry: bool, has_installation: bool) -> None:
    """Without a client or an integration, `created` goes straight to `done`; the chain is kept."""
    first, second = two_alerts(world)
    points: list[str] = []
    router = way.router(world, has_sentry=has_sentry, has_installation=has_installation, tap=points.append)

    root = created(router(first))

    assert root.notes == ()
    assert "before put linked" not in points
    assert lines(world.asana.task(created(router(second)).task)) != []
    assert world.sentry.calls == ()


def test_other_org(way: Way, world: World) -> None:
    """A task for another organization's alert is not linked, and says so."""
    alert = decoded(sentry_event_alert(org="other", tags={"service": "checkout"}, installation=UUID))

    outcome = created(way.router(world)(alert))

    assert outcome.notes == ("not linked in sentry: the alert is not of the configured organization",)
    assert world.sentry.calls == ()


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_link_refused(way: Way, world: World, status: int) -> None:
    """A link that Sentry refuses for good is noted on the finished record, and the delivery is settled."""
    alert = world.alert()
    world.sentry.faults.add(Fault.status(status), when=is_link)
    router = way.router(world)

    outcome = created(router(alert))

    assert f": {status}" in outcome.notes[0]
    again = router(alert)
    assert isinstance(again, Duplicate)
    assert again.notes == outcome.notes


@pytest.mark.parametrize(
    "fault",
    [*map(Fault.status, (401, 408, 429, 500, 503)), Fault.not_sent(), Fault.reply_lost(), Fault.cut()],
)
def test_link_later(any_way: Way, world: World, fault: Fault) -> None:
    """A link that fails in passing is made by the next delivery, which is then a duplicate."""
    alert = world.alert()
    world.sentry.faults.add(fault, when=is_link)
    router = any_way.router(world)

    assert isinstance(router(alert), Deferred)
    (task,) = world.tasks(alert)
    again = router(alert)

    assert again == Duplicate(alert.key, task.gid, task.permalink_url)
    assert world.links(alert) == [task.permalink_url]


def test_link_denied(way: Way, world: World) -> None:
    """A link that policy denies is not made, and the task says so."""
    outcome = created(way.router(world, guard=Refusing("external_issues.create"))(world.alert()))

    assert outcome.notes == ("not linked in sentry: external_issues.create is denied",)


def test_comment_denied(way: Way, world: World) -> None:
    """So is a comment on a later task."""
    first, second = two_alerts(world)
    router = way.router(world, guard=Refusing("issues.comment"))
    router(first)

    assert created(router(second)).notes == ("not linked in sentry: issues.comment is denied",)


def refusing_twice(listed: bool) -> World:
    """A Sentry that takes one external issue for an issue and integration, and may have taken ours."""
    world = World.new()
    sentry = FakeSentry(clock=world.clock, relink="refuse")
    sentry.add_project("acme", "web")
    sentry.add_installation("acme", uuid=UUID)
    if listed:
        sentry.faults.add(Fault.reply_lost(), when=is_link)
    return World(world.clock, world.asana, sentry)


@pytest.mark.parametrize("name", ["sync, memory", "async, memory"])
def test_link_is_there(name: str) -> None:
    """Where an earlier attempt made the link and Sentry refuses a second one, it is there."""
    world = refusing_twice(listed=True)
    with opened(name, world.clock) as way:
        alert, router = world.alert(), way.router(world)
        assert isinstance(router(alert), Deferred)

        again = router(alert)

    assert isinstance(again, Duplicate)
    assert again.notes == ()


@pytest.mark.parametrize("name", ["sync, memory", "async, memory"])
def test_link_of_somebody_else(name: str) -> None:
    """Where Sentry keeps another link, that is a refusal."""
    world = refusing_twice(listed=False)
    with opened(name, world.clock) as one, opened(name, world.clock) as other:
        first, second = two_alerts(world)
        one.router(world)(first)

        outcome = created(other.router(world)(second))

    assert "An external issue already exists" in outcome.notes[0]


def test_comment_twice(way: Way, world: World) -> None:
    """A comment whose reply was lost is not made again."""
    first, second = two_alerts(world)
    router = way.router(world)
    router(first)
    world.sentry.faults.add(Fault.reply_lost(), when=is_comment)

    assert isinstance(router(second), Deferred)
    assert isinstance(router(second), Duplicate)
    assert len(notes_of(world, second)) == 1


def test_on_repeat_comment(way: Way, world: World) -> None:
    """A second event of an issue becomes a comment on its task, which carries the event's key."""
    first, second = two_alerts(world)
    router = way.router(world, options=COMMENT)
    root = created(router(first))

    outcome = router(second)

    (task,) = world.asana.tasks
    assert isinstance(outcome, Commented)
    assert (outcome.key, outcome.task, outcome.team) == (second.key, root.task, "Payments")
    (story,) = world.asana.stories(task.gid)
    assert story.text.endswith(f"\nsentry-governed: {second.key}")
    assert router(second) == Duplicate(second.key, root.task, outcome.url)
    assert notes_of(world, first) == []


def test_comment_reply_lost(any_way: Way, world: World) -> None:
    """A comment whose reply was lost is found on the task, also by a later delivery."""
    first, second = two_alerts(world)
    router = any_way.router(world, options=COMMENT)
    router(first)
    world.asana.faults.add(Fault.reply_lost(), when=is_comment)

    assert isinstance(router(second), Commented)
    assert len(world.asana.stories(world.asana.tasks[0].gid)) == 1


@pytest.mark.parametrize("body", [b"<html>", b"{}"])
def test_comment_strange_answer(way: Way, world: World, body: bytes) -> None:
    """A comment that was answered strangely may be there: it is looked for, not made again."""
    first, second = two_alerts(world)
    router = way.router(world, options=COMMENT)
    router(first)
    world.asana.faults.add(Fault.status(201, body=body), when=is_comment)

    assert getattr(router(second), "retry_after", None) == 130
    world.clock.advance(131)
    assert isinstance(router(second), Commented)


@pytest.mark.parametrize("gone", ["deleted", "hidden"])
def test_task_gone(way: Way, world: World, gone: str) -> None:
    """Where the task to comment on is gone, there is a new one, and the outcome says why."""
    first, second = two_alerts(world)
    router = way.router(world, options=COMMENT)
    root = created(router(first))
    (world.asana.delete if gone == "deleted" else world.asana.hide)(root.task)

    outcome = created(router(second))

    assert outcome.notes[0].startswith(f"not commented on {root.task}: POST ")
    assert outcome.task != root.task


def test_task_gone_in_doubt(way: Way, world: World) -> None:
    """A comment of unknown fate on a task that is gone since is settled by a new task."""
    first, second = two_alerts(world)
    router = way.router(world, options=COMMENT)
    root = created(router(first))
    world.asana.faults.add(Fault.status(503), when=is_comment)
    router(second)
    world.asana.delete(root.task)
    world.clock.advance(131)

    assert created(router(second)).task != root.task


def test_two_at_once(world: World) -> None:
    """Events of one issue that are handled at once have one root, and all are in the chain."""
    issue = world.issue()
    alerts = [world.alert(world.event(issue)) for _ in range(8)]
    with opened("sync, memory", world.clock) as way:
        assert isinstance(way.ledger, MemoryLedger)
        router = way.router(world)
        with ThreadPoolExecutor(8) as pool:
            outcomes = [created(outcome) for outcome in pool.map(router, alerts)]
        chain = way.record(f"chain.acme.{issue}")

    assert chain is not None
    assert sorted(outcome.task for outcome in outcomes) == sorted(map(str, chain["tasks"]))  # type: ignore[arg-type]  # a list
    assert world.sentry.external_issues(issue)[0].identifier == chain["root"]
    assert len(notes_of(world, alerts[0])) == 7
