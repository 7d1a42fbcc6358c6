"""The endpoint and the worker of a JetStream queue, each as a process."""

import json
import signal
from pathlib import Path

import pytest

from sentry_governed.testing import Fault
from tests.adapters.nats.server import NatsServer
from tests.adapters.serve.process import Shop, running, until


def inbox(server: NatsServer) -> str:
    """The settings' sections that differ."""
    return f"inbox: {{nats: {{url: '{server.url}', stream: ALERTS}}}}"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Both services."""
    return Shop(tmp_path)


def test_endpoint_and_worker(shop: Shop, server: NatsServer) -> None:
    """One process keeps the webhooks in the stream, others make their tasks."""
    serve = "{port: 0, reconcile: {every: 10s, grace: 0s}}"
    lost = shop.sentry.add_event(shop.issue, tags={"service": "checkout"})
    with shop.open(serve, more=inbox(server)) as config, running("serve", "--config", config) as endpoint:
        webhooks = [shop.webhook() for _ in range(4)]
        for body, headers in webhooks:
            assert endpoint.ask("/", body, headers) == (202, '{"verdict": "kept"}')
        until(lambda: endpoint.ask("/readyz")[0] == 200)
        with running("worker", "nats", "--config", config, "--metrics-port", "0") as worker:
            until(lambda: len(shop.asana.tasks) == 5)
            until(lambda: 'outcome="created"} 4.0' in worker.ask("/metrics")[1])
            assert worker.ask("/readyz")[0] == 200
            assert worker.ask("/", b"{}")[0] == 404
            for process in (worker, endpoint):
                process.signal(signal.SIGTERM)
                assert process.end() == 0
    assert len(set(shop.keys)) == 5
    assert any(key.endswith(lost.id) for key in shop.keys)
    assert "canary" not in "".join(worker.lines + endpoint.lines)


def test_nobody_there(shop: Shop, fragile: NatsServer) -> None:
    """Without the server a webhook gets 503, and a worker ends with an error."""
    fragile.stop()
    with shop.open(more=inbox(fragile)) as config:
        with running("serve", "--config", config) as endpoint:
            assert json.loads(endpoint.ask("/", *shop.webhook())[1]) == {"verdict": "unavailable"}
            assert endpoint.ask("/readyz")[0] == 503
        with running("worker", "nats", "--config", config) as worker:
            assert worker.end() == 1
        assert worker.event("a part ended by itself")["part"] == "worker"


def test_drains(shop: Shop, server: NatsServer) -> None:
    """A worker that is told to stop finishes what it began."""
    shop.asana.faults.add(Fault.slow(2), when=lambda call: call.method == "POST")
    with shop.open(more=inbox(server)) as config, running("serve", "--config", config) as endpoint:
        endpoint.ask("/", *shop.webhook())
        with running("worker", "nats", "--config", config) as worker:
            until(lambda: any(call.method == "POST" for call in shop.asana.calls))
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
    assert len(shop.asana.tasks) == 1


def test_other_inbox(shop: Shop) -> None:
    """A worker of another kind of queue is refused where the inbox stands."""
    with shop.open() as config, running("worker", "nats", "--config", config) as worker:
        assert worker.end() == 1
    assert worker.lines[0].endswith(":9:17: this inbox is not a stream of NATS\n")
