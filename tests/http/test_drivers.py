"""Both drivers act on a flow's steps in the one order that is allowed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sentry_governed import (
    AllowAll,
    ConfigError,
    Denied,
    NotSent,
    Operation,
    Permit,
    ReplyLost,
    Request,
    RequestRefused,
    Response,
)
from sentry_governed._http import Flow, arun, check, ledger_get, ledger_put, now, send
from tests.http.conftest import Drive
from tests.http.makers import (
    GET,
    READ,
    AsyncDictLedger,
    Closing,
    DictLedger,
    FakeClock,
    Recorder,
    Scripted,
    method,
    one,
)

OK = Response(200)


def two() -> Flow[int]:
    """A read, then a write."""
    first = yield from send("sentry", READ, GET)
    second = yield from send("sentry", READ, method("PUT"))
    return first.status + second.status


def test_result(drive: Drive) -> None:
    """Answers reach the flow in turn and its result comes back."""
    sender = Scripted(Response(200), Response(204))

    assert drive(two(), sender, AllowAll()) == 404
    assert [request.method for request in sender.sent] == ["GET", "PUT"]


def test_no_steps(drive: Drive) -> None:
    """A flow that asks for nothing is run all the same."""

    def nothing() -> Flow[str]:
        return "done"
        yield from one()

    assert drive(nothing(), Scripted(OK), Recorder(denies=Denied("no"))) == "done"


def test_authorized_once(drive: Drive) -> None:
    """Each send is authorized once, with the exact request, and reported once."""
    authorizer = Recorder()
    drive(two(), Scripted(Response(200), Response(503)), authorizer, approval="yes")

    assert authorizer.asked == [(READ, GET, "yes"), (READ, method("PUT"), "yes")]
    assert authorizer.ended == [200, 503]


def test_once_over_retries(drive: Drive) -> None:
    """However often the sender tries, the authorizer is asked and told once."""
    authorizer, sender = Recorder(), Scripted(Response(503), Response(503), OK)

    class Patient:
        def send(self, request: Request, *, timeout: float | None = None) -> Response:
            return Drive(is_async=False).retrying(sender, request, clock=FakeClock(), timeout=timeout)

    drive(one(), Patient(), authorizer)

    assert (len(sender.sent), len(authorizer.asked), authorizer.ended) == (3, 1, [200])


def test_check(drive: Drive) -> None:
    """A check asks without a request, sends nothing and reports nothing."""
    authorizer, sender = Recorder(), Scripted(OK)

    def checked() -> Flow[Permit]:
        return (yield from check("sentry", READ))

    assert drive(checked(), sender, authorizer, approval="yes").operation == READ
    assert (authorizer.asked, authorizer.ended, sender.sent) == ([(READ, None, "yes")], [], [])


@pytest.mark.parametrize("blocking", [True, False])
def test_denied(blocking: bool, drive: Drive) -> None:
    """A denial is raised in the flow at its step, and nothing is sent."""
    denied = Denied("not today")
    authorizer, sender, flow = Recorder(denies=denied, blocking=blocking), Scripted(OK), Closing()
    with pytest.raises(Denied) as caught:
        drive(flow(), sender, authorizer)

    assert caught.value is flow.ended is denied
    assert denied.__context__ is denied.__cause__ is None
    assert (sender.sent, authorizer.ended) == ([], [])


def test_denied_midway(drive: Drive) -> None:
    """When the second step is denied, the first has happened and the second has not."""

    class OnlyReads(Recorder):
        def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
            if request is not None and request.method != "GET":
                raise Denied("reads only")
            return super().authorize(operation, request, approval)

    sender = Scripted(OK)
    with pytest.raises(Denied):
        drive(two(), sender, OnlyReads())

    assert sender.sent == [GET]


@pytest.mark.parametrize(
    "error", [NotSent("GET", "/", "x"), ReplyLost("GET", "/", "x"), ValueError("bug")], ids=repr
)
def test_errors_reach_flow(error: Exception, drive: Drive) -> None:
    """Whatever a sender raises is reported, and raised in the flow without a chain."""
    authorizer, flow = Recorder(), Closing()
    with pytest.raises(type(error)) as caught:
        drive(flow(), Scripted(error), authorizer)

    assert caught.value is flow.ended is error
    assert error.__context__ is error.__cause__ is None
    assert authorizer.ended == [error]


def test_flow_recovers(drive: Drive) -> None:
    """A flow may catch an error and go on."""

    def stubborn() -> Flow[int]:
        try:
            yield from one()
        except ReplyLost:
            return (yield from one()).status
        return 0

    authorizer = Recorder()
    lost = ReplyLost("GET", "/", "x")

    assert drive(stubborn(), Scripted(lost, Response(201)), authorizer) == 201
    assert authorizer.ended == [lost, 201]


def test_unsafe_path(drive: Drive) -> None:
    """A path that cannot be built is refused before anybody is asked."""
    authorizer, sender = Recorder(), Scripted(OK)
    with pytest.raises(RequestRefused):
        drive(one(Request("GET", "/x/{name}/", (("name", ".."),))), sender, authorizer)

    assert (authorizer.asked, sender.sent) == ([], [])


def test_unknown_service(drive: Drive) -> None:
    """A service that nobody bound is a mistake of the program."""
    with pytest.raises(ConfigError, match="'asana'"):
        drive(send("asana", READ, GET), Scripted(OK), AllowAll())


@pytest.mark.parametrize("outcome", [OK, ReplyLost("GET", "/", "x")], ids=["answer", "error"])
def test_broken_report(outcome: Response | Exception, drive: Drive) -> None:
    """A report that fails is raised in the flow, but never in place of what became of the request."""

    class Broken:
        blocking = False
        told = 0

        def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
            def complain(_outcome: int | BaseException) -> None:
                self.told += 1
                raise OSError("disk full")

            return Permit(operation, complain)

    authorizer = Broken()
    with pytest.raises(OSError if isinstance(outcome, Response) else type(outcome)):
        drive(one(), Scripted(outcome), authorizer)

    assert authorizer.told == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_interrupted(interruption: BaseException, drive: Drive) -> None:
    """An interruption is reported once and closes the flow, which cannot catch it as an error."""
    authorizer, flow = Recorder(), Closing()
    with pytest.raises(type(interruption)):
        drive(flow(), Scripted(interruption), authorizer)

    assert authorizer.ended == [interruption]
    assert isinstance(flow.ended, GeneratorExit)


def test_time_left(drive: Drive) -> None:
    """A sender is told how much time is left, or nothing when there is no deadline."""
    sender, clock = Scripted(OK), FakeClock()
    drive(one(), sender, AllowAll(), clock=clock, deadline=clock.monotonic() + 7)
    drive(one(), sender, AllowAll(), clock=clock)

    assert sender.timeouts == [7, None]


def test_deadline(drive: Drive) -> None:
    """Past the deadline nothing is authorized or sent, and the error names it."""
    sender, clock, authorizer, flow = Scripted(OK), FakeClock(), Recorder(), Closing()
    with pytest.raises(NotSent, match="deadline") as caught:
        drive(flow(), sender, authorizer, clock=clock, deadline=clock.monotonic())

    assert flow.ended is caught.value
    assert (authorizer.asked, sender.sent) == ([], [])


def test_slow_authorizer(drive: Drive) -> None:
    """When authorizing used up the time, nothing is sent and the permit is closed."""
    clock, sender = FakeClock(), Scripted(OK)

    class Slow(Recorder):
        def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
            clock.elapsed += 10
            return super().authorize(operation, request, approval)

    authorizer = Slow()
    with pytest.raises(NotSent, match="deadline") as caught:
        drive(one(), sender, authorizer, clock=clock, deadline=clock.monotonic() + 5)

    assert (sender.sent, authorizer.ended) == ([], [caught.value])


def test_now(drive: Drive) -> None:
    """A flow gets the time from the driver's clock."""
    assert drive(now(), Scripted(OK), AllowAll(), clock=FakeClock()) == 1_700_000_000.0


def _counting() -> Flow[list[int]]:
    written = [(yield from ledger_put("k", "a", expected=None, expires_at=9.0))]
    written += [(yield from ledger_put("k", "b", expected=None, expires_at=9.0))]
    written += [(yield from ledger_put("k", "c", expected=1, expires_at=9.0))]
    written += [(yield from ledger_get("k")), (yield from ledger_get("other"))]
    return [0 if record is None else record.version for record in written]


def test_ledger(drive: Drive) -> None:
    """Reads and conditional writes go to the ledger; only `arun` uses a thread for it."""
    ledger = DictLedger()

    assert drive(_counting(), Scripted(OK), AllowAll(), ledger=ledger) == [1, 0, 2, 2, 0]
    assert (threading.get_ident() in ledger.threads) is not drive.is_async


def test_async_ledger() -> None:
    """An asynchronous ledger is awaited where the loop runs."""
    ledger = AsyncDictLedger()

    assert asyncio.run(arun(_counting(), {}, ledger=ledger)) == [1, 0, 2, 2, 0]
    assert ledger.inner.threads == {threading.get_ident()}


def test_no_ledger(drive: Drive) -> None:
    """A flow that asks a ledger needs one."""
    with pytest.raises(ConfigError, match="ledger"):
        drive(ledger_get("k"), Scripted(OK), AllowAll())


@pytest.mark.parametrize("blocking", [True, False])
def test_threads(blocking: bool, drive: Drive) -> None:
    """`arun` asks and tells an authorizer that may wait in a thread, and another one directly."""
    authorizer = Recorder(blocking=blocking)
    drive(one(), Scripted(OK), authorizer)

    assert (authorizer.threads == {threading.get_ident()}) is not (drive.is_async and blocking)


def test_undeclared_blocks() -> None:
    """An authorizer that declares nothing is taken to wait."""
    authorizer = Recorder()
    del authorizer.blocking
    Drive(is_async=True)(one(), Scripted(OK), authorizer)

    assert threading.get_ident() not in authorizer.threads
