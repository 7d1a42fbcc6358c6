"""`sentry-governed inbox` on a JetStream queue."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.adapters.nats import JetStreamInbox, JetStreamQueue
from sentry_governed.cli._inbox import inbox
from tests.adapters.makers import message
from tests.adapters.nats.server import NatsServer


@pytest.fixture
def config(fragile: NatsServer, tmp_path: Path) -> Path:
    """The configuration of a queue that nothing was put on yet."""
    file = tmp_path / "config.yaml"
    file.write_text(f"inbox: {{nats: {{url: '{fragile.url}', stream: ALERTS}}}}")
    return file


def run(config: Path, command: str, *arguments: str) -> Result:
    """Run a command with the configuration."""
    return CliRunner().invoke(inbox, [command, "--config", str(config), *arguments])


async def put_aside(url: str, count: int) -> None:
    """Put so many messages that nothing can read."""
    async with await JetStreamInbox.open(url, JetStreamQueue(stream="ALERTS")) as opened:
        for number in range(count):
            await opened.put(message(number, problem="the body is not JSON", received_at=time.time()))


def test_put_right(config: Path, fragile: NatsServer) -> None:
    """What was put aside is listed, shown, given to the workers again, and removed."""
    asyncio.run(put_aside(fragile.url, 3))
    found = run(config, "dead")
    assert found.exit_code == 1
    assert [line.split()[1] for line in found.output.splitlines()] == ["quarantined"] * 3
    first, second, third = (
        item["number"] for item in json.loads(run(config, "list", "--json").output)["messages"]
    )

    assert run(config, "show", str(first), "--payload").output.endswith("\n\n{0\n")
    assert run(config, "retry", str(first)).output == "1 to be handled again\n"
    assert run(config, "discard", str(second)).output == "1 removed\n"
    assert run(config, "discard", str(second)).exit_code == 1
    assert run(config, "retry", "--all-quarantined").output == "1 to be handled again\n"
    assert run(config, "show", str(third)).output == f"there is no message {third}\n"
    assert run(config, "dead").exit_code == 0


def test_nothing_there(config: Path, fragile: NatsServer) -> None:
    """A stream that is not there is not made, and a server that is away is said."""
    assert run(config, "list").exit_code == 1
    fragile.stop()
    gone = run(config, "list")

    assert gone.exit_code == 1
    assert len(gone.output.splitlines()) == 1
