"""The worker that polls SQS: what becomes of each message, and of the worker itself."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from sentry_governed import LedgerRecord, SqsInbox, SqsWorker
from sentry_governed.adapters._settle import Settlement
from sentry_governed.errors import ConfigError, SentryGovernedError
from sentry_governed.routing import Created, MemoryLedger, Outcome
from sentry_governed.testing import Fault
from tests.adapters.aws.cloud import Cloud, waited_for
from tests.adapters.aws.queues import Office, Site
from tests.routing.makers import World

REASON = "sentry_governed_reason"


class Seen:
    """A watch that remembers the outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def received(self, source: str, verdict: str) -> None:
        raise AssertionError

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        self.outcomes.append(outcome)


class Slow(MemoryLedger):
    """A ledger that answers when it is told to."""

    def __init__(self, office: Office) -> None:
        super().__init__(clock=office.world.clock)
        self.asked, self.answer = threading.Event(), threading.Event()
        office.router._ledger = self

    def get(self, key: str) -> LedgerRecord | None:
        self.asked.set()
        assert self.answer.wait(30)
        return super().get(key)


@contextmanager
def working(worker: SqsWorker) -> Generator[list[SentryGovernedError]]:
    """Have it work in a thread; what `run` raises is in the list in the end."""
    raised: list[SentryGovernedError] = []

    def run() -> None:
        try:
            worker.run()
        except SentryGovernedError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        worker.stop()
        thread.join(30)
        assert not thread.is_alive()


def put(url: str, office: Office, count: int = 1) -> None:
    """Put new alerts on a queue."""
    with SqsInbox(url) as inbox:
        for _ in range(count):
            inbox.put(office.alert()[1])


@pytest.mark.parametrize("fifo", [False, True])
def test_routes(site: Site, office: Office, fifo: bool) -> None:
    """Each message becomes a task and is gone."""
    url = site.queue(fifo=fifo)
    put(url, office, 6)
    seen = Seen()

    with working(SqsWorker(url, office.router, wait=1, watch=seen)):
        waited_for(lambda: len(seen.outcomes) == 6)

    assert {type(outcome) for outcome in seen.outcomes} == {Created}
    assert len(office.world.asana.tasks) == 6
    assert site.counts(url) == (0, 0, 0)


def test_deferred(site: Site, office: Office) -> None:
    """A deferred message waits as a copy, and comes no closer to the dead letters."""
    dead = site.queue()
    url = site.queue(dead=dead, receives=1)
    alert, sent = office.alert()
    office.hold(alert, seconds=4)
    with SqsInbox(url) as inbox:
        inbox.put(sent)
    (first,) = site.take(url)
    attributes = {"tenant": {"DataType": "String", "StringValue": "acme"}}
    site.client.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    site.client.send_message(QueueUrl=url, MessageBody=first["Body"], MessageAttributes=attributes)  # type: ignore[arg-type]
    seen = Seen()

    with working(SqsWorker(url, office.router, threads=1, wait=1, watch=seen)):
        waited_for(lambda: seen.outcomes)
    assert site.counts(url) == (0, 0, 1)
    waited_for(lambda: site.counts(url) == (1, 0, 0))
    (copy,) = site.take(url)
    assert (copy["Body"], copy["MessageAttributes"]) == (first["Body"], attributes)
    assert copy["Attributes"]["ApproximateReceiveCount"] == "1"
    assert site.counts(dead) == (0, 0, 0)
    assert office.world.posts() == 0


def test_deferred_then_made(site: Site, office: Office) -> None:
    """Once nothing is in its way, the deferred message becomes its task."""
    url = site.queue(dead=site.queue(), receives=1)
    alert, sent = office.alert()
    office.hold(alert, seconds=1)
    with SqsInbox(url) as inbox:
        inbox.put(sent)
    seen = Seen()

    with working(SqsWorker(url, office.router, wait=1, watch=seen)):
        waited_for(lambda: seen.outcomes)
        office.world.clock.advance(1)
        waited_for(lambda: office.state(alert) == "done")

    assert len(office.world.tasks(alert)) == 1


@pytest.mark.parametrize("mishap", [True, False])
def test_copied_and_not_deleted(site: Site, office: Office, cloud: Cloud, mishap: bool) -> None:
    """A copy whose original could not be deleted is one delivery too many, and no second task."""
    url = site.queue()
    alert, sent = office.alert()
    office.hold(alert, seconds=1)
    with SqsInbox(url) as inbox:
        inbox.put(sent)
    if mishap:
        cloud.fail("DeleteMessage", "failed before", "failed before", "failed before")

    with working(SqsWorker(url, office.router, threads=1, visibility=1, wait=1)):
        waited_for(lambda: cloud.count("SendMessage") >= 2)
        office.world.clock.advance(1)
        waited_for(lambda: office.state(alert) == "done" and site.counts(url) == (0, 0, 0))

    assert len(office.world.tasks(alert)) == 1


def test_deferred_in_order(site: Site, office: Office) -> None:
    """On a FIFO queue a deferred message is hidden, and given up after its last delivery."""
    dead = site.queue(fifo=True)
    url = site.queue(fifo=True, dead=dead, receives=2)
    alert, sent = office.alert()
    office.hold(alert, seconds=1)
    with SqsInbox(url) as inbox:
        inbox.put(sent)
    seen = Seen()

    with working(SqsWorker(url, office.router, wait=1, watch=seen)):
        waited_for(lambda: site.counts(dead)[0] == 1)

    (found,) = site.take(dead)
    assert found["MessageAttributes"][REASON]["StringValue"].startswith("given up after the last delivery: ")
    assert site.counts(url) == (0, 0, 0)


@pytest.mark.parametrize("given", [True, False])
def test_dead_letter(site: Site, office: Office, given: bool) -> None:
    """What can never become a task goes to the dead letters as it is, with the reason."""
    dead = site.queue()
    url = site.queue() if given else site.queue(dead=dead)
    attributes = {"tenant": {"DataType": "String", "StringValue": "acme"}}
    site.client.send_message(QueueUrl=url, MessageBody="[]", MessageAttributes=attributes)  # type: ignore[arg-type]
    worker = SqsWorker(url, office.router, wait=1, dead_letter_url=dead if given else None)

    with working(worker):
        waited_for(lambda: site.counts(dead)[0] and site.counts(url) == (0, 0, 0))

    (found,) = site.take(dead)
    assert found["Body"] == "[]"
    told = found["MessageAttributes"]
    assert (told["tenant"]["StringValue"], told[REASON]["StringValue"]) == (
        "acme",
        "the body is JSON but not an object",
    )


def test_no_dead_letters(site: Site, office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Without a queue for dead letters such a message is kept, hidden, and told of."""
    url = site.queue()
    site.client.send_message(QueueUrl=url, MessageBody="[]")
    seen = Seen()

    with working(SqsWorker(url, office.router, visibility=1, wait=1, watch=seen)):
        waited_for(lambda: seen.outcomes)

    assert site.counts(url) == (0, 1, 0)
    assert "has nowhere to be put aside: the body is JSON but not an object" in caplog.text


@pytest.mark.parametrize(("receives", "gone"), [(1, True), (2, False)])
def test_uncertain(site: Site, receives: int, gone: bool) -> None:
    """A task that may or may not be there is looked for again, and given up after the last delivery."""
    office = Office.new(World.new(listing_delay=119))
    office.world.asana.faults.add(
        Fault.reply_lost(), when=lambda call: call.method == "POST" and call.path.endswith("/tasks")
    )
    dead = site.queue()
    url = site.queue(dead=dead, receives=receives)
    put(url, office)
    seen = Seen()

    with working(SqsWorker(url, office.router, wait=1, watch=seen)):
        waited_for(lambda: seen.outcomes)

    assert site.counts(url) == (0, 0, 0) if gone else (0, 1, 0)
    assert site.counts(dead)[0] == gone


def test_stays_hidden(site: Site, office: Office, cloud: Cloud) -> None:
    """While a message is worked on nobody else gets it, however long that takes."""
    url = site.queue()
    put(url, office)
    slow, seen = Slow(office), Seen()

    with working(SqsWorker(url, office.router, threads=2, visibility=4, wait=1, watch=seen)):
        assert slow.asked.wait(20)
        waited_for(lambda: cloud.count("ChangeMessageVisibility") >= 4)
        slow.answer.set()
        waited_for(lambda: seen.outcomes)

    assert [type(outcome) for outcome in seen.outcomes] == [Created]
    assert site.counts(url) == (0, 0, 0)


def test_drains(site: Site, office: Office) -> None:
    """What is being handled when the worker is stopped is finished."""
    url = site.queue()
    put(url, office)
    slow = Slow(office)

    with working(SqsWorker(url, office.router, threads=1, wait=1)) as raised:
        assert slow.asked.wait(20)
        threading.Timer(0.3, slow.answer.set).start()

    assert not raised
    assert len(office.world.asana.tasks) == 1
    assert site.counts(url) == (0, 0, 0)


def test_drains_no_longer_than_told(site: Site, office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """What takes too long is left, and delivered again."""
    url = site.queue()
    put(url, office)
    slow = Slow(office)

    with working(SqsWorker(url, office.router, threads=1, wait=1, drain=0)):
        assert slow.asked.wait(20)

    assert site.counts(url) == (0, 1, 0)
    assert "1 messages were not finished in time" in caplog.text
    slow.answer.set()


def test_stops_amid_a_poll(site: Site, office: Office, cloud: Cloud) -> None:
    """A poll is not waited for; a message that it brings yet is given back."""
    url = site.queue()
    with working(SqsWorker(url, office.router, threads=1, wait=20)):
        waited_for(lambda: cloud.count("ReceiveMessage") == 1)

    put(url, office)
    waited_for(lambda: cloud.count("ChangeMessageVisibility") == 1)
    waited_for(lambda: site.counts(url) == (1, 0, 0))
    assert not office.world.asana.tasks


def test_outage(site: Site, office: Office, cloud: Cloud) -> None:
    """An outage of SQS is waited out, at the start too."""
    url = site.queue()
    put(url, office, 3)
    cloud.is_out = True

    with working(SqsWorker(url, office.router, wait=1)) as raised:
        waited_for(lambda: cloud.count("GetQueueAttributes") >= 4)
        cloud.is_out = False
        waited_for(lambda: len(office.world.asana.tasks) == 3)

    assert not raised


def test_no_queue(site: Site, office: Office) -> None:
    """A queue that is not there ends the worker."""
    worker = SqsWorker(f"{site.cloud.url}/123456789012/missing", office.router, wait=1)

    with pytest.raises(ConfigError, match="missing"):
        worker.run()


class Broken(MemoryLedger):
    """A ledger that raises what it is told to, the first time."""

    def __init__(self, office: Office, error: Exception) -> None:
        super().__init__(clock=office.world.clock)
        self.errors = [error]
        office.router._ledger = self

    def get(self, key: str) -> LedgerRecord | None:
        if self.errors:
            raise self.errors.pop()
        return super().get(key)


def test_configured_wrongly(site: Site, office: Office) -> None:
    """What only a person can put right ends the worker, and deletes nothing."""
    url = site.queue()
    put(url, office)
    Broken(office, ConfigError("the table has no region"))

    with pytest.raises(ConfigError, match="no region"):
        SqsWorker(url, office.router, threads=1, wait=1).run()
    assert site.counts(url) == (0, 1, 0)


def test_one_breaks(site: Site, office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """A message that breaks the router is delivered again, and the worker goes on."""
    url = site.queue()
    put(url, office, 2)
    Broken(office, RuntimeError("a bug"))

    with working(SqsWorker(url, office.router, threads=1, visibility=1, wait=1)):
        waited_for(lambda: len(office.world.asana.tasks) == 2 and site.counts(url) == (0, 0, 0))

    assert "a message is delivered again" in caplog.text


def test_signal(site: Site, office: Office) -> None:
    """A signal handler may stop it."""
    worker = SqsWorker(site.queue(), office.router, threads=1, wait=1)
    usual = signal.signal(signal.SIGALRM, lambda *_: worker.stop())
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        worker.run()
    finally:
        signal.signal(signal.SIGALRM, usual)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", 0),
        ("threads", 101),
        ("visibility", 0),
        ("visibility", 43_201),
        ("wait", 0),
        ("wait", 21),
        ("deadline", float("nan")),
        ("drain", -1),
    ],
)
def test_bad_numbers(name: str, value: float) -> None:
    """Numbers that SQS or nobody could mean are refused at once."""
    with pytest.raises(ConfigError, match=f"{name} .* is not"):
        SqsWorker("https://sqs.eu-west-1.amazonaws.com/1/a", Office.new().router, **{name: value})  # type: ignore[arg-type]
