"""An inbox on SQS: what is put is there, or the caller knows that it may not be."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from sentry_governed import SqsInbox
from sentry_governed.adapters._envelope import alert_of, unpacked
from sentry_governed.alerts import Alert
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.testing import sentry_event_alert
from tests.adapters.aws.cloud import Cloud, Mishap
from tests.adapters.aws.queues import Site, message

ONE = message(sentry_event_alert(tags={"service": "checkout"}))
SEND = "SendMessage"


def test_put(site: Site) -> None:
    """A message is on the queue when it was put, whole."""
    url = site.queue()
    with SqsInbox(url) as inbox:
        inbox.put(ONE)

    (found,) = site.take(url)
    assert unpacked(found["Body"]) == ONE
    assert "MessageAttributes" not in found


def test_put_twice(site: Site) -> None:
    """On a standard queue a message that is put again is there twice; whoever routes it knows."""
    url = site.queue()
    with SqsInbox(url) as inbox:
        inbox.put(ONE)
        inbox.put(ONE)

    assert site.counts(url) == (2, 0, 0)


def test_fifo(site: Site) -> None:
    """On a FIFO queue each alert is a group of its own, and one that is put again is dropped."""
    url = site.queue(fifo=True)
    other = attrs.evolve(ONE, key=f"{'k' * 200}")
    with SqsInbox(url) as inbox:
        for each in (ONE, other, attrs.evolve(ONE, received_at=1.0), other):
            inbox.put(each)

    first, second = site.take(url)
    assert [unpacked(each["Body"]).key for each in (first, second)] == [ONE.key, other.key]
    assert first["Attributes"]["MessageGroupId"] != second["Attributes"]["MessageGroupId"]


def test_fifo_quarantine(site: Site) -> None:
    """Messages without a key are dropped on a FIFO queue only where they are the same bytes."""
    url = site.queue(fifo=True)
    bad = message(sentry_event_alert(), problem="no issue")
    with SqsInbox(url) as inbox:
        for each in (bad, bad, attrs.evolve(bad, sha256="0" * 64)):
            inbox.put(each)

    assert site.counts(url)[0] == 2


def test_quarantine(site: Site) -> None:
    """What cannot be routed goes to its own queue where there is one, else to the same."""
    url, aside = site.queue(), site.queue()
    bad = message(sentry_event_alert(), problem="no issue")
    with SqsInbox(url, quarantine_url=aside) as inbox:
        inbox.put(bad)
        inbox.put(ONE)
    with SqsInbox(url) as inbox:
        inbox.put(bad)

    assert [unpacked(each["Body"]).problem for each in site.take(aside)] == ["no issue"]
    assert sorted(str(unpacked(each["Body"]).problem) for each in site.take(url)) == ["None", "no issue"]


def test_large(site: Site) -> None:
    """A body over the limit is trimmed to it, and can still be routed."""
    url = site.queue()
    body = sentry_event_alert(tags={"service": "checkout"}, extra={"padding": "x" * 400_000})
    with SqsInbox(url) as inbox:
        inbox.put(message(body))

    (found,) = site.take(url)
    kept = unpacked(found["Body"])
    assert len(found["Body"]) <= 256 * 1024 - 2048
    assert kept.trimmed
    assert isinstance(alert_of(kept), Alert)


def test_too_large(site: Site) -> None:
    """A limit that leaves no room is refused, as is a message that fits no limit."""
    url = site.queue()
    with pytest.raises(ConfigError, match="limit 1023 is too small"):
        SqsInbox(url, limit=1023)
    with SqsInbox(url, limit=1024) as inbox, pytest.raises(InboxError, match="larger than the 1024"):
        inbox.put(message(sentry_event_alert(tags={f"tag{n}": "x" * 100 for n in range(50)})))

    assert site.counts(url) == (0, 0, 0)


@pytest.mark.parametrize("mishap", ["failed after", "failed before", "not sent", "reply lost"])
def test_unanswered(site: Site, cloud: Cloud, mishap: Mishap) -> None:
    """Whoever gets no answer hears an error in good time, and the next message is kept."""
    url = site.queue()
    with SqsInbox(url, timeout=5) as inbox:
        cloud.fail(SEND, mishap, mishap)
        with pytest.raises(InboxError, match=url):
            inbox.put(ONE)
        inbox.put(ONE)

    applied = 2 if mishap in {"failed after", "reply lost"} else 0
    assert site.counts(url) == (applied + 1, 0, 0)


def test_slow(site: Site, cloud: Cloud) -> None:
    """However slow the network is, the caller hears in time, from every thread."""
    url = site.queue()
    with SqsInbox(url, timeout=0.3) as inbox:
        inbox.put(ONE)
        cloud.fail(SEND, "hangs", "hangs", "hangs", "hangs", "hangs", "hangs", "hangs", "hangs")
        started = time.monotonic()

        def put(_: int) -> str:
            with pytest.raises(InboxError) as caught:
                inbox.put(ONE)
            return str(caught.value)

        with ThreadPoolExecutor(4) as pool:
            problems = list(pool.map(put, range(4)))
        took = time.monotonic() - started
        cloud.catch_up.set()

    assert all(problem.startswith(f"{url}: ") for problem in problems)
    assert took < 3


def test_no_queue(site: Site) -> None:
    """A queue that is not there is an error of the inbox: nothing is acknowledged."""
    with (
        SqsInbox(f"{site.cloud.url}/123456789012/missing") as inbox,
        pytest.raises(InboxError, match="missing"),
    ):
        inbox.put(ONE)


def test_closed(site: Site) -> None:
    """What is put into a closed inbox is refused."""
    inbox = SqsInbox(site.queue())
    inbox.close()

    with pytest.raises(InboxError, match="closed"):
        inbox.put(ONE)


def test_own_client(site: Site) -> None:
    """A client that the user brings is used."""
    url = site.queue()
    SqsInbox(url, client=site.client).put(ONE)

    assert site.counts(url) == (1, 0, 0)


@pytest.mark.parametrize(
    "url",
    ["", "alerts", "https://", "https://sqs.eu-west-1.amazonaws.com", "ftp://host/1/a", "https://[/1/a"],
)
def test_bad_url(url: str) -> None:
    """What is not the URL of a queue is refused at once."""
    with pytest.raises(ConfigError, match=r"queue_url .* is not the URL of a queue"):
        SqsInbox(url)
    with pytest.raises(ConfigError, match=r"quarantine_url .* is not the URL of a queue"):
        SqsInbox("https://sqs.eu-west-1.amazonaws.com/1/a", quarantine_url=url)


@pytest.mark.parametrize("timeout", [0.0, -1.0, 61.0, float("nan")])
def test_bad_timeout(timeout: float) -> None:
    """A timeout that no one could mean is refused at once."""
    with pytest.raises(ConfigError, match="timeout"):
        SqsInbox("https://sqs.eu-west-1.amazonaws.com/1/a", timeout=timeout)


@pytest.mark.parametrize(
    ("url", "region", "endpoint"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/a", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/1/a",
            "cn-north-1",
            "https://sqs.cn-north-1.amazonaws.com.cn",
        ),
        ("http://localhost:4566/1/a", "us-east-1", "http://localhost:4566"),
        ("https://amazonaws.evil.example/1/a", "us-east-1", "https://amazonaws.evil.example"),
    ],
)
def test_region(cloud: Cloud, url: str, region: str, endpoint: str) -> None:
    """The URL says where the queue is; an emulator takes the region of the environment."""
    with SqsInbox(url) as inbox:
        meta = inbox._queue.client.meta

    assert (meta.region_name, meta.endpoint_url) == (region, endpoint)


def test_ascii(site: Site) -> None:
    """Whatever is in a body, the message is ASCII, which SQS takes and counts as it is."""
    url = site.queue()
    odd = attrs.evolve(ONE, body='{"a": "\u20ac\ufffe\x0b"}'.encode())
    with SqsInbox(url) as inbox:
        inbox.put(odd)

    (found,) = site.take(url)
    assert found["Body"].isascii()
    assert unpacked(found["Body"]) == odd
    assert json.loads(found["Body"])["sentry_governed"] == 1
