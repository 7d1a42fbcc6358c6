"""Whatever breaks, whenever and among however many workers: never two tasks for an alert, and one in the end.

The flow is driven by hand, a step at a time, so that workers interleave anywhere, stop anywhere and die
anywhere. One thing is not done to them: a worker that has looked at its lease for the last time ends its POST
within the time that it gave itself. That is what a sender's timeout is for.
"""

import itertools
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from sentry_governed._http.flow import AskTime, Check, Flow, LedgerGet, LedgerPut, Send, Step
from sentry_governed._values import LedgerRecord, Permit, Response
from sentry_governed.alerts import Alert
from sentry_governed.asana import TaskBuilder
from sentry_governed.errors import LedgerError, NotSent, ReplyLost
from sentry_governed.routing import (
    Commented,
    Created,
    Duplicate,
    MemoryLedger,
    Options,
    Outcome,
    SqliteLedger,
    Uncertain,
)
from sentry_governed.routing import Deferred as Later
from sentry_governed.routing._enrich import SentrySide
from sentry_governed.routing._flow import Desk, handle
from sentry_governed.routing._options import OnRepeat
from sentry_governed.routing._placing import Portfolios
from sentry_governed.routing._records import decode_chain, decode_task
from sentry_governed.teams import Teams
from sentry_governed.testing import FakeAsana, FakeSentry, Fault
from sentry_governed.typing import Clock, Ledger
from tests.routing.makers import SETTINGS, TEAMS, UUID, World

_numbers = itertools.count(1)

Mishap: TypeAlias = Literal["none", "not done", "done, reply lost", "busy", "broken", "done, broken"]

Fate: TypeAlias = Literal["ends", "is left", "dies", "dies amid it"]

OFFSETS = st.sampled_from([0.0, 10.0])
MISHAPS: st.SearchStrategy[Mishap] = st.sampled_from(
    [*["none"] * 6, *["done, reply lost"] * 4, "not done", "busy", "broken", "done, broken"]
)
STAGES = st.sampled_from(
    [
        *["post"] * 5,
        *["announced", "put chain"] * 3,
        *["put hold", "put created", "get", "send", "put reserved", "put creating", "put linked"],
        *["put done", "put unknown", "end"],
    ]
)
FATES: st.SearchStrategy[Fate] = st.sampled_from([*["ends", "is left"] * 3, "dies", "dies amid it"])
MOST_WORKERS = 3
MOST_ALERTS = 5
CHAIN = "chain.acme."


@attrs.frozen
class Scene:
    """What all workers share."""

    world: World
    ledger: Ledger
    desk: Desk

    def fake(self, step: Send) -> FakeAsana | FakeSentry:
        """The service that a request is for."""
        return self.world.asana if step.service == "asana" else self.world.sentry


def _stage_of(key: str, value: str) -> str:
    if key.startswith(CHAIN):
        return "put chain" if decode_chain(key, value).root else "put hold"
    return f"put {decode_task(key, value).state}"


class Worker:
    """One delivery in the hands of one worker, whose clock may be off."""

    def __init__(self, scene: Scene, alert: Alert, offset: float) -> None:
        self.alert = alert
        self.outcome: Outcome | None = None
        self.posts_until = 0.0
        self._scene = scene
        self._offset = offset
        self._flow = self.begin(scene.desk, f"worker {next(_numbers)}")
        self._last = ""
        self._step = next(self._flow)

    def begin(self, desk: Desk, nonce: str) -> Flow[Outcome]:
        """What it works at."""
        return handle(self.alert, desk, nonce)

    @property
    def stage(self) -> str:
        """What it is about to do; at `post` it has looked at its lease for the last time."""
        match self._step:
            case LedgerPut(key, value):
                return _stage_of(key, value)
            case LedgerGet():
                return "get"
            case Send(timeout=timeout):
                return "send" if timeout is None else "post"
            case _:
                return "announced" if self._last == "put creating" else "time"

    @property
    def is_posting(self) -> bool:
        """Whether its POST is due or on its way."""
        return self.outcome is None and self.stage == "post"

    def advance(self, mishap: Mishap) -> None:
        """Take one step, well or badly."""
        stage = self.stage
        try:
            answer = self._perform(self._step, mishap)
        except (LedgerError, NotSent, ReplyLost) as error:
            self._go_on(None, error)
        else:
            self._go_on(answer, None)
        self._last = stage

    def work_until(self, stage: str) -> None:
        """Take steps that go well until the next one is of that stage, or there is none."""
        while self.outcome is None and self.stage != stage:
            self.advance("none")

    def die(self, *, amid: bool) -> None:
        """Stop for good, before the step that is due, or after it is done and before its answer came."""
        if amid:
            self._perform(self._step, "none")
        self._flow.close()

    def _go_on(self, answer: object, error: Exception | None) -> None:
        try:
            self._step = self._flow.send(answer) if error is None else self._flow.throw(error)
        except StopIteration as end:
            self.outcome = end.value
            return
        if isinstance(self._step, Send) and self._step.timeout is not None:
            self.posts_until = self._scene.world.clock.time() + self._step.timeout

    def _perform(self, step: Step, mishap: Mishap) -> object:
        match step:
            case AskTime():
                return self._scene.world.clock.time() + self._offset
            case Send():
                return self._send(step, mishap)
            case LedgerGet() | LedgerPut():
                return self._use_ledger(step, mishap)
            case Check():
                return Permit(step.operation)

    def _send(self, step: Send, mishap: Mishap) -> Response:
        request, fake = step.request, self._scene.fake(step)
        if mishap == "not done" or (step.timeout is not None and step.timeout <= 0):
            raise NotSent(request.method, request.template, "it was not sent")
        if mishap in {"busy", "broken"}:
            return fake.refuse(Fault.status(429 if mishap == "busy" else 503, retry_after=1))
        response = fake.send(request)
        if mishap == "done, broken":
            return fake.refuse(Fault.status(503))
        if mishap == "done, reply lost":
            raise ReplyLost(request.method, request.template, "the reply was lost")
        return response

    def _use_ledger(self, step: LedgerGet | LedgerPut, mishap: Mishap) -> LedgerRecord | None:
        ledger = self._scene.ledger
        if mishap in {"not done", "busy", "broken"}:
            raise LedgerError("the ledger is down")
        if isinstance(step, LedgerGet):
            answer = ledger.get(step.key)
        else:
            self._check_lease(step)
            answer = ledger.put(step.key, step.value, expected=step.expected, expires_at=step.expires_at)
        if mishap != "none":
            raise LedgerError("the ledger's answer was lost")
        return answer

    def _check_lease(self, step: LedgerPut) -> None:
        """Nobody takes what another worker holds."""
        stored = self._scene.ledger.get(step.key)
        if stored is None or stored.version != step.expected or step.key.startswith(CHAIN):
            return
        held, taken = decode_task(step.key, stored.value), decode_task(step.key, step.value)
        time = self._scene.world.clock.time() + self._offset
        assert held.owner == taken.owner or held.lease_until <= time


class RouterMachine(RuleBasedStateMachine):
    """Workers that handle the alerts of one issue."""

    on_repeat: ClassVar[OnRepeat] = "new_task"

    def new_ledger(self, clock: Clock) -> AbstractContextManager[Ledger]:
        """An empty ledger."""
        return nullcontext(MemoryLedger(clock=clock))

    @initialize(listing_delay=st.sampled_from([0.0, 119.0, 119.0]))
    def open_up(self, listing_delay: float) -> None:
        """The tracker lists a new task late, but not later than the router is told."""
        world = World.new(listing_delay=listing_delay)
        self.issue = world.issue()
        self.alerts: list[Alert] = []
        self.settled: set[str] = set()
        self.options = Options(on_repeat=self.on_repeat, consistency_delay=120, retry_after=30)
        self.context = self.new_ledger(world.clock)
        desk = Desk(
            Teams.parse(TEAMS),
            TaskBuilder(SETTINGS),
            self.options,
            Portfolios(self.options.portfolio_ttl),
            SentrySide("acme", UUID),
        )
        self.scene = Scene(world, self.context.__enter__(), desk)
        self.workers: list[Worker] = []

    @precondition(lambda self: len(self.workers) < MOST_WORKERS and len(self.alerts) < MOST_ALERTS)
    @rule(offset=OFFSETS, stage=STAGES, mishap=MISHAPS, fate=FATES)
    def deliver(self, offset: float, stage: str, mishap: Mishap, fate: Fate) -> None:
        """Another event of the issue: a worker gets the delivery."""
        world = self.scene.world
        self.alerts.append(world.alert(world.event(self.issue)))
        self.workers.append(Worker(self.scene, self.alerts[-1], offset))
        self.go_on(self.workers[-1], stage, mishap, fate)

    @precondition(lambda self: self.alerts and len(self.workers) < MOST_WORKERS)
    @rule(data=st.data(), offset=OFFSETS, stage=STAGES, mishap=MISHAPS, fate=FATES)
    def deliver_again(
        self, data: st.DataObject, offset: float, stage: str, mishap: Mishap, fate: Fate
    ) -> None:
        """A worker gets a further delivery, whoever else has one of the same alert."""
        self.workers.append(Worker(self.scene, self.pick(data), offset))
        self.go_on(self.workers[-1], stage, mishap, fate)

    def pick(self, data: st.DataObject) -> Alert:
        """One that is not settled, while there is any."""
        open_ones = [alert for alert in self.alerts if alert.key not in self.settled]
        return data.draw(st.sampled_from(open_ones or self.alerts))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), stage=STAGES, mishap=MISHAPS, fate=FATES)
    def resume(self, data: st.DataObject, stage: str, mishap: Mishap, fate: Fate) -> None:
        """A worker that was left goes on."""
        self.go_on(data.draw(st.sampled_from(self.workers)), stage, mishap, fate)

    def go_on(self, worker: Worker, stage: str, mishap: Mishap, fate: Fate) -> None:
        """A worker goes on to a stage, where something may go wrong; then it is left, or ends, or dies."""
        worker.work_until(stage)
        if worker.outcome is None and mishap != "none":
            worker.advance(mishap)
        if worker.outcome is None and fate == "ends":
            worker.work_until("end")
        if worker.outcome is not None:
            self.settle(worker.alert, worker.outcome)
            self.workers.remove(worker)
        elif fate in {"dies", "dies amid it"}:
            worker.die(amid=fate == "dies amid it")
            self.workers.remove(worker)

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), offset=OFFSETS, times=st.integers(1, 4))
    def handle_in_peace(self, data: st.DataObject, offset: float, times: int) -> None:
        """A worker gets a delivery and is done with it at once, and again when the outcome asks for it."""
        alert = self.pick(data)
        for _ in range(times):
            worker = Worker(self.scene, alert, offset)
            worker.work_until("end")
            assert worker.outcome is not None
            if self.settle(worker.alert, worker.outcome):
                return
            self.wait(getattr(worker.outcome, "retry_after", 0.0))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), amid=st.booleans())
    def kill(self, data: st.DataObject, amid: bool) -> None:
        """A worker dies."""
        worker = data.draw(st.sampled_from(self.workers))
        self.workers.remove(worker)
        worker.die(amid=amid)

    @rule(seconds=st.sampled_from([13.0, 44.0, 64.0, 111.0, 121.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        """Time passes for everybody."""
        clock = self.scene.world.clock
        bounds = [worker.posts_until - clock.time() for worker in self.workers if worker.is_posting]
        clock.advance(max(0.0, min([seconds, *bounds])))

    @invariant()
    def no_alert_has_two_tasks(self) -> None:
        """Neither tasks nor comments are ever made twice."""
        for alert in self.alerts:
            assert self.made(alert) <= 1

    def made(self, alert: Alert) -> int:
        """How many tasks and comments carry the alert's key."""
        world = self.scene.world
        stories = [story.text for task in world.asana.tasks for story in world.asana.stories(task.gid)]
        marked = [text for text in stories if text.endswith(f"sentry-governed: {alert.key}")]
        return len(world.tasks(alert)) + len(marked)

    def settle(self, alert: Alert, outcome: Outcome) -> bool:
        """Take a delivery off the queue if it may be; what is taken off is written down and was made."""
        if isinstance(outcome, Later | Uncertain):
            return False
        assert isinstance(outcome, Created | Commented | Duplicate)
        stored = self.scene.ledger.get(alert.key)
        assert stored is not None
        assert decode_task(alert.key, stored.value).state == "done"
        assert self.made(alert) == 1
        self.settled.add(alert.key)
        return True

    def teardown(self) -> None:
        """Nothing breaks any more: who is at work dies, and each alert is delivered until it is settled."""
        if not hasattr(self, "scene"):
            return
        for worker in self.workers:
            worker.die(amid=False)
        for alert in self.alerts:
            self.deliver_until_settled(alert)
        assert all(self.made(alert) == 1 for alert in self.alerts)
        if self.alerts:
            self.check_links()
        self.context.__exit__(None, None, None)

    def deliver_until_settled(self, alert: Alert) -> None:
        """Deliver as often as the outcome asks for, when it asks for it."""
        for _ in range(8):
            worker = Worker(self.scene, alert, 0.0)
            while worker.outcome is None:
                worker.advance("none")
            if self.settle(alert, worker.outcome):
                return
            assert isinstance(worker.outcome, Later | Uncertain)
            self.scene.world.clock.advance(worker.outcome.retry_after)
        raise AssertionError(f"{alert.key} is never settled: {worker.outcome}")

    def check_links(self) -> None:
        """The chain has all tasks; its root is linked in Sentry, the others are commented."""
        world = self.scene.world
        for issue in {str(alert.issue_id) for alert in self.alerts}:
            tasks = [task for alert in self.alerts if alert.issue_id == issue for task in world.tasks(alert)]
            stored = self.scene.ledger.get(f"{CHAIN}{issue}")
            assert stored is not None
            chain = decode_chain(stored.key, stored.value)
            assert sorted(chain.tasks) == sorted(task.gid for task in tasks)
            (link,) = world.sentry.external_issues(self.issue)
            assert link.identifier == chain.root
            notes = " ".join(note.text for note in world.sentry.notes(self.issue))
            assert all(task.permalink_url in notes for task in tasks if task.gid != chain.root)


class CommentMachine(RouterMachine):
    """The same, with a comment for the second event of an issue."""

    on_repeat: ClassVar[OnRepeat] = "comment"


class SqliteMachine(RouterMachine):
    """The same, with a ledger in a file."""

    def new_ledger(self, clock: Clock) -> AbstractContextManager[Ledger]:
        self.directory = tempfile.TemporaryDirectory()
        return SqliteLedger(Path(self.directory.name) / "ledger.db", clock=clock)

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "directory"):
            self.directory.cleanup()


@pytest.mark.parametrize(
    ("machine", "examples"), [(RouterMachine, 800), (CommentMachine, 250), (SqliteMachine, 15)]
)
def test_never_two_and_one_in_the_end(machine: type[RouterMachine], examples: int) -> None:
    """Live tasks an alert are never more than one, and exactly one once faults stop and deliveries go on."""
    play(machine, examples)


def play(machine: type[RouterMachine], examples: int) -> None:
    """Run a machine so often."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=checks
    )
    run_machine(machine, settings=chosen)
