"""The least that a NATS user must be allowed is what the documentation says, and it is enough."""

import re
import time
from pathlib import Path

import pytest

from sentry_governed import Secret
from sentry_governed.adapters.nats import (
    JetStreamInbox,
    JetStreamQueue,
    JetStreamWorker,
    NatsConfig,
    NatsLedger,
)
from sentry_governed.errors import LedgerError
from sentry_governed.testing import FrozenClock
from tests.adapters.nats.scene import Scene, Seen, new_router
from tests.adapters.nats.server import running
from tests.routing.makers import World

PAGE = Path(__file__).parents[3] / "docs" / "nats.md"
ADMIN = '{user: "admin", password: "admin"}'


def documented(user: str) -> list[str]:
    """The subjects that the page lets a user publish to."""
    (row,) = re.findall(rf"^\| {user} \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return re.findall(r"`([^`]+)`", row)


def least(user: str) -> str:
    """A user of the server's configuration who may do what the page says, and no more."""
    subjects = ", ".join(f'"{subject}"' for subject in documented(user))
    permissions = f'{{publish: [{subjects}], subscribe: ["_INBOX.>"]}}'
    return f'{{user: "{user}", password: "{user}", permissions: {permissions}}}'


def as_user(url: str, user: str) -> NatsConfig:
    """Connects as that user."""
    return NatsConfig(servers=(url,), user=user, password=Secret(user))


async def test_least_privilege() -> None:
    """What was made by somebody else is used by an inbox, a worker and a ledger that may do little."""
    users = ", ".join([ADMIN, least("inbox"), least("worker"), least("ledger")])
    queue = JetStreamQueue()
    with running(config=f"authorization {{users: [{users}]}}") as server:
        admin, world = as_user(server.url, "admin"), World.new(clock=FrozenClock(time.time()))
        seen = Seen()
        await (await NatsLedger.open(admin)).aclose()
        making = JetStreamWorker(admin, new_router(world), queue=queue)
        making.stop()
        await making.run()
        async with (
            await NatsLedger.open(as_user(server.url, "ledger"), create=False) as ledger,
            await JetStreamInbox.open(as_user(server.url, "inbox"), queue, create=False) as inbox,
            await JetStreamInbox.open(admin, queue) as operator,
        ):
            scene = Scene("", queue, world, new_router(world, ledger), None, seen)  # type: ignore[arg-type]  # unused
            await inbox.put(scene.message())
            await inbox.put(scene.message(problem="odd", key=None))
            await inbox.put(scene.message(body=b"\xff"))
            worker = JetStreamWorker(
                as_user(server.url, "worker"), scene.router, queue=queue, watch=seen, create=False
            )

            async def is_empty() -> bool:
                return (await operator.stats()).waiting == 0

            async with scene.at_work(worker):
                await scene.until(is_empty)
            stats = await operator.stats()

        assert sorted(seen.names) == ["Created Ack", "Rejected DeadLetter"]
        assert (stats.dead, stats.quarantined) == (1, 1)


async def test_not_allowed() -> None:
    """A ledger whose user may not write says so in bounded time; nothing is taken for written."""
    readable = '"$JS.API.STREAM.INFO.*", "$JS.API.STREAM.MSG.GET.*"'
    reader = (
        f'{{user: "me", password: "me", permissions: {{publish: [{readable}], subscribe: ["_INBOX.>"]}}}}'
    )
    with running(config=f"authorization {{users: [{ADMIN}, {reader}]}}") as server:
        await (await NatsLedger.open(as_user(server.url, "admin"))).aclose()
        async with await NatsLedger.open(as_user(server.url, "me"), create=False, timeout=0.5) as ledger:
            with pytest.raises(LedgerError, match="not known whether k was written"):
                await ledger.put("k", "v", expected=None, expires_at=time.time() + 10)
            assert await ledger.get("k") is None
