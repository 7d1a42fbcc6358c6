"""What Asana refuses, what is uncertain, and what the clients of Asana refuse."""

from __future__ import annotations

import json
import traceback

import attrs
import pytest

from sentry_governed import Secret
from sentry_governed.asana import (
    AsanaClient,
    AsanaConfig,
    AsyncAsanaClient,
    add_comment,
    create_task,
    get_task,
    portfolio_items,
    stories,
)
from sentry_governed.errors import (
    BadRequest,
    ConfigError,
    CreateUncertain,
    FieldNotOnProject,
    NoAccess,
    NotFound,
    NotSent,
    PlanTooSmall,
    SentryGovernedError,
    TaskTooLarge,
    TokenRefused,
    UnexpectedAnswer,
)
from sentry_governed.testing import Call, FakeAsana, Fault
from tests.asana.doors import PROJECT, TOKEN, Door, door_to, draft


def posts(call: Call) -> bool:
    """Whether a call creates something."""
    return call.method == "POST"


@pytest.mark.parametrize(
    "fault", [Fault.reply_lost(), Fault.cut(), Fault.status(500), Fault.status(502), Fault.status(503)]
)
def test_uncertain(door: Door, fake: FakeAsana, fault: Fault) -> None:
    """A create without a usable answer is its own error, is not repeated, and drags no frames along."""
    fake.faults.add(fault, when=posts)

    with pytest.raises(CreateUncertain) as caught:
        door.run(create_task(draft()))

    error = caught.value
    assert len(fake.calls) == 1
    assert (error.__cause__, error.__context__) == (None, None)
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert TOKEN not in "".join(shown.format())


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"data": {"name": "x"}}', b"[]"])
def test_uncertain_answer(door: Door, fake: FakeAsana, body: bytes) -> None:
    """A create that succeeded without saying which task it made is uncertain too."""
    fake.faults.add(Fault.status(201, body=body), when=posts)

    with pytest.raises(CreateUncertain):
        door.run(create_task(draft()))


def test_not_sent(fake: FakeAsana) -> None:
    """A create that never reached Asana is certain: nothing was created."""
    fake.faults.add(Fault.not_sent(), times=None)

    with door_to(fake, "sync in process") as door, pytest.raises(NotSent):
        door.run(create_task(draft()))


def test_too_large(door: Door, fake: FakeAsana) -> None:
    """A task that Asana finds too large is shortened once and sent again, its marker whole."""
    too_large = b'{"errors":[{"message":"notes: Value is too large, 65424 > 65400 bytes"}]}'
    fake.faults.add(Fault.status(400, body=too_large), when=posts)
    large = attrs.evolve(draft(), sections=("y" * 20_000,))

    task = door.run(create_task(large))

    sizes = [len(json.loads(call.body or b"")["data"]["notes"]) for call in fake.calls]
    assert sizes[1] <= sizes[0] / 2 + 100
    assert fake.task(task.gid).notes.endswith(large.marker)


def test_too_large_twice(door: Door, fake: FakeAsana) -> None:
    """A task that is still too large is refused after two attempts."""
    too_large = b'{"errors":[{"message":"Rich text value is too large"}]}'
    fake.faults.add(Fault.status(400, body=too_large), when=posts, times=None)

    with pytest.raises(TaskTooLarge):
        door.run(create_task(draft()))
    assert len(fake.calls) == 2


def test_large_result(door: Door, fake: FakeAsana) -> None:
    """A list that Asana finds too large is no task that is too large."""
    message = b'{"errors":[{"message":"The result is too large. You should use pagination"}]}'
    fake.faults.add(Fault.status(400, body=message))

    with pytest.raises(BadRequest) as caught:
        door.run(stories("1"))
    assert type(caught.value) is BadRequest


def test_field_not_on_project(door: Door, fake: FakeAsana) -> None:
    """A custom field that none of the task's projects has is named, and nothing is created."""
    fake.add_project("Other", gid="12")
    fake.add_custom_field("Team", gid="31", projects=["12"])

    with pytest.raises(FieldNotOnProject) as caught:
        door.run(create_task(attrs.evolve(draft(), custom_fields={"31": "x"})))
    assert caught.value.field == "31"
    assert fake.tasks == ()


def test_no_access(door: Door, fake: FakeAsana) -> None:
    """What was taken away and what was deleted are told apart."""
    task = door.run(create_task(draft()))
    fake.hide(task.gid)
    with pytest.raises(NoAccess):
        door.run(get_task(task.gid))

    other = door.run(create_task(draft("b")))
    fake.delete(other.gid)
    with pytest.raises(NotFound):
        door.run(add_comment(other.gid, "x"))


def test_plan(door: Door, fake: FakeAsana) -> None:
    """A feature that the plan lacks is told apart."""
    fake.faults.add(Fault.status(402))

    with pytest.raises(PlanTooSmall):
        door.run(portfolio_items("21"))


@pytest.mark.parametrize("kind", ["sync http", "async http"])
def test_token(kind: str) -> None:
    """A wrong token is told apart, and is not in the error."""
    fake = FakeAsana(token="another")

    with door_to(fake, kind) as door, pytest.raises(TokenRefused) as caught:
        door.run(get_task("1"))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert TOKEN not in "".join(shown.format())


@pytest.mark.parametrize("gid", ["", ".", "..", "1/../2", "1\n"])
def test_ids(door: Door, fake: FakeAsana, gid: str) -> None:
    """What could change the path is refused before anything is sent."""
    with pytest.raises(SentryGovernedError):
        door.run(get_task(gid))
    assert fake.calls == ()


@pytest.mark.parametrize(
    "page",
    [
        {"data": {}},
        {"data": [5]},
        {"data": [{"name": "no id"}]},
        {"data": [], "next_page": {"path": "/x"}},
        {"data": [], "next_page": {"offset": ""}},
        {"data": [], "next_page": "more"},
    ],
)
def test_odd_page(door: Door, fake: FakeAsana, page: object) -> None:
    """A page that is not what Asana documents is an error, for a part would be taken for the whole."""
    fake.faults.add(Fault.status(200, body=json.dumps(page).encode()))

    with pytest.raises(UnexpectedAnswer):
        door.run(stories("1"))


def test_same_offset(door: Door, fake: FakeAsana) -> None:
    """A list whose pages lead to themselves is an error."""
    page = {"data": [], "next_page": {"offset": "again"}}
    fake.faults.add(Fault.status(200, body=json.dumps(page).encode()), times=None)

    with pytest.raises(UnexpectedAnswer):
        door.run(stories("1"))
    assert len(fake.calls) == 2


def test_endless(fake: FakeAsana) -> None:
    """A list that does not end is an error."""
    for number in range(101):
        page = {"data": [], "next_page": {"offset": str(number)}}
        fake.faults.add(Fault.status(200, body=json.dumps(page).encode()))

    with door_to(fake, "sync in process") as door, pytest.raises(UnexpectedAnswer, match="10000"):
        door.run(stories("1"))
    assert len(fake.calls) == 100


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://app.asana.com"},
        {"base_url": "https://user:pass@app.asana.com"},
        {"timeout": 0},
        {"max_writes": 0},
        {"max_reads": 1.5},
        {"enable": ("a\nb",)},
    ],
)
def test_config(settings: dict[str, object]) -> None:
    """What cannot be used is refused when the configuration is made."""
    with pytest.raises(ConfigError):
        AsanaConfig(token=Secret("t"), **settings)  # type: ignore[arg-type]  # wrong on purpose


def test_wrong_sender(fake: FakeAsana) -> None:
    """A sender of the other kind is refused when the client is made."""
    with pytest.raises(ConfigError):
        AsanaClient(AsanaConfig(token=Secret("t"), sender=fake.aio))
    with pytest.raises(ConfigError):
        AsyncAsanaClient(AsanaConfig(token=Secret("t"), sender=fake))


def test_closed(fake: FakeAsana) -> None:
    """A closed client sends nothing."""
    with fake.serve() as url:
        client = AsanaClient(AsanaConfig(token=Secret(TOKEN), base_url=url, allow_http=True))
        client.close()
        with pytest.raises(SentryGovernedError):
            client.get_project(PROJECT)
    assert fake.calls == ()


def test_repr() -> None:
    """A configuration does not show its token."""
    assert TOKEN not in repr(AsanaConfig(token=Secret(TOKEN)))
