"""Parts of a process that run side by side."""

import signal
import threading
import time
from collections.abc import Callable

import attrs
import pytest

from sentry_governed.adapters._parts import Ended, Part, Parts
from sentry_governed.adapters._timer import Timer
from sentry_governed.errors import ConfigError, LedgerError


def together(parts: list[Part], *, drain: float) -> Parts:
    """Parts of one process."""
    made = Parts(drain=drain)
    for part in parts:
        made.add(part)
    return made


def waiting(name: str, *, until: threading.Event | None = None) -> Part:
    """A part that works until it is told to stop."""
    told = until or threading.Event()

    def wait() -> None:
        told.wait(30)

    return Part(name, wait, told.set)


def at_once(name: str, work: Callable[[], None]) -> Part:
    """A part that ends by itself."""
    return Part(name, work, lambda: None)


def fail() -> None:
    """What a part must not do."""
    raise ValueError("canary")


def test_stop() -> None:
    """Stopping ends all parts, and nothing has failed."""
    parts = together([waiting("a"), waiting("b")], drain=10)
    threading.Timer(0.05, parts.stop).start()

    assert parts.run() == Ended()


def test_stop_before_run() -> None:
    """A stop that comes before the start is not forgotten."""
    parts = together([waiting("a")], drain=10)
    parts.stop()

    assert parts.run() == Ended()


def test_one_ends() -> None:
    """When one part ends, however it does, the others are stopped and it is named."""
    told = threading.Event()

    assert together([waiting("a", until=told), at_once("b", lambda: None)], drain=10).run() == Ended(("b",))
    assert told.is_set()
    assert together([waiting("a"), at_once("b", fail)], drain=10).run() == Ended(("b",))


def test_late() -> None:
    """A part that does not end in time is named, and waited for no longer."""
    never = threading.Event()
    deaf = attrs.evolve(waiting("deaf", until=never), stop=lambda: None)
    parts = together([deaf, waiting("a")], drain=0.2)
    parts.stop()
    started = time.monotonic()

    assert parts.run() == Ended(late=("deaf",))
    assert time.monotonic() - started < 10
    never.set()


def test_missing() -> None:
    """What does not run is known before the start, while it runs, and from the stop on."""
    running, told = threading.Event(), threading.Event()

    def run() -> None:
        running.set()
        told.wait(30)

    parts = together([Part("a", run, told.set)], drain=10)
    assert parts.missing() == ["a"]

    thread = threading.Thread(target=parts.run)
    thread.start()
    assert running.wait(10)
    assert parts.missing() == []
    parts.stop()
    thread.join(10)
    assert parts.missing() == ["a"]


def test_signal() -> None:
    """A signal handler may stop it at any moment, also while it waits."""
    parts = together([waiting("a")], drain=10)
    before = signal.signal(signal.SIGUSR1, lambda *_: parts.stop())
    try:
        threading.Timer(0.05, signal.raise_signal, (signal.SIGUSR1,)).start()
        assert parts.run() == Ended()
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("error", [LedgerError("it is locked"), ZeroDivisionError()])
def test_timer(error: Exception) -> None:
    """Work is done at once and again, however it fails, until the timer is stopped."""
    rounds: list[int] = []

    def work() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 3:
            timer.stop()
        raise error

    timer = Timer("reconciler", 0.01, work)
    timer.run()
    assert rounds == [0, 1, 2]


def test_timer_stopped_while_it_waits() -> None:
    """A stop does not wait for the interval."""
    timer = Timer("reconciler", 3600, lambda: None)
    thread = threading.Thread(target=timer.run)
    thread.start()
    timer.stop()
    thread.join(10)

    assert not thread.is_alive()


def test_timer_of_nonsense() -> None:
    """Work that is configured wrongly ends the timer, so that somebody sees it."""

    def work() -> None:
        raise ConfigError("no such team")

    ended = together([waiting("a"), at_once("timer", Timer("reconciler", 3600, work).run)], drain=10).run()
    assert ended == Ended(("timer",))
