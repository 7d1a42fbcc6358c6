"""Handled alerts a second: beside the bare requests that each costs, and against a slow Asana.

The fakes are served by processes of their own, so that they cost the router nothing but waiting.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median

import httpx

import sentry_governed as sg
from sentry_governed.alerts import Alert
from sentry_governed.asana import AsanaClient, AsanaConfig, AsyncAsanaClient
from sentry_governed.routing import AsyncMemoryLedger, AsyncRouter, Created, MemoryLedger, Router
from sentry_governed.sentry import Installation, SentryClient, SentryConfig
from sentry_governed.testing import FakeAsana, FakeSentry, Fault, sentry_event_alert

ALERTS = 300
WARM_UP = 30
SLOW = 0.1
IN_FLIGHT = 15
SLOW_ALERTS = 150
PROJECT, UUID = "11", "00000000-0000-4000-8000-000000000001"
TEAMS = f"""
default: Web
teams:
- {{Name: Web, AsanaBacklogId: "{PROJECT}", Entities: [Matchers: ["service:web"]]}}
"""
_numbers = itertools.count(1)


def serve(name: str) -> None:
    """Serve a fake until the process is ended; print where it is first."""
    if name == "sentry":
        sentry = FakeSentry()
        sentry.add_project("acme", "web")
        sentry.add_installation("acme", uuid=UUID, token="integration")
        for number in range(1, 10_000):
            sentry.add_issue("acme", "web", issue_id=str(number))
        fake: FakeSentry | FakeAsana = sentry
    else:
        asana = FakeAsana()
        asana.add_project("backlog", gid=PROJECT)
        if name == "slow asana":
            asana.faults.add(Fault.slow(SLOW), times=None)
        fake = asana
    with fake.serve() as url:
        print(url, flush=True)
        threading.Event().wait()


@contextmanager
def served(name: str) -> Iterator[str]:
    """The address of a fake in another process."""
    command = [sys.executable, __file__, "serve", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def alerts(count: int) -> list[Alert]:
    """As many alerts, each of an issue of its own."""
    bodies = (
        sentry_event_alert(
            issue=str(number),
            event=f"{number:032x}",
            tags={"service": "web"},
            level="warning",
            installation=UUID,
        )
        for number in itertools.islice(_numbers, count)
    )
    decoded = [sg.decode_alert(json.dumps(body).encode()) for body in bodies]
    return [alert for alert in decoded if isinstance(alert, Alert)]


def _pairs(count: int) -> Iterator[tuple[Alert, Alert]]:
    return zip(alerts(count), alerts(count), strict=True)


def measure() -> dict[str, float]:
    """The figures by name; rates are per second of one process, ratios are to one alert after the other."""
    with ExitStack() as stack:
        asana, slow, sentry = (stack.enter_context(served(n)) for n in ("asana", "slow asana", "sentry"))
        handled, bare = _beside_bare(asana, sentry)
        serial = _serially(slow)
        threads = _in_threads(slow)
        tasks = asyncio.run(_on_a_loop(slow))
    return {
        "handled a second": handled,
        "bare httpx of the same requests a second": bare,
        f"threads over serial, {IN_FLIGHT} writes of {SLOW * 1000:.0f} ms in flight": threads / serial,
        f"asyncio over serial, {IN_FLIGHT} writes of {SLOW * 1000:.0f} ms in flight": tasks / serial,
    }


def _builder() -> sg.TaskBuilder:
    return sg.TaskBuilder(sg.TaskSettings(default_project=PROJECT))


def _asana(url: str, token: str) -> AsanaConfig:
    return AsanaConfig(token=sg.Secret(token), base_url=url, allow_http=True)


def _router(asana: AsanaClient, sentry: SentryClient | None = None) -> Router:
    return Router(
        teams=sg.Teams.parse(TEAMS), tasks=_builder(), asana=asana, sentry=sentry, ledger=MemoryLedger()
    )


def _beside_bare(asana_url: str, sentry_url: str) -> tuple[float, float]:
    """Turn by turn, so that both see the same machine."""
    config = SentryConfig(
        token=sg.Secret("token"),
        org="acme",
        base_url=sentry_url,
        integration=Installation(UUID, sg.Secret("integration")),
        allow_http=True,
    )
    ours, bare = [], []
    with ExitStack() as stack:
        asana = stack.enter_context(AsanaClient(_asana(asana_url, "fast")))
        sentry = stack.enter_context(SentryClient(config, guard=sg.AllowAll()))
        client = stack.enter_context(httpx.Client(headers={"Authorization": "Bearer integration"}))
        router = _router(asana, sentry)
        for number, (one, other) in enumerate(_pairs(ALERTS + WARM_UP)):
            start = time.perf_counter()
            outcome = router.handle(one)
            middle = time.perf_counter()
            _bare_requests(client, asana_url, sentry_url, other)
            end = time.perf_counter()
            _check([outcome])
            if number >= WARM_UP:
                ours.append(middle - start)
                bare.append(end - middle)
    return 1 / median(ours), 1 / median(bare)


def _bare_requests(client: httpx.Client, asana: str, sentry: str, alert: Alert) -> None:
    """What one alert costs at the least: one task, one link."""
    task = client.post(
        f"{asana}/api/1.0/tasks",
        json={"data": {"name": alert.title, "notes": f"sentry-governed: {alert.key}", "projects": [PROJECT]}},
    ).json()["data"]
    client.post(
        f"{sentry}/api/0/sentry-app-installations/{UUID}/external-issues/",
        json={
            "issueId": alert.issue_id,
            "webUrl": f"https://app.asana.com/0/0/{task['gid']}",
            "project": "Asana",
            "identifier": task["gid"],
        },
    ).raise_for_status()


def _serially(url: str) -> float:
    with AsanaClient(_asana(url, "serial")) as asana:
        router = _router(asana)
        chosen = alerts(SLOW_ALERTS // IN_FLIGHT)
        start = time.perf_counter()
        _check([router.handle(alert) for alert in chosen])
        return len(chosen) / (time.perf_counter() - start)


def _in_threads(url: str) -> float:
    with AsanaClient(_asana(url, "threads")) as asana, ThreadPoolExecutor(IN_FLIGHT) as pool:
        router = _router(asana)
        _check(list(pool.map(router.handle, alerts(IN_FLIGHT))))
        chosen = alerts(SLOW_ALERTS)
        start = time.perf_counter()
        _check(list(pool.map(router.handle, chosen)))
        return len(chosen) / (time.perf_counter() - start)


async def _on_a_loop(url: str) -> float:
    async with AsyncAsanaClient(_asana(url, "asyncio")) as asana:
        router = AsyncRouter(
            teams=sg.Teams.parse(TEAMS), tasks=_builder(), asana=asana, ledger=AsyncMemoryLedger()
        )
        _check(await asyncio.gather(*map(router.handle, alerts(IN_FLIGHT))))
        chosen = alerts(SLOW_ALERTS)
        start = time.perf_counter()
        _check(await asyncio.gather(*map(router.handle, chosen)))
        return len(chosen) / (time.perf_counter() - start)


def _check(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if not isinstance(outcome, Created) or outcome.notes:
            raise SystemExit(f"an alert did not become a task: {outcome}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        for name, value in measure().items():
            print(f"{name:60} {value:8.1f}")
