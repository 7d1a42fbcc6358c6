"""Faults on order: what goes wrong, when, and how often."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import attrs

from sentry_governed._values import Pairs
from sentry_governed.testing._wire import Call

When: TypeAlias = Callable[[Call], bool]


@attrs.frozen
class Fault:
    """One thing that goes wrong with one request; make it with one of the class methods.

    Attributes:
        code: The status to answer with, without applying the request; None to apply it.
        retry_after: Seconds that a 429 asks to wait, said the way the service says it.
        body: Replaces the service's usual error body.
        headers: Added to the answer; lower-case names.
        broken: Where the connection breaks: before the request is applied, after, or amid the reply.
        delay: Seconds that pass before anything else happens.
    """

    code: int | None = None
    retry_after: float | None = None
    body: bytes | None = attrs.field(default=None, repr=False)
    headers: Pairs = ()
    broken: Literal["no", "before", "after", "amid"] = "no"
    delay: float = 0.0

    @classmethod
    def status(
        cls, code: int, *, retry_after: float | None = None, body: bytes | None = None, headers: Pairs = ()
    ) -> Fault:
        """Answer with an error in the service's own shape; nothing is applied."""
        return cls(code=code, retry_after=retry_after, body=body, headers=headers)

    @classmethod
    def not_sent(cls) -> Fault:
        """Nothing is applied and nothing answered.

        In process it raises `NotSent`. Over HTTP the connection closes unanswered, which a client cannot
        tell from a lost reply.
        """
        return cls(broken="before")

    @classmethod
    def reply_lost(cls) -> Fault:
        """The request is applied, and its reply never arrives."""
        return cls(broken="after")

    @classmethod
    def cut(cls) -> Fault:
        """The request is applied, and the connection closes amid the reply's body."""
        return cls(broken="amid")

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """The request is applied after a delay; in process a shorter timeout becomes `ReplyLost`."""
        return cls(delay=seconds)


NONE = Fault()


@attrs.define
class _Order:
    fault: Fault
    when: When
    left: int | None

    def take(self, call: Call) -> bool:
        if self.left == 0 or not self.when(call):
            return False
        if self.left is not None:
            self.left -= 1
        return True


def _always(_call: Call) -> bool:
    return True


def _never(_call: Call) -> Fault:
    return NONE


class Faults:
    """The faults that a fake still has to serve."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []
        self._chaos: Callable[[Call], Fault] = _never

    def add(self, fault: Fault, *, when: When | None = None, times: int | None = 1) -> None:
        """Serve a fault to the next `times` calls that fit; earlier orders are served first.

        Args:
            fault: What goes wrong.
            when: Which calls fit; None for all.
            times: How often; None for ever.
        """
        self._orders.append(_Order(fault, when or _always, times))

    def randomly(self, chances: Mapping[Fault, float], *, seed: int, when: When | None = None) -> None:
        """Serve faults by chance to the calls that no order fits, the same ones for the same seed and calls.

        Args:
            chances: The percentage of calls that get each fault; together at most 100.
            seed: Where the sequence starts.
            when: Which calls may be hit; None for all.
        """
        works = 100 - sum(chances.values())
        if works < 0 or any(chance < 0 for chance in chances.values()):
            raise ValueError(f"chances are percentages that add up to at most 100, got {100 - works:g}")
        source = random.Random(seed)  # noqa: S311  repeatable on purpose, protects nothing
        population, weights = [*chances, NONE], [*chances.values(), works]

        def draw(call: Call) -> Fault:
            fits = when is None or when(call)
            return source.choices(population, weights)[0] if fits else NONE

        self._chaos = draw

    def clear(self) -> None:
        """Everything works again."""
        self._orders.clear()
        self._chaos = _never

    def take(self, call: Call) -> Fault:
        """What happens to this call; an order is used up by it."""
        for order in self._orders:
            if order.take(call):
                return order.fault
        return self._chaos(call)
