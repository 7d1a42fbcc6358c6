"""The endpoint and the worker of an SQS queue, each as a process."""

import json
import signal
from pathlib import Path

import pytest

from sentry_governed.testing import Fault
from tests.adapters.aws.cloud import Cloud
from tests.adapters.aws.queues import Site
from tests.adapters.serve.process import Shop, running, until


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Both services."""
    return Shop(tmp_path)


def inbox(site: Site, url: str) -> str:
    """The settings' section that differs."""
    return f"inbox: {{sqs: {{queue_url: '{url}', endpoint_url: '{site.cloud.url}'}}}}"


def test_endpoint_and_worker(shop: Shop, site: Site) -> None:
    """One process puts the webhooks on the queue, others make their tasks."""
    serve = "{port: 0, reconcile: {every: 10s, grace: 0s}}"
    lost = shop.sentry.add_event(shop.issue, tags={"service": "checkout"})
    with shop.open(serve, more=inbox(site, site.queue())) as config:
        with running("serve", "--config", config) as endpoint:
            for _ in range(4):
                assert endpoint.ask("/", *shop.webhook()) == (202, '{"verdict": "kept"}')
            until(lambda: endpoint.ask("/readyz")[0] == 200)
            endpoint.signal(signal.SIGTERM)
            assert endpoint.end() == 0
        with running("worker", "sqs", "--config", config, "--metrics-port", "0") as worker:
            until(lambda: len(shop.asana.tasks) == 5)
            until(lambda: 'outcome="created"} 4.0' in worker.ask("/metrics")[1])
            assert worker.ask("/readyz")[0] == 200
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
    assert len(set(shop.keys)) == 5
    assert any(key.endswith(lost.id) for key in shop.keys)
    assert "canary" not in "".join(worker.lines + endpoint.lines)


def test_unavailable(shop: Shop, site: Site, cloud: Cloud) -> None:
    """While SQS is away a webhook gets 503, and the endpoint says that it is not ready."""
    with (
        shop.open(more=inbox(site, site.queue())) as config,
        running("serve", "--config", config) as endpoint,
    ):
        cloud.is_out = True
        assert json.loads(endpoint.ask("/", *shop.webhook())[1]) == {"verdict": "unavailable"}
        assert endpoint.ask("/readyz")[0] == 503
        cloud.is_out = False
        until(lambda: endpoint.ask("/", *shop.webhook())[0] == 202)
        until(lambda: endpoint.ask("/readyz")[0] == 200)


def test_drains(shop: Shop, site: Site) -> None:
    """A worker that is told to stop finishes what it began."""
    shop.asana.faults.add(Fault.slow(2), when=lambda call: call.method == "POST")
    with shop.open(more=inbox(site, site.queue())) as config:
        with running("serve", "--config", config) as endpoint:
            endpoint.ask("/", *shop.webhook())
        with running("worker", "sqs", "--config", config) as worker:
            until(lambda: any(call.method == "POST" for call in shop.asana.calls))
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
    assert len(shop.asana.tasks) == 1


def test_other_inbox(shop: Shop) -> None:
    """A worker of another kind of queue is refused where the inbox stands."""
    with shop.open() as config, running("worker", "sqs", "--config", config) as worker:
        assert worker.end() == 1
    assert worker.lines[0].endswith(":9:17: this inbox is not a queue of SQS\n")
