"""A settings file that keeps things on AWS."""

import asyncio
import uuid
from pathlib import Path

import pytest

from sentry_governed.adapters.dynamodb import DynamoLedger
from sentry_governed.errors import SettingsError
from sentry_governed.routing import Created, Duplicate, Outcome
from sentry_governed.settings import Settings, open_async_router, open_router
from sentry_governed.testing import FakeAsana, datadog_alert, datadog_webhook
from tests.adapters.aws.cloud import Cloud
from tests.settings.test_runtime import SECRETS, genuine


def configured(folder: Path, asana: str, ledger: str) -> Settings:
    """Settings of a router without Sentry."""
    (folder / "teams.yaml").write_text('default: Ops\nteams: [{Name: Ops, AsanaBacklogId: "11"}]')
    (folder / "config.yaml").write_text(
        "teams: teams.yaml\n"
        f"asana: {{base_url: '{asana}', allow_http: true, token: {{secret: PAT}}}}\n"
        f"ledger: {{dynamodb: {ledger}}}\n"
    )
    return Settings.load(folder / "config.yaml")


def test_dynamo_ledger(cloud: Cloud, tmp_path: Path) -> None:
    """A file with a table is all that a router needs, for threads and for asyncio."""
    table = f"ledger-{uuid.uuid4()}"
    with DynamoLedger(table, endpoint_url=cloud.url) as ledger:
        ledger.create_table()
    asana = FakeAsana(token=SECRETS["PAT"])
    asana.add_project("Backlog", gid="11")
    alert = genuine(*datadog_webhook(datadog_alert(), SECRETS["DOG"]))

    async def again(settings: Settings) -> Outcome:
        async with open_async_router(settings, secrets=SECRETS) as runtime:
            return await runtime.router.handle(alert)

    with asana.serve() as url:
        settings = configured(
            tmp_path, url, f"{{table: {table}, region: us-east-1, endpoint_url: '{cloud.url}'}}"
        )
        with open_router(settings, secrets=SECRETS) as runtime:
            first = runtime.router.handle(alert)
        second = asyncio.run(again(settings))

    assert isinstance(first, Created)
    assert isinstance(second, Duplicate)
    assert [task.gid for task in asana.tasks] == [first.task]


def test_refused(tmp_path: Path) -> None:
    """A table that cannot be one is a problem of the file, beside the others."""
    with pytest.raises(SettingsError) as caught:
        open_router(configured(tmp_path, "http://127.0.0.1:1", "{table: 'a b'}"), secrets={})

    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (2, "environment variable 'PAT' is not set"),
        (3, "'a b' cannot be a DynamoDB table: give its name or its ARN"),
    ]
