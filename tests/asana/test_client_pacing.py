"""How much one token has in flight: measured at a server, and step by step with senders that wait."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor, wait

import attrs
import pytest

from sentry_governed import Request, Response, Secret
from sentry_governed.asana import AsanaClient, AsanaConfig, AsyncAsanaClient
from sentry_governed.asana._pacing import AsyncPacedSender, Lane, Pace, PacedSender, pace_of
from sentry_governed.errors import NotSent, RateLimited
from sentry_governed.testing import FakeAsana, Fault
from tests.asana.doors import PROJECT, draft

GET = Request("GET", "/x")
POST = Request("POST", "/x")


@pytest.fixture
def fake() -> FakeAsana:
    """An Asana with one project, where everything takes a while."""
    fake = FakeAsana()
    fake.add_project("Backlog", gid=PROJECT)
    fake.faults.add(Fault.slow(0.05), times=None)
    return fake


def config(url: str, token: str = "t", **settings: int) -> AsanaConfig:
    """A configuration for a fake."""
    return AsanaConfig(token=Secret(token), base_url=url, allow_http=True, **settings)  # type: ignore[arg-type]  # by name


def in_threads(count: int, work: Callable[[int], object]) -> None:
    """Do it so often at once, and raise what goes wrong."""
    with ThreadPoolExecutor(count) as pool:
        for future in wait([pool.submit(work, number) for number in range(count)]).done:
            future.result()


async def at_once(count: int, work: Callable[[int], Awaitable[object]]) -> None:
    """Do it so often at once."""
    await asyncio.gather(*(work(number) for number in range(count)))


@pytest.mark.parametrize(("writes", "expected"), [(15, 15), (3, 3)])
def test_writes_of_threads(fake: FakeAsana, writes: int, expected: int) -> None:
    """Two clients of one token never have more writes in flight than it may, and do have as many."""
    with (
        fake.serve() as url,
        AsanaClient(config(url, max_writes=writes)) as one,
        AsanaClient(config(url, max_writes=writes)) as other,
    ):
        in_threads(40, lambda number: (one, other)[number % 2].create(draft(str(number))))

    assert fake.peak_writes == expected
    assert len(fake.calls) == len(fake.tasks) == 40


@pytest.mark.parametrize(("writes", "expected"), [(15, 15), (3, 3)])
async def test_writes_of_tasks(fake: FakeAsana, writes: int, expected: int) -> None:
    """The same holds for asyncio."""
    with fake.serve() as url:
        async with (
            AsyncAsanaClient(config(url, max_writes=writes)) as one,
            AsyncAsanaClient(config(url, max_writes=writes)) as other,
        ):
            await at_once(40, lambda number: (one, other)[number % 2].create(draft(str(number))))

    assert fake.peak_writes == expected
    assert len(fake.calls) == len(fake.tasks) == 40


async def test_threads_and_tasks(fake: FakeAsana) -> None:
    """Threads and an event loop share the places of a token."""
    with fake.serve() as url, AsanaClient(config(url, max_writes=4)) as one:
        async with AsyncAsanaClient(config(url, max_writes=4)) as other:
            threads = asyncio.to_thread(in_threads, 12, lambda number: one.create(draft(f"a{number}")))
            await asyncio.gather(threads, at_once(12, lambda number: other.create(draft(f"b{number}"))))

    assert fake.peak_writes == 4
    assert len(fake.tasks) == 24


def test_reads(fake: FakeAsana) -> None:
    """Reads have places of their own, which writes do not take."""
    with fake.serve() as url, AsanaClient(config(url, max_reads=5, max_writes=2)) as client:

        def work(number: int) -> object:
            return client.create(draft(str(number))) if number % 2 else client.get_project(PROJECT)

        in_threads(24, work)

    assert (fake.peak_reads, fake.peak_writes) == (5, 2)


def test_tokens() -> None:
    """Every token of every service has its own pace, and the narrowest setting holds."""
    base = "https://a.example"
    pace = pace_of(Secret("token-one"), base, reads=50, writes=15)

    assert pace_of(Secret("token-one"), base + "/", reads=50, writes=15) is pace
    assert pace_of(Secret("token-two"), base, reads=50, writes=15) is not pace
    assert pace_of(Secret("token-one"), "https://b.example", reads=50, writes=15) is not pace


def test_narrowest() -> None:
    """A second client with less room narrows the first one's too."""
    lane = Lane(2)
    lane.narrow(1)
    lane.narrow(3)

    assert lane.enter(_Turn())
    assert not lane.enter(_Turn())


def test_narrowed() -> None:
    """Places that are taken already are lost as they are given up, and only then given to the line."""
    lane, third = Lane(2), _Turn()
    assert [lane.enter(turn) for turn in (_Turn(), _Turn(), third)] == [True, True, False]
    lane.narrow(1)

    lane.leave()
    assert third.came == 0
    lane.leave()
    assert third.came == 1


def test_forgotten() -> None:
    """What nobody uses any more is forgotten, and the token is nowhere in what is kept."""
    from sentry_governed.asana import _pacing

    pace = pace_of(Secret("token-three"), "https://c.example", reads=1, writes=1)
    (key,) = (key for key, value in _pacing._paces.items() if value is pace)
    assert b"token-three" not in key

    del pace
    gc.collect()
    assert key not in _pacing._paces


@attrs.define
class _Turn:
    came: int = 0
    is_there: bool = True

    def come(self) -> bool:
        self.came += 1
        return self.is_there


def test_line() -> None:
    """Places are given in the order of the line, past those who left it or are gone for good."""
    lane, first, gone, left, last = Lane(1), _Turn(), _Turn(is_there=False), _Turn(), _Turn()
    assert [lane.enter(turn) for turn in (first, gone, left, last)] == [True, False, False, False]
    lane.abandon(left)
    lane.leave()

    assert (gone.came, left.came, last.came) == (1, 0, 1)

    lane.abandon(last)
    assert lane.enter(_Turn())


@attrs.define
class Waiting:
    """A sender that holds every request until it is let go."""

    calls: int = 0
    gate: threading.Event = attrs.field(factory=threading.Event)

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Wait, then answer."""
        self.calls += 1
        self.gate.wait(5)
        return Response(200)


@attrs.define
class Answering:
    """A sender, for threads or for asyncio, that answers what it is told to, in turn."""

    answers: list[Response]
    at: list[float] = attrs.field(factory=list[float])

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Answer."""
        self.at.append(time.monotonic())
        return self.answers.pop(0)


@attrs.define
class AsyncAnswering:
    """`Answering` for asyncio."""

    inner: Answering

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Answer."""
        return self.inner.send(request, timeout=timeout)


@pytest.fixture(params=["sync", "async"])
def paced(request: pytest.FixtureRequest) -> Callable[[Answering, Pace, Request, float | None], Response]:
    """Sends once through a paced sender of either kind."""

    def threads(inner: Answering, pace: Pace, asked: Request, timeout: float | None) -> Response:
        return PacedSender(inner, pace).send(asked, timeout=timeout)

    def loop(inner: Answering, pace: Pace, asked: Request, timeout: float | None) -> Response:
        async def once() -> Response:
            return await AsyncPacedSender(AsyncAnswering(inner), pace).send(asked, timeout=timeout)

        return asyncio.run(once())

    return threads if request.param == "sync" else loop


Send = Callable[[Answering, Pace, Request, float | None], Response]


@pytest.mark.parametrize("timeout", [0.0, 0.05])
def test_crowded(paced: Send, timeout: float) -> None:
    """Who finds no place within the caller's time sends nothing, and holds no place afterwards."""
    pace = Pace(1, 1)
    inner = Answering([Response(200), Response(200)])
    pace.writes.enter(_Turn())

    start = time.monotonic()
    with pytest.raises(NotSent, match="in flight"):
        paced(inner, pace, POST, timeout)
    assert timeout <= time.monotonic() - start < timeout + 1
    assert paced(inner, pace, GET, timeout + 1).status == 200

    pace.writes.leave()
    assert paced(inner, pace, POST, timeout + 1).status == 200


@pytest.mark.parametrize("headers", [(("retry-after", "1"),), ()], ids=["asked", "unasked"])
def test_pause(paced: Send, headers: tuple[tuple[str, str], ...]) -> None:
    """A 429 holds back everybody on the token for as long as it asks, or for a second; reads as well."""
    pace = Pace(5, 5)
    inner = Answering([Response(429, headers), Response(200)])

    assert paced(inner, pace, POST, 5.0).status == 429
    assert paced(inner, pace, GET, 5.0).status == 200
    assert 1.0 <= inner.at[1] - inner.at[0] < 2.0


def test_long_pause(paced: Send) -> None:
    """A pause beyond the caller's time is answered at once with what is left of it, and nothing is sent."""
    pace = Pace(5, 5)
    inner = Answering([Response(429, (("retry-after", "30"), ("x-a", "b")), b"chill")])
    paced(inner, pace, POST, 5.0)

    start = time.monotonic()
    answer = paced(inner, pace, POST, 5.0)

    assert time.monotonic() - start < 1
    assert (answer.status, answer.body) == (429, b"chill")
    assert answer.headers == (("retry-after", "30"), ("x-a", "b"))
    assert len(inner.at) == 1


def test_shorter_pause(paced: Send) -> None:
    """A later 429 that asks for less does not shorten the pause."""
    pace = Pace(5, 5)
    pace.note(Response(429, (("retry-after", "30"),)))
    pace.note(Response(429, (("retry-after", "0"),)))

    assert 29 < pace.pause() <= 30


def test_longest_pause() -> None:
    """A 429 that asks for years holds everybody back for an hour."""
    pace = Pace(5, 5)
    pace.note(Response(429, (("retry-after", "999999999"),)))

    assert 3_599 < pace.pause() <= 3_600


def test_failed_send(paced: Send) -> None:
    """A send that raises gives its place up."""
    pace = Pace(1, 1)
    inner = Answering([])

    for _ in range(3):
        with pytest.raises(IndexError):
            paced(inner, pace, POST, 1.0)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_rate_limited(kind: str) -> None:
    """A client gives up when the pause is longer than its patience, and says how long it is."""
    fake = FakeAsana()
    fake.faults.add(Fault.status(429, retry_after=30))
    start = time.monotonic()

    with fake.serve() as url:
        settings = config(url, patience=2)
        errors = asyncio.run(_two_errors(settings)) if kind == "async" else two_errors(settings)

    assert all(28 < (error.retry_after or 0) <= 30 for error in errors)
    assert time.monotonic() - start < 2
    assert len(fake.calls) == 1


def two_errors(settings: AsanaConfig) -> list[RateLimited]:
    """What two reads of one client come to."""
    errors: list[RateLimited] = []
    with AsanaClient(settings) as client:
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                client.get_project(PROJECT)
            errors.append(caught.value)
    return errors


async def _two_errors(settings: AsanaConfig) -> list[RateLimited]:
    errors: list[RateLimited] = []
    async with AsyncAsanaClient(settings) as client:
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await client.get_project(PROJECT)
            errors.append(caught.value)
    return errors


def test_retried() -> None:
    """A create that was turned away is sent again after the wait that Asana asked for."""
    fake = FakeAsana()
    fake.add_project("Backlog", gid=PROJECT)
    fake.faults.add(Fault.status(429, retry_after=1))
    start = time.monotonic()

    with fake.serve() as url, AsanaClient(config(url)) as client:
        client.create(draft())

    assert 1.0 <= time.monotonic() - start < 3.0
    assert len(fake.calls) == 2


async def test_cancelled() -> None:
    """Who is cancelled in line, or while sending, gives the place to the next."""
    pace = Pace(1, 1)
    entered, hold = asyncio.Event(), asyncio.Event()

    class Holding:
        async def send(self, request: Request, *, timeout: float | None = None) -> Response:
            entered.set()
            await hold.wait()
            return Response(200)

    sender = AsyncPacedSender(Holding(), pace)
    sending = asyncio.create_task(sender.send(POST))
    await entered.wait()
    waiting = asyncio.create_task(sender.send(POST))
    last = asyncio.create_task(sender.send(POST))
    await asyncio.sleep(0)
    waiting.cancel()
    sending.cancel()
    hold.set()

    assert (await last).status == 200
    assert [task.cancelled() for task in (sending, waiting)] == [True, True]
    assert pace.writes.enter(_Turn())


def test_closed_loop() -> None:
    """A place is not given to a task whose event loop is closed."""
    pace = Pace(1, 1)
    waiting = Waiting()
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(PacedSender(waiting, pace).send, POST)
        while not waiting.calls:
            time.sleep(0.001)
        lost = loop.create_task(AsyncPacedSender(AsyncAnswering(Answering([])), pace).send(POST))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        second = pool.submit(PacedSender(Answering([Response(204)]), pace).send, POST, timeout=5)
        waiting.gate.set()

        assert first.result(5).status == 200
        assert second.result(5).status == 204
    lost._log_destroy_pending = False  # type: ignore[attr-defined]  # it is lost on purpose
