"""The reconciler: what it looks at, what it makes of it, and what it leaves alone."""

import json

import pytest

from sentry_governed import ConfigError
from sentry_governed._actions import ACTIONS
from sentry_governed.policy import Guard, MemoryAudit, Policy
from sentry_governed.routing import Commented, Created, Deferred, Duplicate, Options, ReconcileReport, Skipped
from sentry_governed.testing import Fault
from sentry_governed.testing._wire import Call
from tests.routing.makers import Killed, World, dies
from tests.routing.ways import Way, opened

HOUR = 3600.0


def is_further_page(call: Call) -> bool:
    """Whether it asks for another than the first page of issues."""
    return call.path.endswith("/issues/") and "cursor" in dict(call.query)


def reads(world: World) -> int:
    """How many events were read."""
    return sum(call.path.endswith("/events/latest/") for call in world.sentry.calls)


def test_lost_webhook(any_way: Way, world: World) -> None:
    """An issue whose webhook never came gets its task, linked, as the webhook would have made it."""
    event = world.event()

    report = any_way.reconciler(world)(HOUR)

    alert = world.alert(event)
    (made,) = report.outcomes
    (task,) = world.tasks(alert)
    assert isinstance(made, Created)
    assert (made.key, made.team, made.task) == (alert.key, "Payments", task.gid)
    assert world.links(alert) == [task.permalink_url]
    assert report == ReconcileReport(listed=1, outcomes=(made,))
    assert report.counts == {"Created": 1}


def test_late_webhook(any_way: Way, world: World) -> None:
    """A webhook that comes after all finds its event's task."""
    alert = world.alert()
    any_way.reconciler(world)(HOUR)

    assert isinstance(any_way.router(world)(alert), Duplicate)
    assert len(world.asana.tasks) == 1


def test_same_alert(way: Way, world: World) -> None:
    """The alert is the webhook's but for what only the webhook knows: the task says the same."""
    one, other = World.new(), World.new()
    tags = {"service": "checkout", "customer": "globex", "release": "1.2.3", "transaction": "/cart"}
    alert = one.alert(one.event(**tags))
    other.event(**tags)

    way.router(one)(alert)
    with opened("sync, memory", other.clock) as second:
        second.reconciler(other)(HOUR)

    (expected,), (made,) = one.asana.tasks, other.asana.tasks
    assert (made.name, made.notes, made.projects) == (expected.name, expected.notes, expected.projects)


def test_covered(any_way: Way, world: World) -> None:
    """An issue with a task is left alone; not even its event is read."""
    router = any_way.router(world)
    router(world.alert())
    issue = world.issue()
    router(world.alert(world.event(issue)))
    world.event(issue)

    report = any_way.reconciler(world)(HOUR)

    assert report == ReconcileReport(listed=2, covered=2)
    assert (reads(world), len(world.asana.tasks)) == (0, 2)


def test_again(way: Way, world: World) -> None:
    """A second reconciliation finds all covered."""
    for _ in range(3):
        world.event()
    reconcile = way.reconciler(world)

    assert reconcile(HOUR).counts == {"Created": 3}
    assert reconcile(HOUR) == ReconcileReport(listed=3, covered=3)
    assert len(world.asana.tasks) == 3


def test_oldest_first(way: Way, world: World) -> None:
    """What has waited longest is made up for first."""
    keys = []
    for _ in range(3):
        keys.append(world.alert().key)
        world.clock.advance(1)

    report = way.reconciler(world)(HOUR)

    assert [outcome.key for outcome in report.outcomes] == keys


def test_since(way: Way, world: World) -> None:
    """Only issues that were first seen since then are looked at, however lately they were seen."""
    old = world.issue()
    world.clock.advance(2 * HOUR)
    world.event(old)
    world.event()

    assert way.reconciler(world)(HOUR).listed == 1
    assert way.reconciler(world)(3 * HOUR).listed == 2


def test_since_is_checked(way: Way, world: World) -> None:
    """A Sentry that lists older issues as well makes no difference."""
    world.event()
    world.clock.advance(2 * HOUR)
    world.event()
    everything = world.sentry.handle("GET", "/api/0/organizations/acme/issues/", (("query", ""),), (), None)
    world.sentry.faults.add(Fault.status(200, body=everything.body))

    assert way.reconciler(world)(HOUR).listed == 1


def test_grace(way: Way, world: World) -> None:
    """Young issues wait for their webhooks."""
    world.event()
    world.clock.advance(300)
    world.event()

    report = way.reconciler(world)(HOUR, grace=300)

    assert (report.listed, report.waiting, report.counts) == (2, 1, {"Created": 1})


def test_query(way: Way, world: World) -> None:
    """Issues that are not unresolved are left alone unless they are asked for."""
    resolved = world.sentry.add_issue("acme", "web", status="resolved")
    world.event(resolved.id)

    assert way.reconciler(world)(HOUR).listed == 0
    assert way.reconciler(world)(HOUR, query="is:resolved").listed == 1
    assert way.reconciler(world)(HOUR, query="").listed == 1
    assert len(world.asana.tasks) == 1


def test_projects(way: Way, world: World) -> None:
    """Only the projects that are asked for."""
    world.event()
    world.event(world.sentry.add_issue("acme", "shop").id)
    reconcile = way.reconciler(world)

    assert reconcile(HOUR, projects=["shop"]).listed == 1
    assert reconcile(HOUR, projects=["shop", "web"]).listed == 2
    (problem,) = reconcile(HOUR, projects=["no/such/project"]).problems
    assert problem.startswith("the list of issues is not whole: ")


def test_other_organization(way: Way, world: World) -> None:
    """Only the configured organization is looked through."""
    world.event(world.sentry.add_issue("globex", "web").id)

    assert way.reconciler(world)(HOUR) == ReconcileReport()


def test_pages(way: Way, world: World) -> None:
    """Every page is looked through, up to a bound that is told."""
    for _ in range(101):
        world.sentry.add_issue("acme", "web")

    report = way.reconciler(world, options=Options(retry_after=9))(HOUR)

    assert (report.listed, len(report.problems)) == (101, 101)
    assert all(problem.startswith("issue ") and "404" in problem for problem in report.problems)


def test_too_many(way: Way, world: World) -> None:
    """What is beyond ten pages is told, and the ten pages are looked through."""
    for _ in range(1001):
        world.sentry.add_issue("acme", "web")

    report = way.reconciler(world)(HOUR, grace=60)

    assert (report.listed, report.waiting) == (1000, 1000)
    assert report.problems == (
        "there are more than 10 pages of issues; ask for a shorter time, or for projects",
    )


def test_list_fails(way: Way, world: World) -> None:
    """A list that breaks off is told; what was listed until then is looked through."""
    for _ in range(150):
        world.event()
    world.sentry.faults.add(Fault.status(403), when=is_further_page)

    report = way.reconciler(world)(HOUR)

    assert (report.listed, report.counts) == (100, {"Created": 100})
    (problem,) = report.problems
    assert problem.startswith("the list of issues is not whole: GET ")


def test_one_fails(way: Way, world: World) -> None:
    """An issue that cannot be read does not keep the others from their tasks."""
    events = [world.event() for _ in range(3)]
    broken = events[1].issue
    world.sentry.faults.add(Fault.status(500), when=lambda call: f"/{broken}/events/" in call.path)
    reconcile = way.reconciler(world)

    report = reconcile(HOUR)

    assert report.counts == {"Created": 2}
    (problem,) = report.problems
    assert problem.startswith(f"issue {broken}: GET ")
    assert reconcile(HOUR).counts == {"Created": 1}


@pytest.mark.parametrize("raw", [{"eventID": "x"}, {"projectID": None}, {"tags": 3}])
def test_odd_event(way: Way, world: World, raw: dict[str, object]) -> None:
    """An event without its ids is a problem; one without tags goes to the default team."""
    world.event()
    issue = world.event().issue
    body = {
        "eventID": "0" * 32,
        "groupID": issue,
        "projectID": "1",
        "title": "x",
        "tags": [],
        **raw,
    }
    fault = Fault.status(200, body=json.dumps(body).encode())
    world.sentry.faults.add(fault, when=lambda call: f"/{issue}/events/" in call.path)

    report = way.reconciler(world)(HOUR)

    is_readable = "tags" in raw
    assert report.counts == {"Created": 2 if is_readable else 1}
    assert len(report.problems) == (0 if is_readable else 1)


def test_deadline(way: Way, world: World) -> None:
    """When time is up no further issue is begun, and how many are left is told."""
    for _ in range(3):
        world.event()
    world.asana.faults.add(Fault.slow(4), when=lambda call: call.method == "POST", times=None)
    reconcile = way.reconciler(world)

    report = reconcile(HOUR, deadline=6)

    assert sum(report.counts.values()) == 2
    assert report.problems == ("the deadline passed with 1 issues left",)
    assert reconcile(HOUR, deadline=0).listed == 0


def test_ignored(way: Way, world: World) -> None:
    """What a team's rules ignore stays ignored."""
    world.event(service="noise")

    (outcome,) = way.reconciler(world)(HOUR).outcomes

    assert isinstance(outcome, Skipped)
    assert outcome.reason == "ignored: known noise"


def test_rejected(way: Way, world: World) -> None:
    """A task that cannot be made is told."""
    world.event()
    world.asana.faults.add(Fault.status(403), times=None)

    assert way.reconciler(world)(HOUR).counts == {"Rejected": 1}


def test_repeat_after(way: Way, world: World) -> None:
    """A webhook about another event comes to an issue that has a task, and is treated as a repeat."""
    issue = world.issue()
    first, _ = world.event(issue), world.event(issue)
    way.reconciler(world)(HOUR)

    outcome = way.router(world, options=Options(on_repeat="comment"))(world.alert(first))

    assert isinstance(outcome, Commented)
    assert len(world.asana.tasks) == 1


def test_policy(way: Way, world: World) -> None:
    """It works under the policy that is made for the router, and asks for nothing else."""
    audit = MemoryAudit()
    world.event()

    report = way.reconciler(world, guard=Guard(Policy.for_router(orgs=["acme"]), audit=audit))(HOUR)

    assert report.counts == {"Created": 1}
    asked = {record.action for record in audit.records}
    assert asked == {"issues.list", "events.latest", "external_issues.create"}
    assert asked <= set(ACTIONS)


def test_denied(way: Way, world: World) -> None:
    """In an organization that the policy leaves out it does nothing, and says so."""
    world.event()

    report = way.reconciler(world, guard=Guard(Policy.for_router(orgs=["globex"])))(HOUR)

    assert report.listed == 0
    assert "denied" in report.problems[0]
    assert world.sentry.calls == ()


def test_withheld(way: Way, world: World) -> None:
    """Issues of projects that policy keeps from sight are counted, and not touched."""
    world.event()
    world.event(world.sentry.add_issue("acme", "secret").id)
    policy = Policy(denied_projects=["acme/secret"], within=Policy.for_router(orgs=["acme"]), writes="allow")

    report = way.reconciler(world, guard=Guard(policy))(HOUR)

    assert (report.listed, report.withheld, report.counts) == (1, 1, {"Created": 1})


@pytest.mark.parametrize("since", [0, -1, float("inf"), float("nan")])
def test_bad_since(way: Way, world: World, since: float) -> None:
    """A time that is none is refused."""
    with pytest.raises(ConfigError, match="since is a number of seconds above 0"):
        way.reconciler(world)(since)


@pytest.mark.parametrize("grace", [-1, float("inf"), float("nan")])
def test_bad_grace(way: Way, world: World, grace: float) -> None:
    """So is a grace."""
    with pytest.raises(ConfigError, match="grace is a number of seconds"):
        way.reconciler(world)(HOUR, grace=grace)


def test_long_ago(way: Way, world: World) -> None:
    """Longer than there have been computers is as long as there have been."""
    world.event()

    assert way.reconciler(world)(1e15).counts == {"Created": 1}


def test_not_configured(way: Way, world: World) -> None:
    """Without Sentry, an organization, or event alerts it refuses to be made."""
    for parts in ({"has_sentry": False}, {"org": None}):
        with pytest.raises(ConfigError, match="configured with an org"):
            way.reconciler(world, **parts)
    with pytest.raises(ConfigError, match="create_on leaves out"):
        way.reconciler(world, options=Options(create_on=["issue.created"]))


def test_killed(way: Way, world: World) -> None:
    """One that dies leaves the rest to the next."""
    for _ in range(2):
        world.event()
    with pytest.raises(Killed):
        way.reconciler(world, tap=dies("after put done"))(HOUR)

    report = way.reconciler(world)(HOUR)

    assert (report.covered, report.counts) == (1, {"Created": 1})
    assert not any(isinstance(outcome, Deferred) for outcome in report.outcomes)
