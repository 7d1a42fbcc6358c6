"""Alerts through real processes that are killed at random, to services that fail at random.

A scenario is a module of its own in this folder, with a program for its workers. It goes like this:

    with services(SEED) as site, Crew([worker, worker, worker], seed=SEED) as crew:
        webhooks = site.webhooks(alerts_wanted())
        ...                       # put each on the queue, until it is acknowledged
        until(lambda: ..., 30)    # most of the work is done
        crew.spare()              # nobody is killed any more
        until(lambda: ..., 120)   # the queue is empty
        site.check(webhooks)      # one task an alert, no more and no fewer
        ...                       # and the scenario's own: no dead letters

A worker is a command, such as `program("tests.chaos.polled", told)`, where `told` is `site.told`
with whatever the scenario adds. In it `router_of(told, ledger)` or `async_router_of` makes the router. Every
random choice comes from the seed; how the processes interleave does not.

What is scaled: routers wait 4 s for Asana to list what it made, and hold a key for 5 s, where the defaults
are two minutes each; the fake lists after half a second. `CHAOS_ALERTS=2000` runs the long form.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import attrs

import sentry_governed as sg
from sentry_governed.routing import Options
from sentry_governed.sentry import Installation
from sentry_governed.testing import FakeAsana, FakeSentry, Fault, Faults, sign_webhook
from sentry_governed.typing import AsyncLedger, Ledger
from tests.routing.makers import (
    BACKLOG,
    DEFAULT,
    DEV,
    RELEASE,
    RELEASES,
    SANDBOX,
    SANDBOXES,
    SETTINGS,
    SPRINT,
    SPRINTS,
    TEAMS,
    UUID,
)

ROOT = Path(__file__).parents[2]
SECRET = "client-secret"
SHORT = 120
LONGEST_LUCK = 60.0
CHANCES = {
    Fault.status(429, retry_after=0.2): 10.0,
    Fault.status(500): 2.5,
    Fault.status(503): 2.5,
    Fault.reply_lost(): 5.0,
}
OPTIONS = Options(lease=5.0, create_timeout=3.0, clock_skew=1.0, consistency_delay=4.0, retry_after=0.5)

Told = Mapping[str, str]


def alerts_wanted() -> int:
    """How many alerts a scenario sends."""
    return int(os.environ.get("CHAOS_ALERTS", SHORT))


@attrs.frozen
class Webhook:
    """One alert as Sentry sends it."""

    key: str
    issue: str
    body: bytes
    headers: Mapping[str, str]


@attrs.frozen
class Site:
    """The services, on loopback ports, and what a worker must be told about them."""

    asana: FakeAsana
    sentry: FakeSentry
    told: Told
    seed: int

    def webhooks(self, count: int) -> list[Webhook]:
        """So many alerts in random order; every fifth is a repeat of the issue before."""
        choice, issue = random.Random(self.seed), ""
        made = []
        for number in range(count):
            if number % 5 != 4:
                issue = self.sentry.add_issue("acme", "web").id
            service = choice.choice(["checkout", "search", "other"])
            event = self.sentry.add_event(issue, tags={"service": service})
            body, headers = sign_webhook(self.sentry.event_alert(event.id), SECRET)
            alert = sg.decode_alert(body, headers)
            assert isinstance(alert, sg.Alert)
            made.append(Webhook(alert.key, issue, body, headers))
        choice.shuffle(made)
        return made

    def tasks(self) -> Counter[str]:
        """How many tasks there are of each key."""
        return Counter(task.notes.rpartition("sentry-governed: ")[2] for task in self.asana.tasks)

    def check(self, webhooks: Sequence[Webhook]) -> None:
        """Each alert has one task, none is lost and none is doubled; each issue has one link."""
        found = self.tasks()
        lost = [webhook.key for webhook in webhooks if found[webhook.key] == 0]
        doubled = {key: count for key, count in found.items() if count > 1}
        assert (lost, doubled, len(found)) == ([], {}, len(webhooks))
        links = Counter(
            len(self.sentry.external_issues(issue)) for issue in {webhook.issue for webhook in webhooks}
        )
        assert set(links) == {1}, links


@contextmanager
def services(seed: int) -> Generator[Site]:
    """Fakes of Asana and Sentry that fail at random."""
    asana, sentry = FakeAsana(listing_delay=0.5), FakeSentry()
    for gid in (DEFAULT, BACKLOG, DEV):
        asana.add_project(gid, gid=gid)
    for portfolio, project in ((SPRINTS, SPRINT), (SANDBOXES, SANDBOX), (RELEASES, RELEASE)):
        asana.add_portfolio(portfolio, gid=portfolio)
        asana.add_project(project, gid=project, portfolio=portfolio)
    sentry.add_project("acme", "web")
    sentry.add_installation("acme", uuid=UUID, token="integration-token")
    with asana.serve() as asana_url, sentry.serve() as sentry_url:
        faults: tuple[Faults, ...] = (asana.faults, sentry.faults)
        for number, each in enumerate(faults):
            each.randomly(CHANCES, seed=seed + number)
        yield Site(asana, sentry, {"asana": asana_url, "sentry": sentry_url}, seed)


def _configs(told: Told) -> tuple[sg.AsanaConfig, sg.SentryConfig]:
    asana = sg.AsanaConfig(
        token=sg.Secret("asana-token"), base_url=told["asana"], allow_http=True, timeout=3.0, patience=6.0
    )
    sentry = sg.SentryConfig(
        token=sg.Secret("sentry-token"),
        org="acme",
        base_url=told["sentry"],
        integration=Installation(UUID, sg.Secret("integration-token")),
        allow_http=True,
    )
    return asana, sentry


def router_of(told: Told, ledger: Ledger) -> sg.Router:
    """The router of a worker process."""
    asana, sentry = _configs(told)
    return sg.Router(
        teams=sg.Teams.parse(TEAMS),
        tasks=sg.TaskBuilder(SETTINGS),
        asana=sg.AsanaClient(asana),
        sentry=sg.SentryClient(sentry, guard=sg.AllowAll()),
        ledger=ledger,
        options=OPTIONS,
    )


def async_router_of(told: Told, ledger: Ledger | AsyncLedger) -> sg.AsyncRouter:
    """The router of a worker process that is asynchronous."""
    asana, sentry = _configs(told)
    return sg.AsyncRouter(
        teams=sg.Teams.parse(TEAMS),
        tasks=sg.TaskBuilder(SETTINGS),
        asana=sg.AsyncAsanaClient(asana),
        sentry=sg.AsyncSentryClient(sentry, guard=sg.AllowAll()),
        ledger=ledger,
        options=OPTIONS,
    )


def program(module: str, *arguments: str | Told) -> list[str]:
    """The command that runs a module of the tests; a mapping is passed as JSON."""
    texts = [each if isinstance(each, str) else json.dumps(dict(each)) for each in arguments]
    return [sys.executable, "-m", module, *texts]


class Crew:
    """Processes of which one at random is killed and started again, time after time.

    None is killed before it has lived for twice as long as it takes to start one: the slower the machine, the
    rarer the deaths, or there would be nothing but starts.

    Args:
        commands: One for each process.
        seed: Where the random choices start.
        pause: The shortest and the longest time between two deaths, in seconds.

    Attributes:
        deaths: How many processes were killed.
        ended: How many had ended by themselves; they are started again too.
    """

    def __init__(
        self, commands: Sequence[Sequence[str]], *, seed: int, pause: tuple[float, float] = (0.5, 2.5)
    ) -> None:
        self._commands = commands
        self._choice = random.Random(seed)
        self._pause = pause
        self._processes: list[subprocess.Popen[bytes]] = []
        self._born: list[float] = []
        self._youth = 0.0
        self._spared = threading.Event()
        self._killer = threading.Thread(target=self._kill, daemon=True)
        self.deaths = 0
        self.ended = 0

    def spare(self) -> None:
        """Kill nobody any more, once somebody was killed."""
        until(lambda: self.deaths > 0, LONGEST_LUCK)
        self._stop()

    def _stop(self) -> None:
        self._spared.set()
        self._killer.join()

    def __enter__(self) -> Self:
        begun = time.monotonic()
        self._started(program("tests.chaos.harness")).wait()
        self._youth = 2 * (time.monotonic() - begun)
        self._processes = [self._started(command) for command in self._commands]
        self._born = [time.monotonic()] * len(self._processes)
        self._killer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        for process in self._processes:
            process.kill()
            process.wait()

    def _started(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=ROOT)

    def _kill(self) -> None:
        while not self._spared.wait(self._choice.uniform(*self._pause)):
            index = self._choice.randrange(len(self._processes))
            if time.monotonic() - self._born[index] < self._youth:
                continue
            self._processes[index].send_signal(signal.SIGKILL)
            by_itself = self._processes[index].wait() != -signal.SIGKILL
            self.ended += by_itself
            self.deaths += not by_itself
            self._processes[index] = self._started(self._commands[index])
            self._born[index] = time.monotonic()


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait until it holds, so long at most."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it took longer than {seconds:g} s"
        time.sleep(0.05)
