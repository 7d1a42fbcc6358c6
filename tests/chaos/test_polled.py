"""Webhooks through a queue of SQS, while its workers are killed and AWS is out of reach again and again.

The fake AWS keeps its queues and tables in memory, so it is not restarted: that would lose what the real one
keeps. Instead every connection to it is cut, and new ones are refused, for a second or so at a time.
"""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

import sentry_governed as sg
from sentry_governed.errors import InboxError
from tests.adapters.aws.cloud import Cloud, running
from tests.adapters.aws.conftest import ACCOUNT
from tests.adapters.aws.queues import Site
from tests.chaos.harness import Crew, Webhook, alerts_wanted, program, services, until

SEED = 20_261_122
WORKERS = 4
LONGEST = 120.0
PAUSE = (3.0, 6.0)
MOST_RECEIVES = 50


@contextmanager
def outages(cloud: Cloud) -> Generator[None]:
    """Have the cloud out of reach at random, until the context ends."""
    choice, over = random.Random(SEED), threading.Event()

    def disturb() -> None:
        while not over.wait(choice.uniform(2.0, 5.0)):
            cloud.is_out = True
            over.wait(choice.uniform(0.3, 1.0))
            cloud.is_out = False

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        cloud.is_out = False


def put(inbox: sg.SqsInbox, webhook: Webhook) -> None:
    """Put it until it is kept, as a sender does that tries again."""
    message = sg.InboxMessage(
        source="sentry",
        resource=webhook.headers["Sentry-Hook-Resource"],
        body=webhook.body,
        key=webhook.key,
        received_at=time.time(),
        sha256="0" * 64,
    )
    end = time.monotonic() + LONGEST
    while True:
        try:
            return inbox.put(message)
        except InboxError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies whenever, and whatever is out of reach: one task an alert, and no dead letter."""
    count = alerts_wanted()
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with (
        running() as cloud,
        services(SEED) as site,
        sg.DynamoLedger("chaos", endpoint_url=cloud.url) as ledger,
    ):
        ledger.create_table()
        owner = Site.of(cloud)
        dead = owner.queue()
        queue = owner.queue(dead=dead, receives=MOST_RECEIVES)
        told = {**site.told, "cloud": cloud.url, "table": "chaos", "queue": queue}
        webhooks = site.webhooks(count)
        with Crew([program("tests.chaos.polled", told)] * WORKERS, seed=SEED, pause=PAUSE) as crew:
            with outages(cloud), sg.SqsInbox(queue) as inbox:
                for number, webhook in enumerate(webhooks):
                    put(inbox, webhook)
                    if number % 7 == 0:
                        put(inbox, webhook)
                until(lambda: len(site.tasks()) >= count * 4 / 5, LONGEST + count / 5)
                crew.spare()
            until(lambda: owner.counts(queue) == (0, 0, 0), LONGEST + count / 5)
            assert crew.deaths > 0
            assert crew.ended == 0

        assert owner.counts(dead) == (0, 0, 0)
        site.check(webhooks)
