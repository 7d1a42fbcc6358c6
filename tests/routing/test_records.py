"""What is written down survives a new version, and what cannot be read is never guessed at."""

import json

import pytest

from sentry_governed.routing import Created, Deferred, Duplicate
from tests.routing.makers import Killed, World, dies
from tests.routing.ways import Way

LATER_FIELDS = {"colour": "blue", "links": ["a"]}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        "\ud800".encode("utf-8", "replace").decode(),
        '{"state": "finished"}',
        '{"state": "reserved", "lease_until": "soon"}',
        '{"state": "reserved", "lease_until": Infinity}',
        '{"state": "unknown", "posted_by": NaN}',
        '{"state": "unknown", "projects": "11"}',
        '{"state": "unknown", "projects": [11]}',
        '{"state": "done", "task": null}',
        '{"state": "reserved", "fence": "1"}',
    ],
)
def test_corrupt(any_way: Way, world: World, value: str) -> None:
    """A record that is none is neither believed nor written over, and nothing is sent."""
    alert = world.alert()
    any_way.put(alert.key, value[:60_000])

    outcome = any_way.router(world)(alert)

    assert isinstance(outcome, Deferred)
    assert f"ledger record {alert.key} is not a TaskRecord" in outcome.reason
    assert world.asana.calls == ()
    stored = any_way.get(alert.key)
    assert stored is not None
    assert stored.value == value[:60_000]


@pytest.mark.parametrize(
    "value", ["{}", '{"root": 1, "latest": "2"}', '{"root": "1", "latest": "2", "tasks": 3}']
)
def test_corrupt_chain(way: Way, world: World, value: str) -> None:
    """So it is with a chain: no task is made that might belong elsewhere."""
    alert = world.alert()
    way.put(f"chain.acme.{alert.issue_id}", value)

    outcome = way.router(world)(alert)

    assert isinstance(outcome, Deferred)
    assert "is not a Chain" in outcome.reason
    assert world.asana.tasks == ()


def test_newer_version(way: Way, world: World) -> None:
    """Fields that a newer version writes are no obstacle while both are at work."""
    alert = world.alert()
    router = way.router(world)
    first = router(alert)
    record = way.record(alert.key)
    assert record is not None
    way.put(alert.key, json.dumps({**record, **LATER_FIELDS}))

    assert isinstance(first, Created)
    assert router(alert) == Duplicate(alert.key, first.task, first.url)


def test_older_version(way: Way, world: World) -> None:
    """Fields that an older version did not write have their defaults."""
    alert = world.alert()
    way.put(alert.key, '{"state": "created", "task": "77", "url": "https://app.asana.com/0/0/77"}')

    outcome = way.router(world)(alert)

    assert outcome == Duplicate(alert.key, "77", "https://app.asana.com/0/0/77")
    assert world.links(alert) == ["https://app.asana.com/0/0/77"]


def test_small(way: Way, world: World) -> None:
    """A finished record is small, and holds nothing of the alert but its key's task, owner and reason."""
    alert = world.alert(world.event(service="checkout", customer="secret-customer"))
    with pytest.raises(Killed):
        way.router(world, tap=dies("before put done"))(alert)

    stored = way.get(alert.key)

    assert stored is not None
    assert len(stored.value) < 1000
    assert "secret-customer" not in stored.value
