"""What is sent again, when, and how it ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import (
    NotSent,
    ReplyLost,
    Request,
    RequestRefused,
    Response,
    ResponseTooLarge,
    TransportError,
)
from sentry_governed._http import AsyncRetryingSender, Endpoint, HttpSender, RetryPolicy
from sentry_governed._http.retry import may_repeat, wait
from tests.http.conftest import Awaited, Drive
from tests.http.makers import GET, FakeClock, Scripted, endpoint, method
from tests.http.servers import Server, answering, reply

POLICY = RetryPolicy()
NOW = 1_700_000_000.0
READS = {429, 500, 502, 503, 504}
IDEMPOTENT = {429, 503}
WRITES = {429}
EVERY_STATUS = [200, 201, 204, *range(300, 309), *range(400, 432), 451, *range(500, 512)]
KINDS = {
    "GET": (GET, READS),
    "PUT": (method("PUT", idempotent=True), IDEMPOTENT),
    "DELETE": (method("DELETE", idempotent=True), IDEMPOTENT),
    "PUT, not idempotent": (method("PUT"), WRITES),
    "POST": (method("POST"), WRITES),
    "POST, said to be idempotent": (method("POST", idempotent=True), WRITES),
    "PATCH": (method("PATCH"), WRITES),
}


def failure(kind: type[TransportError]) -> TransportError:
    """An error of that kind."""
    return kind("GET", "/issues/{issue_id}/", "why")


@pytest.mark.parametrize("kind", KINDS)
def test_statuses(kind: str) -> None:
    """Each kind of request is repeated after exactly these statuses."""
    request, again = KINDS[kind]

    assert {status for status in EVERY_STATUS if may_repeat(request, Response(status))} == again


@pytest.mark.parametrize("kind", KINDS)
def test_errors(kind: str) -> None:
    """What was never sent is repeated; a lost reply only for reads; a refusal or a flood never."""
    request, _ = KINDS[kind]
    again = {error for error in (NotSent, ReplyLost, RequestRefused, ResponseTooLarge, TransportError)
             if may_repeat(request, failure(error))}  # fmt: skip

    assert again == ({NotSent, ReplyLost} if kind == "GET" else {NotSent})


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7"}, 7),
        (503, {"retry-after": "120"}, 120),
        (503, {"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
        (503, {"retry-after": "Tue, 14 Nov 2023 22:13:30 -0000"}, 10),
        (429, {"x-sentry-rate-limit-reset": "1700000004"}, 4),
        (429, {"x-sentry-rate-limit-reset": "1700000004.5"}, 4.5),
        (429, {"x-ratelimit-reset": "12"}, 12),
        (429, {"retry-after": "3", "x-sentry-rate-limit-reset": "1700000009"}, 3),
    ],
)
def test_asked_wait(status: int, headers: dict[str, str], seconds: float) -> None:
    """A service that says when is believed: seconds, a date, or the end of Sentry's window."""
    response = Response(status, tuple(headers.items()))

    assert wait(response, 1, policy=POLICY, now=NOW, random=lambda: 0.5) == seconds


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (503, {}),
        (503, {"x-sentry-rate-limit-reset": "1700000009"}),
        (503, {"x-ratelimit-reset": "12"}),
        (429, {"x-ratelimit-reset": "1700000009"}),
        (429, {"x-sentry-rate-limit-reset": "1600000000"}),
        (429, {"x-sentry-rate-limit-reset": "soon"}),
        (429, {"retry-after": "0"}),
        (429, {"retry-after": "-5"}),
        (429, {"retry-after": "9" * 5000}),
        (429, {"retry-after": "Tue, 14 Nov 1990 22:13:30 GMT"}),
        (429, {"retry-after": "never"}),
    ],
)
def test_own_wait(status: int, headers: dict[str, str]) -> None:
    """Without usable advice the wait doubles up to a bound, and half of it is random."""
    response = Response(status, tuple(headers.items()))

    def waits(drawn: float) -> list[float]:
        return [
            wait(response, attempt, policy=POLICY, now=NOW, random=lambda: drawn) for attempt in range(1, 7)
        ]

    assert waits(1.0) == [0.5, 1, 2, 4, 8, 8]
    assert waits(0.0) == [0.25, 0.5, 1, 2, 4, 4]


@given(
    name=st.sampled_from(["retry-after", "x-sentry-rate-limit-reset"]),
    value=st.text(max_size=80)
    | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [A-Z+-]\w*"),
)
def test_any_advice(name: str, value: str) -> None:
    """Whatever the header says, there is a wait and it is positive."""
    assert wait(Response(429, ((name, value),)), 1, policy=POLICY, now=NOW, random=lambda: 0.0) > 0


def test_same_sleeps() -> None:
    """Both senders sleep the same times."""
    outcomes = (Response(503), failure(NotSent), Response(429, (("retry-after", "5"),)), Response(200))
    clocks = FakeClock(), FakeClock()
    answers = [
        Drive(is_async).retrying(Scripted(*outcomes), GET, clock=clock, random=0.25)
        for is_async, clock in zip((False, True), clocks, strict=True)
    ]

    assert answers == [Response(200), Response(200)]
    assert clocks[0].slept == clocks[1].slept == [0.3125, 0.625, 5]


def test_gives_up(drive: Drive) -> None:
    """After the last attempt the last response comes back as it is."""
    clock, sender = FakeClock(), Scripted(*(Response(503, body=bytes([n])) for n in range(9)))

    assert drive.retrying(sender, GET, clock=clock) == Response(503, body=b"\x03")
    assert len(sender.sent) == 4


def test_raises_last(drive: Drive) -> None:
    """After the last attempt the last error is raised, neither wrapped nor chained."""
    errors = [failure(NotSent) for _ in range(4)]
    with pytest.raises(NotSent) as caught:
        drive.retrying(Scripted(*errors), GET, clock=FakeClock())

    assert caught.value is errors[-1]
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_no_retry(drive: Drive) -> None:
    """A write with a lost reply is sent once."""
    sender, clock = Scripted(failure(ReplyLost)), FakeClock()
    with pytest.raises(ReplyLost):
        drive.retrying(sender, method("POST"), clock=clock)

    assert (len(sender.sent), clock.slept) == (1, [])


def test_too_long_a_wait(drive: Drive) -> None:
    """A wait that the caller's time does not cover is not begun: the answer comes back at once."""
    limited = Response(429, (("retry-after", "30"),))
    sender, clock = Scripted(limited), FakeClock()

    assert drive.retrying(sender, GET, clock=clock, timeout=30) == limited
    assert (len(sender.sent), clock.slept) == (1, [])
    assert drive.retrying(Scripted(limited, Response(200)), GET, clock=clock, timeout=31).status == 200


def test_budget(drive: Drive) -> None:
    """Without a bound from the caller the policy's own holds."""
    limited = Response(429, (("retry-after", "25"),))
    clock = FakeClock()

    assert drive.retrying(Scripted(limited), GET, clock=clock, policy=RetryPolicy(budget=60)) == limited
    assert clock.slept == [25, 25]


def test_time_left(drive: Drive) -> None:
    """Each attempt is told what is left, with the earlier attempts and waits taken off."""
    clock = FakeClock()
    sender = Scripted(Response(503, (("retry-after", "4"),)), Response(200), takes=3)
    sender.clock = clock
    drive.retrying(sender, GET, clock=clock, timeout=20)

    assert sender.timeouts == [20, 13]


@pytest.mark.parametrize("error", [ValueError("bug"), KeyboardInterrupt()], ids=repr)
def test_other_errors(drive: Drive, error: BaseException) -> None:
    """An error that is not the transport's is nobody's reason to try again."""
    sender = Scripted(error)
    with pytest.raises(type(error)):
        drive.retrying(sender, GET, clock=FakeClock())

    assert len(sender.sent) == 1


def test_cancelled_wait() -> None:
    """A cancelled wait ends the attempts."""
    sender = Scripted(Response(503))

    async def cancel() -> None:
        patient = AsyncRetryingSender(
            Awaited(sender), RetryPolicy(first_wait=60, longest_wait=60, budget=999)
        )
        task = asyncio.ensure_future(patient.send(GET))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert len(sender.sent) == 1


@pytest.mark.parametrize(
    ("request_", "statuses", "arrivals"),
    [
        (GET, [500, 502, 504, 200], 4),
        (GET, [410], 1),
        (GET, [302], 1),
        (method("PUT", idempotent=True), [503, 429, 200], 3),
        (method("PUT", idempotent=True), [500], 1),
        (method("POST"), [429, 201], 2),
        (method("POST"), [503], 1),
    ],
)
def test_arrivals(request_: Request, statuses: list[int], arrivals: int, drive: Drive) -> None:
    """A counting server sees each request as often as the table says."""
    with Server(answering(*map(reply, statuses))) as server:
        answer = drive.retrying(Real(endpoint(server.origin)), request_, clock=FakeClock())

    assert (answer.status, len(server.requests)) == (statuses[-1], arrivals)


@attrs.frozen
class Real:
    """The synchronous real sender, opened for one request."""

    endpoint: Endpoint

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        with HttpSender(self.endpoint) as sender:
            return sender.send(request, timeout=timeout)


def test_table_is_whole() -> None:
    """No status and no error makes anything but the listed kinds repeat."""
    outcomes: Iterable[Response | TransportError] = itertools.chain(
        map(Response, range(100, 600)),
        [failure(ReplyLost), failure(ResponseTooLarge), failure(RequestRefused)],
    )
    repeated = {outcome.status for outcome in outcomes
                if may_repeat(method("POST"), outcome) and isinstance(outcome, Response)}  # fmt: skip

    assert repeated == {429}
