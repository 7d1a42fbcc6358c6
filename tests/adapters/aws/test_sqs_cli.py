"""`sentry-governed sqs`: what a queue would lose, and dead letters that are worked on again."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from click.testing import CliRunner

from sentry_governed.adapters._sqs_doctor import examine
from sentry_governed.adapters._sqs_queue import MOST_BYTES
from sentry_governed.cli._app import app
from sentry_governed.typing import JsonValue
from tests.adapters.aws.cloud import Cloud
from tests.adapters.aws.queues import Office, Site
from tests.adapters.aws.test_sqs_worker import Seen, working

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef

DAYS_4, DAYS_14 = "345600", "1209600"
REASON = {"sentry_governed_reason": {"DataType": "String", "StringValue": "no default team"}}
TENANT = {"tenant": {"DataType": "String", "StringValue": "acme"}}


class Ran(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, JsonValue]:
        """Its JSON."""
        assert self.out.isascii()
        found: dict[str, JsonValue] = json.loads(self.out)
        return found


def run(*arguments: str) -> Ran:
    """Run `sentry-governed sqs`."""
    found = CliRunner().invoke(app, ["sqs", *arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return Ran(found.exit_code, found.stdout, found.stderr)


def name(url: str) -> str:
    """A queue's name."""
    return url.rpartition("/")[2]


def fill(site: Site, url: str, count: int) -> None:
    """Put dead letters on a queue."""
    attributes = cast("dict[str, MessageAttributeValueTypeDef]", {**REASON, **TENANT})
    for number in range(count):
        site.client.send_message(QueueUrl=url, MessageBody=str(number), MessageAttributes=attributes)


@pytest.mark.parametrize("given", [True, False])
def test_redrive(site: Site, cloud: Cloud, given: bool) -> None:
    """Every dead letter goes back to its queue as it came, without the reason."""
    dead = site.queue()
    url = site.queue(dead=dead)
    fill(site, dead, 23)
    arguments = ["--to", name(url), "--endpoint-url", cloud.url] if given else []

    found = run("redrive", "--from", name(dead) if given else dead, *arguments, "--json")

    assert found.code == 0, found.err
    assert found.told == {
        "from": dead,
        "to": url,
        "waiting": 23,
        "moved": 23,
        "left": 0,
        "dry_run": False,
        "problem": None,
    }
    messages = site.take(url)
    assert sorted(int(each["Body"]) for each in messages) == list(range(23))
    assert all(each["MessageAttributes"] == TENANT for each in messages)
    assert site.counts(dead) == (0, 0, 0)


def test_redrive_in_order(site: Site) -> None:
    """On FIFO queues a message keeps its group, and is not taken for one that was seen before."""
    dead = site.queue(fifo=True)
    url = site.queue(fifo=True, dead=dead)
    for queue in (url, dead):
        site.client.send_message(
            QueueUrl=queue, MessageBody="1", MessageGroupId="g", MessageDeduplicationId="once"
        )

    assert run("redrive", "--from", dead).code == 0
    assert [each["Attributes"]["MessageGroupId"] for each in site.take(url)] == ["g", "g"]


def test_dry_run(site: Site) -> None:
    """A dry run says what would be moved, and moves nothing."""
    dead = site.queue()
    url = site.queue(dead=dead)
    fill(site, dead, 2)

    found = run("redrive", "--from", dead, "--dry-run")

    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        f"from       {dead}",
        f"to         {url}",
        "waiting    2",
        "moved      0",
        "left       0",
    ]
    assert site.counts(dead) == (2, 0, 0)


@pytest.mark.parametrize("operation", ["SendMessage", "DeleteMessage"])
def test_stopped_half_way(site: Site, cloud: Cloud, operation: str) -> None:
    """A redrive that fails half way says so and loses nothing; the next one moves the rest."""
    dead = site.queue(VisibilityTimeout="1")
    url = site.queue(dead=dead)
    fill(site, dead, 3)
    failures = ["failed before"] * 5
    cloud.fail(operation, None, *failures)  # type: ignore[arg-type]

    found = run("redrive", "--from", dead)

    assert found.code == 1
    assert "moved      1" in found.out
    assert found.err.startswith("stopped half way; start it again to move the rest: ")
    assert {each["Body"] for each in site.take(url)} | {str(n) for n in range(3)} == {"0", "1", "2"}
    assert sum(site.counts(dead)) + sum(site.counts(url)) >= 3
    cloud.mishaps.clear()
    for hidden in (dead, url):
        site.show_all(hidden)
    assert run("redrive", "--from", dead).code == 0
    assert {each["Body"] for each in site.take(url)} == {"0", "1", "2"}
    assert site.counts(dead) == (0, 0, 0)


def test_given_up_again(site: Site, office: Office) -> None:
    """A redrive comes to an end while a worker gives the same messages up again."""
    dead = site.queue()
    url = site.queue(dead=dead)
    for _ in range(3):
        site.client.send_message(QueueUrl=dead, MessageBody="[]")
    from sentry_governed import SqsWorker

    with working(SqsWorker(url, office.router, wait=1, watch=Seen())):
        found = run("redrive", "--from", dead, "--json")

    assert found.code == 0
    assert found.told["moved"] == 3


@pytest.mark.parametrize("sources", [0, 2])
def test_no_target(site: Site, sources: int) -> None:
    """Where the queue does not say where its messages belong, the user has to."""
    dead = site.queue()
    for _ in range(sources):
        site.queue(dead=dead)

    found = run("redrive", "--from", dead)

    assert found.code == 1
    assert "say with --to where they belong" in found.err


def test_same_queue(site: Site) -> None:
    """A queue cannot be moved to itself."""
    dead = site.queue()

    assert run("redrive", "--from", dead, "--to", dead).code == 2


@pytest.mark.parametrize("arguments", [["redrive"], ["doctor"], ["doctor", "q", "--function-timeout", "0"]])
def test_usage(arguments: list[str]) -> None:
    """Wrong usage is 2."""
    assert run(*arguments).code == 2


@pytest.mark.parametrize("command", [["redrive", "--from"], ["doctor"]])
@pytest.mark.parametrize("queue", ["https://x", "missing"])
def test_no_queue(cloud: Cloud, command: list[str], queue: str) -> None:
    """A queue that is none is refused, in one line."""
    found = run(*command, queue, "--endpoint-url", cloud.url)

    assert found.code == 1
    assert len(found.err.splitlines()) == 1


def test_healthy(site: Site) -> None:
    """A queue that loses nothing passes."""
    dead = site.queue(MessageRetentionPeriod=DAYS_14)
    fill(site, dead, 1)
    url = site.queue(dead=dead, VisibilityTimeout="360")

    found = run("doctor", url, "--function-timeout", "60")

    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        f"queue      {url}",
        f"dead       {dead}",
        "waiting    1 dead letters",
        "ok         nothing here would lose work",
    ]
    assert run("doctor", url, "--function-timeout", "60", "--json").told == {
        "queue": url,
        "dead_letter_queue": dead,
        "dead_letters": 1,
        "problems": [],
    }


def test_unhealthy(site: Site) -> None:
    """Everything that is wrong is named at once, with what to set."""
    dead = site.queue(MessageRetentionPeriod="3600")
    url = site.queue(dead=dead, receives=2, VisibilityTimeout="359", MaximumMessageSize="1024")

    found = run("doctor", url, "--function-timeout", "60", "--json")

    assert found.code == 1
    problems = found.told["problems"]
    assert isinstance(problems, list)
    assert [problem["check"] for problem in problems] == [
        "visibility",
        "max_receive_count",
        "dead_letter_retention",
        "size",
    ]
    lines = run("doctor", url, "--function-timeout", "60").out.splitlines()
    assert sum(line.startswith("problem    ") for line in lines) == 4
    assert "  fix      set VisibilityTimeout to at least 360" in "\n".join(lines)


def test_no_dead_letter_queue(site: Site) -> None:
    """A queue without a dead-letter queue is told of."""
    found = run("doctor", site.queue())

    assert found.code == 1
    assert "dead       none" in found.out
    assert "a RedrivePolicy with maxReceiveCount 5 or more" in found.out


def policy(receives: int = 5) -> str:
    """A redrive policy."""
    return json.dumps({"deadLetterTargetArn": "arn:aws:sqs:r:1:dead", "maxReceiveCount": receives})


GOOD = {
    "VisibilityTimeout": "360",
    "RedrivePolicy": policy(),
    "MessageRetentionPeriod": DAYS_4,
    "MaximumMessageSize": str(MOST_BYTES),
}


@pytest.mark.parametrize(
    ("changes", "dead", "found"),
    [
        ({}, DAYS_14, []),
        ({"VisibilityTimeout": "359"}, DAYS_14, ["visibility"]),
        ({"RedrivePolicy": policy(4)}, DAYS_14, ["max_receive_count"]),
        ({"RedrivePolicy": ""}, DAYS_14, ["no_dead_letter_queue"]),
        ({"RedrivePolicy": "{"}, DAYS_14, ["no_dead_letter_queue"]),
        ({}, None, ["dead_letter_queue_unreadable"]),
        ({}, DAYS_4, ["dead_letter_retention"]),
        ({}, "345601", []),
        ({"FifoQueue": "true"}, DAYS_4, []),
        ({"MessageRetentionPeriod": "86399"}, DAYS_14, ["retention"]),
        ({"MessageRetentionPeriod": "86400"}, DAYS_14, []),
        ({"MaximumMessageSize": str(MOST_BYTES - 1)}, DAYS_14, ["size"]),
    ],
)
def test_checks(changes: Mapping[str, str], dead: str | None, found: list[str]) -> None:
    """Each setting is wrong from its limit on, and not before."""
    kept = None if dead is None else {"MessageRetentionPeriod": dead}

    assert [each.check for each in examine({**GOOD, **changes}, kept, function_timeout=60)] == found


def test_batch_window() -> None:
    """Lambda's batch window counts; without a function the visibility is the worker's own business."""
    dead = {"MessageRetentionPeriod": DAYS_14}

    assert [each.check for each in examine(GOOD, dead, function_timeout=60, batch_window=1)] == ["visibility"]
    assert not list(examine({**GOOD, "VisibilityTimeout": "0"}, dead))
