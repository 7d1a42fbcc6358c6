"""A settings file that keeps things in NATS."""

from pathlib import Path

import nats
import pytest

from sentry_governed.errors import InboxError, SettingsError
from sentry_governed.routing import Created, Deferred, Duplicate
from sentry_governed.settings import Settings, open_async_inbox, open_async_router
from sentry_governed.settings._nats import NatsInboxLater
from sentry_governed.testing import FakeAsana, datadog_alert, datadog_webhook
from tests.adapters.makers import message
from tests.adapters.nats.server import NatsServer, running
from tests.settings.test_runtime import SECRETS, genuine


def configured(folder: Path, asana: str, ledger: str) -> Settings:
    """Settings of a router without Sentry."""
    (folder / "teams.yaml").write_text('default: Ops\nteams: [{Name: Ops, AsanaBacklogId: "11"}]')
    (folder / "config.yaml").write_text(
        "teams: teams.yaml\n"
        f"asana: {{base_url: '{asana}', allow_http: true, token: {{secret: PAT}}}}\n"
        f"ledger: {{nats: {ledger}}}\n"
    )
    return Settings.load(folder / "config.yaml")


async def test_nats_ledger(server: NatsServer, tmp_path: Path) -> None:
    """A file with a bucket is all that a router needs; another process sees what the first one did."""
    asana = FakeAsana(token=SECRETS["PAT"])
    asana.add_project("Backlog", gid="11")
    alert = genuine(*datadog_webhook(datadog_alert(), SECRETS["DOG"]))
    outcomes = []
    with asana.serve() as url:
        settings = configured(tmp_path, url, f"{{url: '{server.url}', bucket: alerts}}")
        for _ in range(2):
            async with open_async_router(settings, secrets=SECRETS) as runtime:
                outcomes.append(await runtime.router.handle(alert))

    first, second = outcomes
    assert isinstance(first, Created)
    assert isinstance(second, Duplicate)
    assert [task.gid for task in asana.tasks] == [first.task]


async def test_nobody_there(tmp_path: Path) -> None:
    """A server that does not answer makes the router wait; once it is back, work goes on."""
    asana = FakeAsana(token=SECRETS["PAT"])
    asana.add_project("Backlog", gid="11")
    alert = genuine(*datadog_webhook(datadog_alert(), SECRETS["DOG"]))
    with running() as server:
        port = server.port
        server.stop()
        with asana.serve() as url:
            settings = configured(tmp_path, url, f"{{url: 'nats://127.0.0.1:{port}'}}")
            async with open_async_router(settings, secrets=SECRETS) as runtime:
                assert isinstance(await runtime.router.handle(alert), Deferred)
                server.start()
                assert isinstance(await runtime.router.handle(alert), Created)


def test_refused(tmp_path: Path) -> None:
    """What is wrong with the connection is a problem of the file, beside the others."""
    with pytest.raises(SettingsError) as caught:
        open_async_router(
            configured(tmp_path, "http://127.0.0.1:1", "{url: 'http://a', token: {secret: TOKEN}}"),
            secrets={},
        )

    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (2, "environment variable 'PAT' is not set"),
        (3, "environment variable 'TOKEN' is not set"),
    ]

    with pytest.raises(SettingsError, match="'http://a' is no NATS address"):
        open_async_router(
            configured(tmp_path, "http://127.0.0.1:1", "{url: 'http://a', token: {secret: TOKEN}}"),
            secrets={"PAT": "p", "TOKEN": "t"},
        )


async def test_inbox(server: NatsServer, tmp_path: Path) -> None:
    """An inbox is connected to when the first message is put, and closed with the rest."""
    (tmp_path / "config.yaml").write_text(f"inbox: {{nats: {{url: '{server.url}', stream: KEPT}}}}")
    inbox = open_async_inbox(Settings.load(tmp_path / "config.yaml"), secrets={})
    assert isinstance(inbox, NatsInboxLater)
    await inbox.put(message())
    opened = await inbox.connected()
    assert (await opened.stats()).waiting == 1

    await inbox.aclose()
    with pytest.raises(InboxError):
        await inbox.put(message(2))


async def test_unfit_inbox(server: NatsServer, tmp_path: Path) -> None:
    """A stream that would lose messages is not acknowledged from: whoever sends is told to send again."""
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name="LOSSY", subjects=["LOSSY.alerts.*"], storage="memory")
    await client.close()
    (tmp_path / "config.yaml").write_text(f"inbox: {{nats: {{url: '{server.url}', stream: LOSSY}}}}")
    inbox = open_async_inbox(Settings.load(tmp_path / "config.yaml"), secrets={})
    assert isinstance(inbox, NatsInboxLater)

    with pytest.raises(InboxError, match="LOSSY"):
        await inbox.put(message())
    await inbox.aclose()
