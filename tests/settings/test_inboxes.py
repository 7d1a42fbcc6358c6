"""From a configuration file to an inbox."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sentry_governed.adapters.sqlite import SqliteInbox
from sentry_governed.errors import SettingsError
from sentry_governed.settings import Settings, check_service, open_async_inbox, open_inbox
from tests.adapters.makers import message


def configured(folder: Path, content: str) -> Settings:
    """Settings loaded from a folder."""
    (folder / "config.yaml").write_text(content)
    return Settings.load(folder / "config.yaml")


@pytest.mark.parametrize("opener", [open_inbox, open_async_inbox])
def test_sqlite(tmp_path: Path, opener: Callable[..., object]) -> None:
    """A file is beside the configuration, and made when it is first needed."""
    inbox = opener(configured(tmp_path, "inbox: {sqlite: inbox.db}"), secrets={})
    assert isinstance(inbox, SqliteInbox)
    assert not (tmp_path / "inbox.db").exists()

    with inbox:
        inbox.put(message())
    assert (tmp_path / "inbox.db").exists()


def test_refused(tmp_path: Path) -> None:
    """An inbox that is not there, or is for asyncio, is refused where it stands."""
    with pytest.raises(SettingsError, match="0:0: there is no inbox"):
        open_inbox(configured(tmp_path, "{}"), secrets={})
    with pytest.raises(SettingsError, match=r"config\.yaml:1:15: a nats inbox is for asyncio only"):
        open_inbox(configured(tmp_path, "inbox: {nats: {url: 'nats://a', stream: S}}"), secrets={})


def test_whole_service(tmp_path: Path) -> None:
    """A service with its own workers needs all that a router needs, and what webhooks need."""
    settings = configured(tmp_path, "inbox: {sqlite: inbox.db}\nserve: {reconcile: {}}")
    with pytest.raises(SettingsError) as caught:
        check_service(settings, secrets={})

    assert [problem.message for problem in caught.value.problems] == [
        "there is no teams file",
        "there is no asana token",
        "there is no ledger",
        "there is no secret of webhooks",
    ]


def test_reconciling_needs_sentry(tmp_path: Path) -> None:
    """A reconciler without an organization to look into is refused before anything runs."""
    (tmp_path / "teams.yaml").write_text("default: Ops\nteams: [{Name: Ops}]")
    settings = configured(
        tmp_path,
        "teams: teams.yaml\nasana: {token: {secret: PAT}}\nledger: {sqlite: l.db}\n"
        "inbox: {sqlite: i.db}\ndatadog: {webhook_secrets: [{secret: DOG}]}\nserve: {reconcile: {}}",
    )
    with pytest.raises(SettingsError) as caught:
        check_service(settings, secrets={"PAT": "p", "DOG": "d"})

    assert len(caught.value.problems) == 1
    assert "reconciling needs a router with a sentry client" in str(caught.value)
