"""Where tasks go: every placement, lookups that are remembered, and what is left out rather than the task."""

import pytest

from sentry_governed.asana import PrioritySettings, TaskSettings, TextField
from sentry_governed.routing import Created, Deferred, Options, Rejected
from sentry_governed.testing import Fault, sentry_event_alert
from sentry_governed.testing._wire import Call
from tests.routing.makers import (
    BACKLOG,
    DEFAULT,
    DEV,
    RELEASE,
    SANDBOX,
    SANDBOXES,
    SETTINGS,
    SPRINT,
    SPRINTS,
    World,
    decoded,
)
from tests.routing.ways import Way

FIELD, OTHER = "901", "902"


def is_post(call: Call) -> bool:
    """Whether it creates a task."""
    return call.method == "POST" and call.path.endswith("/tasks")


def lookups(world: World) -> int:
    """How often a portfolio was read."""
    return sum(call.path.endswith("/items") for call in world.asana.calls)


def created(outcome: object) -> Created:
    """The outcome, which is a task."""
    assert isinstance(outcome, Created)
    return outcome


@pytest.mark.parametrize(
    ("environment", "level", "service", "projects"),
    [
        ("dev", "error", "checkout", (SANDBOX, DEV)),
        ("dev", "error", "search", (DEV,)),
        ("staging", "error", "checkout", (SPRINT, RELEASE)),
        ("staging", "error", "search", (RELEASE,)),
        ("production", "error", "checkout", (SPRINT,)),
        ("production", "fatal", "search", (BACKLOG,)),
        ("production", "warning", "checkout", (BACKLOG,)),
        (None, "error", "checkout", (SPRINT,)),
        ("production", "error", "else", (DEFAULT,)),
    ],
)
def test_placement(
    way: Way, world: World, environment: str | None, level: str, service: str, projects: tuple[str, ...]
) -> None:
    """The environment and the priority decide, then what the team has, then the default project."""
    body = sentry_event_alert(environment=environment, level=level, tags={"service": service})

    outcome = created(way.router(world)(decoded(body)))

    assert outcome.projects == projects
    assert world.asana.task(outcome.task).projects == projects


def test_remembered(way: Way, world: World) -> None:
    """A portfolio is asked once in a while, not for each alert."""
    router = way.router(world, options=Options(portfolio_ttl=300))
    for _ in range(3):
        router(world.alert())
    assert lookups(world) == 1

    newer = world.asana.add_project("sprint 2", portfolio=SPRINTS, created_at=world.clock.time() + 1).gid
    assert created(router(world.alert())).projects == (SPRINT,)
    world.clock.advance(301)
    assert created(router(world.alert())).projects == (newer,)
    assert lookups(world) == 2


def test_empty_is_remembered_too(way: Way, world: World) -> None:
    """So is that a portfolio has no current project."""
    world.asana.archive(SPRINT)
    router = way.router(world)

    assert created(router(world.alert())).projects == (BACKLOG,)
    assert created(router(world.alert())).projects == (BACKLOG,)
    assert lookups(world) == 1


@pytest.mark.parametrize("status", [400, 402, 403, 404])
def test_portfolio_refused(way: Way, world: World, status: int) -> None:
    """A portfolio that cannot be read is passed over with a note, and asked again for the next alert."""
    world.asana.faults.add(Fault.status(status), when=lambda call: call.path.endswith("/items"))
    router = way.router(world)

    outcome = created(router(world.alert()))

    assert outcome.projects == (BACKLOG,)
    assert outcome.notes[0].startswith(f"portfolio {SPRINTS} cannot be read: GET ")
    assert created(router(world.alert())).projects == (SPRINT,)


@pytest.mark.parametrize(
    "fault", [Fault.status(429), Fault.status(503), Fault.reply_lost(), Fault.not_sent()]
)
def test_portfolio_later(way: Way, world: World, fault: Fault) -> None:
    """A portfolio that cannot be read in passing makes the alert wait, rather than go elsewhere."""
    world.asana.faults.add(fault, when=lambda call: call.path.endswith("/items"))
    router, alert = way.router(world), world.alert()

    assert isinstance(router(alert), Deferred)
    assert created(router(alert)).projects == (SPRINT,)


def test_free_plan(way: Way) -> None:
    """Without portfolios and custom fields, tasks go to the backlog as they are."""
    poor = World.new(paid=False)
    poor.asana.add_custom_field("Service", gid=FIELD, projects=[BACKLOG])
    settings = TaskSettings(default_project=DEFAULT, custom_fields={FIELD: TextField("{service}")})

    outcome = created(way.router(poor, settings=settings)(poor.alert()))

    assert outcome.projects == (BACKLOG,)
    assert "402" in outcome.notes[0]
    assert outcome.notes[-1].startswith("left out the custom fields: POST ")
    assert poor.asana.task(outcome.task).custom_fields == {}


def test_project_gone(way: Way, world: World) -> None:
    """A remembered project that is gone gives way to the default project once, and is forgotten."""
    router = way.router(world)
    router(world.alert())
    world.asana.delete(SPRINT)
    newer = world.asana.add_project("sprint 2", portfolio=SPRINTS).gid

    outcome = created(router(world.alert()))

    assert outcome.projects == (DEFAULT,)
    assert outcome.notes[0].startswith(f"put into the default project {DEFAULT}: POST ")
    assert created(router(world.alert())).projects == (newer,)


def test_project_gone_fields_kept(way: Way, world: World) -> None:
    """Where a project is what is refused, the custom fields are kept."""
    world.asana.add_custom_field("Service", gid=FIELD, projects=[SPRINT, DEFAULT])
    router = way.router(world, settings=with_fields(FIELD))
    router(world.alert())
    world.asana.delete(SPRINT)

    outcome = created(router(world.alert()))

    assert outcome.projects == (DEFAULT,)
    assert world.asana.task(outcome.task).custom_fields == {FIELD: "checkout"}


def test_one_project_gone(way: Way, world: World) -> None:
    """Of several projects, the ones that are there are kept."""
    world.asana.delete(DEV)
    event = world.sentry.add_event(world.issue(), tags={"service": "checkout"}, environment="dev")

    outcome = created(way.router(world)(world.alert(event)))

    assert outcome.projects == (SANDBOX,)
    assert outcome.notes[0].startswith("left out a project: POST ")


def test_all_projects_gone(way: Way, world: World) -> None:
    """When they are all gone and there is no default project, a person has to look."""
    world.asana.delete(BACKLOG)
    alert = world.alert(world.event(service="search"))

    assert isinstance(way.router(world, settings=TaskSettings())(alert), Rejected)
    assert world.asana.tasks == ()


def test_no_access_to_project(way: Way, world: World) -> None:
    """A project that the token may not use gives way to the default project."""
    router = way.router(world)
    router(world.alert())
    world.asana.hide(SPRINT)

    assert created(router(world.alert())).projects == (DEFAULT,)


def with_fields(*gids: str) -> TaskSettings:
    """Settings with these custom fields."""
    fields = {gid: TextField("{service}") for gid in gids}
    return TaskSettings(default_project=DEFAULT, custom_fields=fields)


def test_field_not_on_project(way: Way, world: World) -> None:
    """A custom field that the project lacks is left out, and the others are kept."""
    world.asana.add_custom_field("Service", gid=FIELD, projects=[SPRINT])
    world.asana.add_custom_field("Other", gid=OTHER, projects=[BACKLOG])

    outcome = created(way.router(world, settings=with_fields(OTHER, FIELD))(world.alert()))

    assert outcome.notes[0].startswith(f"left out custom field {OTHER}: POST ")
    assert world.asana.task(outcome.task).custom_fields == {FIELD: "checkout"}
    assert outcome.projects == (SPRINT,)


def test_no_field_on_project(way: Way, world: World) -> None:
    """However many fields the project lacks, the task is made, in its project."""
    gids = [str(number) for number in range(900, 915)]

    outcome = created(way.router(world, settings=with_fields(*gids))(world.alert()))

    assert (outcome.projects, len(outcome.notes)) == ((SPRINT,), len(gids))


def test_field_locked(way: Way, world: World) -> None:
    """A custom field that cannot be written is left out rather than the task."""
    world.asana.add_custom_field("Service", gid=FIELD, projects=[SPRINT, DEFAULT], locked=True)

    outcome = created(way.router(world, settings=with_fields(FIELD))(world.alert()))

    assert outcome.projects == (SPRINT,)
    assert world.asana.task(outcome.task).custom_fields == {}


def test_option_gone(way: Way, world: World) -> None:
    """An option that is no longer there is left out rather than the task."""
    world.asana.add_custom_field(
        "Priority", gid=FIELD, projects=[SPRINT, DEFAULT], field_type="enum", options={"1": "High"}
    )
    settings = TaskSettings(
        default_project=DEFAULT, priority=PrioritySettings(field=FIELD, high="2", medium="3", low="4")
    )

    outcome = created(way.router(world, settings=settings)(world.alert()))

    assert outcome.projects == (SPRINT,)
    assert outcome.notes[0].startswith("left out the custom fields: POST ")


def test_too_large(way: Way, world: World) -> None:
    """A task that Asana finds too large is shortened once."""
    message = b'{"errors": [{"message": "notes: Value is too large, 65424 > 65400 bytes"}]}'
    world.asana.faults.add(Fault.status(400, body=message), when=is_post)

    alert = world.alert()
    outcome = created(way.router(world)(alert))

    assert (outcome.projects, outcome.notes) == ((SPRINT,), ())
    assert len(world.tasks(alert)) == 1


def test_refusals_are_bounded(way: Way, world: World) -> None:
    """What is refused whatever is left out is asked a few times, and put aside."""
    world.asana.faults.add(Fault.status(400), when=is_post, times=None)

    assert isinstance(way.router(world, settings=with_fields(FIELD, OTHER))(world.alert()), Rejected)
    assert world.posts() == 3


def test_sandbox_only(way: Way, world: World) -> None:
    """A step that finds nothing does not keep the others from being used."""
    world.asana.delete(SANDBOXES)
    event = world.sentry.add_event(world.issue(), tags={"service": "checkout"}, environment="dev")

    assert created(way.router(world, settings=SETTINGS)(world.alert(event))).projects == (DEV,)
