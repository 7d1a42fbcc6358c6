"""Datadog's events through the clients, over loopback HTTP and in process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sentry_governed import (
    AsyncDatadogClient,
    ConfigError,
    DatadogClient,
    DatadogConfig,
    DatadogEvent,
    DatadogEventDraft,
    NotFound,
    RateLimited,
    ReplyLost,
    RequestRefused,
    Secret,
    ServiceFailed,
    TokenRefused,
    UnexpectedAnswer,
)
from sentry_governed.testing import FakeDatadog, Fault
from sentry_governed.testing._wire import Call

API, APP = "canary-api-5b1e", "canary-app-7c2d"
BIG = "9007199254740993"
DRAFT = DatadogEventDraft(title="Created Asana task", text="https://app.asana.com/0/0/1")

Do = Callable[[str, object], DatadogEvent]


@pytest.fixture
def fake() -> FakeDatadog:
    """A Datadog that knows its keys."""
    return FakeDatadog(api_key=API, app_key=APP)


def reached(fake: FakeDatadog, kind: str, stack: ExitStack, **changes: object) -> Do:
    """Calls a method of `events` through a client of that kind."""
    given: dict[str, object] = {"api_key": Secret(API), "app_key": Secret(APP), "settle": 0.02}
    if kind.endswith("http"):
        given |= {"base_url": stack.enter_context(fake.serve()), "allow_http": True}
    else:
        given |= {"sender": fake if kind.startswith("sync") else fake.aio}
    config = DatadogConfig(**{**given, **changes})  # type: ignore[arg-type]  # by name
    if kind.startswith("sync"):
        threads = stack.enter_context(DatadogClient(config))
        return lambda method, argument: getattr(threads.events, method)(argument)
    runner = stack.enter_context(asyncio.Runner())
    loop = AsyncDatadogClient(config)
    stack.callback(lambda: runner.run(loop.aclose()))
    return lambda method, argument: runner.run(getattr(loop.events, method)(argument))


@pytest.fixture(params=["sync http", "async http", "sync in process", "async in process"])
def do(request: pytest.FixtureRequest, fake: FakeDatadog) -> Iterator[Do]:
    """A client of each kind."""
    with ExitStack() as stack:
        yield reached(fake, str(request.param), stack)


@pytest.fixture(params=["sync http", "async http"])
def kind(request: pytest.FixtureRequest) -> str:
    """The clients that use the network."""
    return str(request.param)


def test_get(fake: FakeDatadog, do: Do) -> None:
    """An event has the monitor's id and every tag, whatever size its id is."""
    fake.add_event(event_id=BIG, tags={"env": "prod", "team": ["a", "b"], "bare": ""}, monitor="14093")

    event = do("get", BIG)

    assert (event.id, event.monitor_id) == (BIG, "14093")
    assert event.tag_values == {"env": ("prod",), "team": ("a", "b"), "bare": ("",)}


def test_post(fake: FakeDatadog, do: Do) -> None:
    """What is posted is there, with its tags and its aggregation key."""
    draft = DatadogEventDraft(title="t", text="u", tags=("a:b",), aggregation_key="datadog.1.2")

    event = do("post", draft)

    (made,) = fake.posted
    assert event.id == made.id
    assert (made.title, made.text, made.tags, made.aggregation_key) == ("t", "u", ("a:b",), "datadog.1.2")


def test_bounds() -> None:
    """What Datadog would refuse for its length is cut."""
    payload = DatadogEventDraft(title="t" * 101, text="u" * 4001, aggregation_key="k" * 101).to_payload()

    assert [len(str(payload[name])) for name in ("title", "text", "aggregation_key")] == [100, 4000, 100]
    assert "aggregation_key" not in DRAFT.to_payload()


@pytest.mark.parametrize("event", ["", "abc", "../monitor/1", "01", "1" * 20, "-1", "1e5"])
def test_no_id(fake: FakeDatadog, do: Do, event: str) -> None:
    """What is no number of an event is never sent."""
    with pytest.raises(RequestRefused, match="is not the number of an event"):
        do("get", event)

    assert fake.calls == ()


@pytest.mark.parametrize("key", ["api_key", "app_key"])
def test_wrong_key(fake: FakeDatadog, kind: str, key: str) -> None:
    """A key that Datadog does not know is said so, and not shown."""
    fake.add_event(event_id="1")
    with ExitStack() as stack, pytest.raises(TokenRefused) as caught:
        reached(fake, kind, stack, **{key: Secret("canary-wrong")})("get", "1")

    assert "canary" not in f"{caught.value!r} {caught.value}"


def test_not_there(fake: FakeDatadog, kind: str) -> None:
    """An event that cannot be found is asked for twice."""
    with ExitStack() as stack, pytest.raises(NotFound):
        reached(fake, kind, stack)("get", "1")

    assert len(fake.calls) == 2


def test_not_there_yet(fake: FakeDatadog, kind: str) -> None:
    """An event that can be read a moment after its webhook is read."""
    fake.add_event(event_id="1")
    fake.faults.add(Fault.status(404))
    with ExitStack() as stack:
        assert reached(fake, kind, stack)("get", "1").id == "1"


def test_post_is_not_repeated_for_404(fake: FakeDatadog, kind: str) -> None:
    """Only reads are worth another look."""
    fake.faults.add(Fault.status(404))
    with ExitStack() as stack, pytest.raises(NotFound):
        reached(fake, kind, stack)("post", DRAFT)

    assert len(fake.calls) == 1


def test_no_time_to_settle(fake: FakeDatadog, kind: str) -> None:
    """Without the time for it there is no second look."""
    with ExitStack() as stack, pytest.raises(NotFound):
        reached(fake, kind, stack, settle=60.0, timeout=5.0, patience=5.0)("get", "1")
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.reply_lost(), ReplyLost), (Fault.status(503), ServiceFailed)]
)
def test_post_is_sent_once(fake: FakeDatadog, kind: str, fault: Fault, error: type[Exception]) -> None:
    """A POST whose fate is unknown is not repeated."""
    fake.faults.add(fault)
    with ExitStack() as stack, pytest.raises(error):
        reached(fake, kind, stack)("post", DRAFT)

    assert sum(call.is_write for call in fake.calls) == 1


def test_get_is_repeated(fake: FakeDatadog, kind: str) -> None:
    """A read goes on after a lost reply."""
    fake.add_event(event_id="1")
    fake.faults.add(Fault.reply_lost())
    with ExitStack() as stack:
        assert reached(fake, kind, stack)("get", "1").id == "1"


def test_rate_limit(fake: FakeDatadog, do: Do) -> None:
    """Datadog's own header says how long to wait."""
    fake.faults.add(Fault.status(429, retry_after=90), times=None)

    with pytest.raises(RateLimited) as caught:
        do("post", DRAFT)
    assert caught.value.retry_after == 90


@pytest.mark.parametrize(
    "body", [b"[]", b"<html>", b'{"event": {"title": "no id"}}', b'{"event": {"id": 1.5}}']
)
def test_unexpected(fake: FakeDatadog, do: Do, body: bytes) -> None:
    """An answer that is no event is refused."""
    fake.faults.add(Fault.status(200, body=body))

    with pytest.raises(UnexpectedAnswer):
        do("get", "1")


def test_sites() -> None:
    """A site leads to its API; another place is named by its base URL."""

    def config(**where: str | float) -> DatadogConfig:
        return DatadogConfig(api_key=Secret("a"), app_key=Secret("b"), **where)  # type: ignore[arg-type]  # by name

    assert config(site="us5.datadoghq.com").endpoint.base_url == "https://api.us5.datadoghq.com"
    assert config(base_url="https://proxy.example").endpoint.base_url == "https://proxy.example"
    with pytest.raises(ConfigError, match="set base_url for another"):
        config(site="datadoghq.example")
    with pytest.raises(ConfigError, match="settle"):
        config(settle=-1)


def test_keys_are_hidden(fake: FakeDatadog) -> None:
    """Neither the configuration nor a recorded call shows a key."""
    config = DatadogConfig(api_key=Secret(API), app_key=Secret(APP), sender=fake)
    fake.add_event(event_id="1")
    DatadogClient(config).events.get("1")

    (call,) = fake.calls
    assert isinstance(call, Call)
    assert "canary" not in f"{config!r} {call!r}"
