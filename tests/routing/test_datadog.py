"""Datadog's part of routing: fuller tags before, an event after, and neither ever in the way."""

import pytest

from sentry_governed.alerts import Alert
from sentry_governed.asana import TaskSettings
from sentry_governed.routing import Created, Deferred, Duplicate, Rejected
from sentry_governed.testing import Fault
from sentry_governed.testing._wire import Call
from tests.routing.makers import DEFAULT, Killed, World, dies, from_datadog
from tests.routing.ways import Way, redeliver

FULL = {"service": "checkout", "env": "production"}


def triggered(world: World, cycle: str = "1", **webhook: str) -> Alert:
    """A monitor's alert whose webhook says less than its event."""
    event = world.datadog.add_event(tags=FULL, monitor="14093")
    return from_datadog(world.datadog.webhook(event.id, cycle=cycle, tags=webhook))


def is_post(call: Call) -> bool:
    """Whether it posts an event."""
    return call.method == "POST"


def is_get(call: Call) -> bool:
    """Whether it reads one."""
    return call.method == "GET"


def test_tags(way: Way, world: World) -> None:
    """The event's tags say who owns an alert whose webhook does not."""
    alert = triggered(world, region="eu")

    without, with_it = way.router(world)(alert), way.router(world, has_datadog=True)(triggered(world, "2"))

    assert isinstance(without, Created)
    assert isinstance(with_it, Created)
    assert (without.team, with_it.team) == ("Platform", "Payments")


def test_which_wins(way: Way, world: World) -> None:
    """A tag of the event replaces the webhook's; what only the webhook has stays."""
    alert = triggered(world, service="search", region="eu")

    outcome = way.router(world, has_datadog=True)(alert)

    assert isinstance(outcome, Created)
    assert outcome.team == "Payments"
    (posted,) = world.datadog.posted
    assert {"service:checkout", "region:eu", "env:production"} <= set(posted.tags)
    assert "service:search" not in posted.tags


def test_posted(way: Way, world: World) -> None:
    """One event for a task: its address, the alert's tags, the monitor and where it comes from."""
    alert = triggered(world)

    outcome = way.router(world, has_datadog=True)(alert)

    assert isinstance(outcome, Created)
    (posted,) = world.datadog.posted
    assert posted.title == "Created Asana task for [Triggered] Error rate of orders is high"
    assert posted.text == outcome.url
    assert posted.tags == (
        "monitor_id:14093",
        "service:checkout",
        "env:production",
        "event_source:asana",
    )
    assert posted.aggregation_key == alert.key
    assert outcome.notes == ()


def test_environment_and_related_tasks(way: Way, world: World) -> None:
    """The event's environment counts, and the monitor is a fact that a link may name."""
    link = "https://app.datadoghq.com/event/explorer?query=monitor_id:{monitor_id}%20event_source:asana"
    settings = TaskSettings(default_project=DEFAULT, related_link=link)
    alert = triggered(world)

    way.router(world, has_datadog=True, settings=settings)(alert)

    (task,) = world.tasks(alert)
    assert "Environment: production" in task.notes
    assert f"Related tasks: {link.replace('{monitor_id}', '14093')}" in task.notes


def test_again(way: Way, world: World) -> None:
    """A second delivery posts nothing and reads nothing."""
    alert, router = triggered(world), way.router(world, has_datadog=True)
    router(alert)
    calls = len(world.datadog.calls)

    assert isinstance(router(alert), Duplicate)
    assert len(world.datadog.calls) == calls


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(403),
        Fault.status(500),
        Fault.status(429, retry_after=900),
        Fault.not_sent(),
        Fault.slow(11),
    ],
)
def test_unreadable(any_way: Way, world: World, fault: Fault) -> None:
    """An alert whose event cannot be read is routed by what its webhook says, with a note."""
    world.datadog.faults.add(fault, when=is_get)
    alert = triggered(world, service="search")

    outcome = any_way.router(world, has_datadog=True)(alert)

    assert isinstance(outcome, Created)
    assert outcome.team == "Search"
    assert outcome.notes[0].startswith("not enriched: ")
    (posted,) = world.datadog.posted
    assert "monitor_id:14093" in posted.tags


def test_no_event(way: Way, world: World) -> None:
    """A webhook whose id is no number is routed as it came."""
    body = world.datadog.webhook(world.datadog.add_event(tags=FULL).id, tags={"service": "search"})

    outcome = way.router(world, has_datadog=True)(from_datadog({**body, "id": "AQAAAX"}))

    assert isinstance(outcome, Created)
    assert outcome.team == "Search"
    problem = "'AQAAAX' is not the number of an event"
    assert outcome.notes[0] == f"not enriched: GET /api/v1/events/{{event_id}}: {problem}"


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        (Fault.status(403), "not posted to datadog: "),
        (Fault.status(429, retry_after=900), "not posted to datadog: "),
        (Fault.not_sent(), "not posted to datadog: "),
        (Fault.status(500), "perhaps not posted to datadog: "),
        (Fault.reply_lost(), "perhaps not posted to datadog: "),
        (Fault.slow(11), "perhaps not posted to datadog: "),
    ],
)
def test_not_posted(any_way: Way, world: World, fault: Fault, note: str) -> None:
    """An event that cannot be posted is a note: the task is made, once, and nothing is posted again."""
    world.datadog.faults.add(fault, when=is_post)
    alert, router = triggered(world), any_way.router(world, has_datadog=True)

    outcome, again = router(alert), router(alert)

    assert isinstance(outcome, Created)
    assert isinstance(again, Duplicate)
    assert outcome.notes == again.notes
    assert [found[: len(note)] for found in outcome.notes] == [note]
    assert sum(map(is_post, world.datadog.calls)) == 1
    assert len(world.tasks(alert)) == 1


@pytest.mark.parametrize(
    ("where", "posts"),
    [
        ("before POST events", 1),
        ("after POST events", 2),
        ("before put linked", 2),
        ("after put linked", 1),
        ("before put done", 1),
    ],
)
def test_dies_while_posting(any_way: Way, world: World, where: str, posts: int) -> None:
    """Whoever takes over from a worker that died before it wrote down that it posted posts again, as one."""
    alert = triggered(world)
    with pytest.raises(Killed):
        any_way.router(world, has_datadog=True, tap=dies(where))(alert)

    assert isinstance(redeliver(any_way.router(world, has_datadog=True), world, alert), Duplicate)

    assert len(world.datadog.posted) == posts
    assert {event.aggregation_key for event in world.datadog.posted} == {alert.key}
    assert len(world.tasks(alert)) == 1


def test_deadline(way: Way, world: World) -> None:
    """What Datadog takes counts, but a task that is there stays there."""
    world.datadog.faults.add(Fault.slow(5), when=is_post)
    alert, router = triggered(world), way.router(world, has_datadog=True)

    outcome = router(alert, 2.0)

    assert isinstance(outcome, Created)
    assert outcome.notes[0].startswith("perhaps not posted to datadog: ")
    assert isinstance(router(alert), Duplicate)
    assert len(world.tasks(alert)) == 1


def test_rejected(way: Way, world: World) -> None:
    """Without a task there is no event."""
    world.asana.faults.add(Fault.status(403), times=None)

    assert isinstance(way.router(world, has_datadog=True)(triggered(world)), Rejected)

    assert world.datadog.posted == ()


def test_down_for_good(way: Way, world: World) -> None:
    """However long Datadog is away, nothing waits for it."""
    world.datadog.faults.add(Fault.slow(9_999), times=None)
    start = world.clock.time()

    outcome = way.router(world, has_datadog=True)(triggered(world))

    assert isinstance(outcome, Created)
    assert world.clock.time() - start == 20


def test_asana_down(way: Way, world: World) -> None:
    """An alert that waits for Asana is completed again when it comes back, and posted once."""
    world.asana.faults.add(Fault.status(429, retry_after=5))
    alert, router = triggered(world), way.router(world, has_datadog=True)

    assert isinstance(router(alert), Deferred)
    assert isinstance(redeliver(router, world, alert), Created)

    assert len(world.datadog.posted) == 1
