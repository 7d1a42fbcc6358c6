"""`within` bounds the time of sends by a clock that nobody sets back."""

from __future__ import annotations

import pytest

from sentry_governed import AllowAll, NotSent, Operation, Permit, Request, Response
from sentry_governed._http import Flow, within
from tests.http.conftest import Drive
from tests.http.makers import FakeClock, Recorder, Scripted, one

OK = Response(200)


def twice() -> Flow[int]:
    """Two sends."""
    first = yield from one()
    second = yield from one()
    return first.status + second.status


class SlowRecorder(Recorder):
    """An authorizer that takes 3 seconds of a clock."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        self.clock.elapsed += 3
        return super().authorize(operation, request, approval)


def test_together(drive: Drive) -> None:
    """All sends of a flow share the seconds."""
    clock, sender = FakeClock(), Scripted(OK, takes=2)
    sender.clock = clock

    assert drive(within(5, twice()), sender, AllowAll(), clock=clock) == 400
    assert sender.timeouts == [5, 3]


@pytest.mark.parametrize(("outer", "inner"), [(60, 2), (2, 60)])
def test_nested(outer: float, inner: float, drive: Drive) -> None:
    """Of two bounds the tighter one holds, wherever it was set."""
    clock, sender = FakeClock(), Scripted(OK)
    drive(within(outer, within(inner, one())), sender, AllowAll(), clock=clock)

    assert sender.timeouts == [2]


@pytest.mark.parametrize(("deadline", "left"), [(3, 3), (30, 5)])
def test_deadline_too(deadline: float, left: float, drive: Drive) -> None:
    """The driver's own deadline holds beside it."""
    clock, sender = FakeClock(), Scripted(OK)
    drive(within(5, one()), sender, AllowAll(), clock=clock, deadline=clock.monotonic() + deadline)

    assert sender.timeouts == [left]


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_clock_is_set(step: float, drive: Drive) -> None:
    """Setting the wall clock while a send is on its way changes nothing."""
    clock, sender = FakeClock(), Scripted(OK)

    class Setting(Recorder):
        def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
            clock.epoch += step
            return super().authorize(operation, request, approval)

    drive(within(5, twice()), sender, Setting(), clock=clock)

    assert sender.timeouts == [5, 5]


def test_slow_authorizer(drive: Drive) -> None:
    """What an authorizer takes is gone from the time of the send."""
    clock, sender = FakeClock(), Scripted(OK)
    drive(within(5, one()), sender, SlowRecorder(clock), clock=clock)

    assert sender.timeouts == [2]


def test_used_up(drive: Drive) -> None:
    """When the time is used up nothing is sent, and the permit is closed with the error."""
    clock, sender = FakeClock(), Scripted(OK)
    authorizer = SlowRecorder(clock)
    with pytest.raises(NotSent, match="deadline") as caught:
        drive(within(5, twice()), sender, authorizer, clock=clock)

    assert (len(sender.sent), authorizer.ended) == (1, [200, caught.value])
