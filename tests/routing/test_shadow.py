"""Rules that are tried out beside the live ones: where they differ is said, and nothing else is done."""

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Alert
from sentry_governed.asana import TaskSettings
from sentry_governed.routing import Created, Deferred, Duplicate, Options, Rejected, Shadowed, Skipped
from sentry_governed.routing._shadow import shadowed
from sentry_governed.teams import Route, Teams
from sentry_governed.testing import Fault, sentry_issue
from sentry_governed.typing import HasFacts, Tags
from tests.routing.makers import TEAMS, Killed, World, decoded, dies
from tests.routing.ways import Way, opened, redeliver

MOVED = Teams.parse(TEAMS.replace('"service:checkout"', '"service:other"'), source="shadow.yaml")
TO_PLATFORM = Shadowed("Platform", "no rule matched, so the default team 'Platform' owns it")


class Broken(Teams):
    """Rules that fail when they are asked."""

    def route(self, tags: Tags | HasFacts) -> Route:
        """Fail."""
        raise RuntimeError(f"out of order: {type(tags).__name__}")


def test_differs(any_way: Way, world: World) -> None:
    """The live rules' owner gets the task; the outcome, a repeat and the ledger say who else would have."""
    alert = world.alert()
    router = any_way.router(world, shadow=MOVED)

    outcome = router(alert)

    assert isinstance(outcome, Created)
    assert (outcome.team, outcome.shadow) == ("Payments", TO_PLATFORM)
    assert router(alert) == Duplicate(alert.key, outcome.task, outcome.url, (), TO_PLATFORM)
    record = any_way.record(alert.key)
    assert record is not None
    assert record["shadow"] == {"team": "Platform", "reason": TO_PLATFORM.reason, "ignored": False}


@pytest.mark.parametrize("shadow", [None, Teams.parse(TEAMS)])
def test_agrees(way: Way, world: World, shadow: Teams | None) -> None:
    """Where both agree, for whatever reasons, nothing is said."""
    alert = world.alert()
    router = way.router(world, shadow=shadow) if shadow else way.router(world)

    outcome = router(alert)

    assert isinstance(outcome, Created)
    assert outcome.shadow is None
    assert router(alert) == Duplicate(alert.key, outcome.task, outcome.url)


def test_nothing_else(way: Way, world: World) -> None:
    """The task and every call are the same as without."""
    way.router(world, shadow=MOVED)(world.alert())
    other = World.new()
    with opened("sync, memory", other.clock) as plain:
        plain.router(other)(other.alert())

    assert [(call.method, call.path) for call in world.asana.calls] == [
        (call.method, call.path) for call in other.asana.calls
    ]
    assert [task.notes for task in world.asana.tasks] == [task.notes for task in other.asana.tasks]


def test_would_ignore(way: Way, world: World) -> None:
    """Rules that would make no task are said to, with their reason."""
    shadow = Teams.parse(
        '{default: A, teams: [{Name: A}], ignore: [{Matchers: [service], Reason: "all noise"}]}'
    )

    outcome = way.router(world, shadow=shadow)(world.alert())

    assert isinstance(outcome, Created)
    assert outcome.shadow == Shadowed("A", "all noise", ignored=True)


def test_would_not_ignore(way: Way, world: World) -> None:
    """An alert that the live rules ignore makes no task, and nothing is written down."""
    shadow = Teams.parse("{default: Platform, teams: [{Name: Platform}]}")
    alert = world.alert(world.event(service="noise"))

    outcome = way.router(world, shadow=shadow)(alert)

    assert outcome == Skipped("ignored: known noise", alert.key, TO_PLATFORM)
    assert world.asana.tasks == ()
    assert way.get(alert.key) is None


def test_no_default_team(way: Way, world: World) -> None:
    """Rules without a default team have no answer for some; it changes nothing."""
    shadow = Teams.parse("- Name: A", source="new.yaml")

    outcome = way.router(world, shadow=shadow)(world.alert())

    assert isinstance(outcome, Created)
    assert outcome.shadow is not None
    assert outcome.shadow.team is None
    assert outcome.shadow.reason.startswith(
        "NoDefaultTeam: no rule matches and 'new.yaml' has no default team"
    )


def test_raises(way: Way, world: World) -> None:
    """Rules that fail are said to; the live ones go on."""
    router = way.router(world, shadow=Broken.parse("- Name: A"))
    alert = world.alert()

    outcome = router(alert)

    assert isinstance(outcome, Created)
    assert outcome.shadow == Shadowed(None, "RuntimeError: out of order: Alert")
    assert router(alert) == Duplicate(alert.key, outcome.task, outcome.url, (), outcome.shadow)


def test_no_tags(way: Way, world: World) -> None:
    """Where the live rules are not asked for want of tags, neither are the others."""
    options = Options(create_on=frozenset({"issue.created"}))
    matches_all = Teams.parse("{default: B, teams: [{Name: A, Entities: [Matchers: [source]]}, {Name: B}]}")

    outcome = way.router(world, shadow=matches_all, options=options, has_sentry=False)(
        decoded(sentry_issue())
    )

    assert isinstance(outcome, Created)
    assert outcome.shadow == Shadowed("B", "no tags, so the default team 'B' owns it")


def test_completed(way: Way, world: World) -> None:
    """The rules see what the live ones see, also what was asked of Sentry first."""
    alert = attrs.evolve(world.alert(), tags={})
    shadow = Teams.parse('[{Name: A, Entities: [Matchers: ["service:checkout"]]}]')

    outcome = way.router(world, shadow=shadow)(alert)

    assert isinstance(outcome, Created)
    assert outcome.team == "Payments"
    assert outcome.shadow is not None
    assert outcome.shadow.team == "A"


def test_commented(way: Way, world: World) -> None:
    """A comment says it too."""
    issue = world.issue()
    router = way.router(world, shadow=MOVED, options=Options(on_repeat="comment"))
    router(world.alert(world.event(issue)))

    outcome = router(world.alert(world.event(issue)))

    assert type(outcome).__name__ == "Commented"
    assert getattr(outcome, "shadow", None) == TO_PLATFORM


def test_rejected(way: Way, world: World) -> None:
    """So does an alert that has no place to go."""
    router = way.router(world, shadow=MOVED, settings=TaskSettings())
    alert = world.alert(world.event(service="unknown"))
    shadow = Teams.parse("{default: A, teams: [{Name: A}]}")

    outcome = way.router(world, shadow=shadow, settings=TaskSettings())(alert)

    assert isinstance(outcome, Rejected)
    assert outcome.shadow == Shadowed("A", "no rule matched, so the default team 'A' owns it")
    assert getattr(router(alert), "shadow", None) is None


def test_refused(way: Way, world: World) -> None:
    """So does one that Asana refuses for good."""
    world.asana.faults.add(Fault.status(400), when=lambda call: call.method == "POST", times=None)

    outcome = way.router(world, shadow=MOVED)(world.alert())

    assert isinstance(outcome, Rejected)
    assert outcome.shadow == TO_PLATFORM


@pytest.mark.parametrize(
    "where", ["after put creating", "after POST tasks", "after put created", "after put linked"]
)
def test_crash(any_way: Way, world: World, where: str) -> None:
    """Whichever delivery finishes the work, the answer of the one that began it is kept or made again."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, shadow=MOVED, tap=dies(where))(alert)

    outcome = redeliver(any_way.router(world, shadow=MOVED), world, alert)

    assert isinstance(outcome, Created | Duplicate)
    assert outcome.shadow == TO_PLATFORM


def test_lost_reply(way: Way, world: World) -> None:
    """A later delivery that has other rules says what was true when the task was made."""
    alert = world.alert()
    world.asana.faults.add(Fault.reply_lost(), when=lambda call: call.method == "POST")
    way.router(world, shadow=MOVED)(alert)

    outcome = redeliver(way.router(world, shadow=Teams.parse(TEAMS)), world, alert)

    assert isinstance(outcome, Created | Duplicate)
    assert outcome.shadow == TO_PLATFORM


@pytest.mark.parametrize(
    "shadow",
    ["no", [], {}, {"team": 3, "reason": "x"}, {"team": None}, {"team": "A", "reason": "b", "ignored": 1}],
)
def test_corrupt(way: Way, world: World, shadow: object) -> None:
    """A record whose shadow is none is not believed."""
    alert = world.alert()
    way.put(alert.key, json.dumps({"state": "done", "task": "1", "url": "u", "shadow": shadow}))

    outcome = way.router(world)(alert)

    assert isinstance(outcome, Deferred)
    assert "is not a TaskRecord" in outcome.reason


def test_newer_version(way: Way, world: World) -> None:
    """What a newer version adds to a shadow is no obstacle."""
    alert = world.alert()
    shadow = {"team": "A", "reason": "b", "ignored": False, "colour": "blue"}
    way.put(alert.key, json.dumps({"state": "done", "task": "1", "url": "u", "shadow": shadow}))

    assert way.router(world)(alert) == Duplicate(alert.key, "1", "u", (), Shadowed("A", "b"))


RULES = st.sampled_from(["service:a", "service:b", "region:x", "!region:x", "noise", "service"])
FILES = st.builds(
    lambda rule, noise, default: Teams.parse(
        f'{{default: {default}, ignore: [{{Matchers: ["{noise}", kind], Reason: r}}], '
        f'teams: [{{Name: A, Entities: [Matchers: ["{rule}"]]}}, {{Name: B}}]}}'
    ),
    RULES,
    RULES,
    st.sampled_from("AB"),
)
TAGS = st.dictionaries(st.sampled_from(["service", "region", "noise"]), st.sampled_from(["a", "b", "x"]))


@given(FILES, FILES, TAGS)
def test_property(live: Teams, shadow: Teams, tags: dict[str, tuple[str, ...]]) -> None:
    """There is an answer just where owner or ignored differ: what the other file would do if live."""
    alert = Alert("sentry", "event_alert.triggered", "k", "t", tags=tags)
    ours, theirs = live.route(alert), shadow.route(alert)

    found = shadowed(alert, ours, shadow)

    if (ours.team.name, ours.ignored) == (theirs.team.name, theirs.ignored):
        assert found is None
    else:
        assert found == Shadowed(theirs.team.name, theirs.reason, theirs.ignored)


def test_bounded() -> None:
    """A reason is bounded, whatever the rules say."""
    reason = "x" * 5_000
    shadow = Teams.parse(
        f"{{default: A, teams: [{{Name: A}}], ignore: [{{Matchers: [a], Reason: {reason}}}]}}"
    )
    alert = Alert("sentry", "event_alert.triggered", "k", "t", tags={"a": ("b",)})

    found = shadowed(alert, MOVED.route(alert), shadow)

    assert found is not None
    assert len(found.reason) == 1_000
