"""The state machine of the router with reconcilers among its workers, and webhooks that never come."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis.stateful import precondition, rule

from sentry_governed._http.flow import Flow
from sentry_governed.alerts import Alert
from sentry_governed.routing import Outcome, Skipped
from sentry_governed.routing._flow import Desk
from sentry_governed.routing._options import OnRepeat
from sentry_governed.routing._reconcile import Search, reconcile
from tests.routing.test_state_machine import (
    FATES,
    MISHAPS,
    MOST_ALERTS,
    MOST_WORKERS,
    OFFSETS,
    STAGES,
    Fate,
    Mishap,
    RouterMachine,
    Worker,
    play,
)

EVER = 1e9


class Reconciling(Worker):
    """A reconciler; it is told of no alert, and what it ends in settles none."""

    def begin(self, desk: Desk, nonce: str) -> Flow[Outcome]:
        """Look through all issues."""
        report = yield from reconcile(Search(since=EVER), desk, "acme", nonce, None)
        assert report.listed <= 1
        return Skipped("reconciled")


class ReconcilingMachine(RouterMachine):
    """Deliveries and reconcilers at once."""

    @precondition(lambda self: len(self.alerts) < MOST_ALERTS)
    @rule()
    def lose(self) -> None:
        """Another event of the issue, whose webhook comes very late."""
        world = self.scene.world
        self.alerts.append(world.alert(world.event(self.issue)))

    @precondition(lambda self: self.alerts and len(self.workers) < MOST_WORKERS)
    @rule(offset=OFFSETS, stage=STAGES, mishap=MISHAPS, fate=FATES)
    def reconcile(self, offset: float, stage: str, mishap: Mishap, fate: Fate) -> None:
        """A reconciler starts, and may be left, or die."""
        self.workers.append(Reconciling(self.scene, self.alerts[-1], offset))
        self.go_on(self.workers[-1], stage, mishap, fate)

    @precondition(lambda self: self.alerts and not self.workers)
    @rule()
    def reconcile_in_peace(self) -> None:
        """With nobody else at work and no hold left, a reconciliation leaves the issue with a task."""
        self.wait(self.options.lease + self.options.consistency_delay + self.options.clock_skew)
        for _ in range(2):
            worker = Reconciling(self.scene, self.alerts[-1], 0.0)
            worker.work_until("end")
            self.wait(self.options.lease + self.options.consistency_delay)
        assert any(self.made(alert) for alert in self.alerts)

    def settle(self, alert: Alert, outcome: Outcome) -> bool:
        """See `RouterMachine.settle`; a reconciler's end settles nothing."""
        return isinstance(outcome, Skipped) or super().settle(alert, outcome)


class ReconcilingCommentMachine(ReconcilingMachine):
    """The same, with a comment for the second event of an issue."""

    on_repeat: ClassVar[OnRepeat] = "comment"


@pytest.mark.parametrize(
    ("machine", "examples"), [(ReconcilingMachine, 250), (ReconcilingCommentMachine, 80)]
)
def test_never_two_and_one_in_the_end(machine: type[RouterMachine], examples: int) -> None:
    """With reconcilers too: never two tasks an alert, and one once faults stop and deliveries go on."""
    play(machine, examples)
