"""Small things that many tests of this package need."""

from __future__ import annotations

import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sentry_governed import LedgerRecord, Operation, Permit, Request, Response, Secret
from sentry_governed._http import Endpoint, Flow, bearer, send

TESTS = str(Path(__file__).parents[1])
CANARY = "canary-7f3a9c51"
READ = Operation("issues.get", "read", "project", org="my-org", projects=("my-org/web",))
GET = Request("GET", "/issues/{issue_id}/", (("issue_id", "1"),))


def endpoint(
    origin: str,
    *,
    timeout: float = 30.0,
    connect_timeout: float = 5.0,
    max_response_bytes: int = 16 * 2**20,
    trust_env: bool = False,
) -> Endpoint:
    """An endpoint of a loopback server, with the canary for a token."""
    return Endpoint(
        base_url=origin,
        credentials=(bearer(Secret(CANARY)),),
        headers=(("X-Plain", "plain"),),
        timeout=timeout,
        connect_timeout=connect_timeout,
        max_response_bytes=max_response_bytes,
        allow_http=True,
        trust_env=trust_env,
    )


def method(name: str, *, idempotent: bool = False, body: bytes | None = b"{}") -> Request:
    """A request that is fine in every other respect."""
    return Request(name, "/issues/{issue_id}/", (("issue_id", "1"),), (), body, idempotent)


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.epoch = 1_700_000_000.0
        self.elapsed = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.epoch + self.elapsed

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class Scripted:
    """A sender that plays outcomes in turn; the last one serves for ever."""

    def __init__(self, *outcomes: Response | BaseException, takes: float = 0.0) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[Request] = []
        self.timeouts: list[float | None] = []
        self.clock: FakeClock | None = None
        self.takes = takes

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        self.sent.append(request)
        self.timeouts.append(timeout)
        if self.clock is not None:
            self.clock.elapsed += self.takes
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Response):
            return outcome
        raise outcome


class Recorder:
    """An authorizer that notes every question and every ending, and where it was asked."""

    def __init__(self, *, denies: BaseException | None = None, blocking: bool = False) -> None:
        self.blocking = blocking
        self.denies = denies
        self.asked: list[tuple[Operation, Request | None, str | None]] = []
        self.ended: list[int | BaseException] = []
        self.threads: set[int] = set()

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        self.threads.add(threading.get_ident())
        self.asked.append((operation, request, approval))
        if self.denies is not None:
            raise self.denies
        return Permit(operation, self._ended)

    def _ended(self, outcome: int | BaseException) -> None:
        self.threads.add(threading.get_ident())
        self.ended.append(outcome)


class DictLedger:
    """A ledger in a dict."""

    def __init__(self) -> None:
        self.records: dict[str, LedgerRecord] = {}
        self.threads: set[int] = set()

    def get(self, key: str) -> LedgerRecord | None:
        self.threads.add(threading.get_ident())
        return self.records.get(key)

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        self.threads.add(threading.get_ident())
        known = self.records.get(key)
        if (known.version if known else None) != expected:
            return None
        self.records[key] = LedgerRecord(key, value, (expected or 0) + 1, expires_at)
        return self.records[key]


class AsyncDictLedger:
    """The same, awaited."""

    def __init__(self) -> None:
        self.inner = DictLedger()

    async def get(self, key: str) -> LedgerRecord | None:
        return self.inner.get(key)

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        return self.inner.put(key, value, expected=expected, expires_at=expires_at)


def traces(error: BaseException) -> str:
    """Everything that an error tells whoever prints, pickles, logs or inspects it."""
    return "\n".join(_traces(error))


def _traces(error: BaseException) -> Iterator[str]:
    yield "".join(traceback.format_exception(error))
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    seen: BaseException | None = error
    while seen is not None:
        yield f"{seen} {seen!r} {seen.args!r} {vars(seen)!r}"
        yield repr(pickle.dumps(seen))
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            if not frame.f_code.co_filename.startswith(TESTS):
                yield repr([_opened(value) for value in frame.f_locals.values()])
        seen = seen.__cause__ or seen.__context__


def _opened(value: object) -> object:
    """A local with the attributes that a curious error reporter would show."""
    return (value, getattr(value, "headers", None), getattr(value, "__dict__", None))


def one(request: Request = GET) -> Flow[Response]:
    """A flow of one request."""
    return (yield from send("sentry", READ, request))


class Closing:
    """A flow that notes how it ended."""

    def __init__(self, inner: Callable[[], Flow[Response]] = one) -> None:
        self.inner = inner
        self.ended: BaseException | None = None

    def __call__(self) -> Flow[Response]:
        try:
            return (yield from self.inner())
        except BaseException as error:
            self.ended = error
            raise


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What happens inside takes no longer."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds
