"""From a configuration file with Datadog's keys to a router that uses them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sentry_governed import Alert, SettingsError, decode_alert
from sentry_governed.routing import Created, Outcome
from sentry_governed.settings import Settings, open_async_router, open_router
from sentry_governed.testing import FakeAsana, FakeDatadog, datadog_webhook

SECRETS = {"PAT": "asana-canary", "KEY": "api-canary", "APP": "app-canary"}


def in_threads(settings: Settings, alert: Alert) -> Outcome:
    """Handle an alert."""
    with open_router(settings, secrets=SECRETS) as runtime:
        return runtime.router.handle(alert)


def in_asyncio(settings: Settings, alert: Alert) -> Outcome:
    """The same in an event loop."""

    async def work() -> Outcome:
        async with open_async_router(settings, secrets=SECRETS) as runtime:
            return await runtime.router.handle(alert)

    return asyncio.run(work())


def configured(folder: Path, asana: str, datadog: str) -> Settings:
    """Settings loaded from a folder with a teams file."""
    teams = 'default: Ops\nteams: [{Name: Ops}, {Name: Web, Entities: [{Matchers: ["service:web"]}]}]'
    (folder / "teams.yaml").write_text(teams)
    (folder / "config.yaml").write_text(f"""
teams: teams.yaml
asana: {{base_url: "{asana}", allow_http: true, token: {{secret: PAT}}, default_project: "11"}}
datadog: {{{datadog}}}
ledger: {{sqlite: ledger.db}}
""")
    return Settings.load(folder / "config.yaml")


@pytest.mark.parametrize("handled", [in_threads, in_asyncio])
def test_keys(tmp_path: Path, handled: Callable[[Settings, Alert], Outcome]) -> None:
    """With both keys the event is read before the task is made, and one is posted after."""
    asana, datadog = FakeAsana(token=SECRETS["PAT"]), FakeDatadog(api_key="api-canary", app_key="app-canary")
    asana.add_project("Backlog", gid="11")
    event = datadog.add_event(tags={"service": "web"})
    alert = decode_alert(*datadog_webhook(datadog.webhook(event.id), "any"))
    assert isinstance(alert, Alert)
    with asana.serve() as tasks, datadog.serve() as events:
        keys = f'base_url: "{events}", allow_http: true, api_key: {{secret: KEY}}, app_key: {{secret: APP}}'
        outcome = handled(configured(tmp_path, tasks, keys), alert)

    assert isinstance(outcome, Created)
    assert outcome.team == "Web"
    (posted,) = datadog.posted
    assert posted.text == outcome.url


def test_without_keys(tmp_path: Path) -> None:
    """Without keys there is no client."""
    with open_router(configured(tmp_path, "http://127.0.0.1:1", ""), secrets=SECRETS) as runtime:
        assert runtime.datadog is None


def test_unset_keys(tmp_path: Path) -> None:
    """Both keys that the environment lacks are named."""
    settings = configured(tmp_path, "http://127.0.0.1:1", "api_key: {secret: KEY}, app_key: {secret: APP}")

    with pytest.raises(SettingsError) as caught:
        open_router(settings, secrets={"PAT": "x"})

    found = [problem.message for problem in caught.value.problems]
    assert found == [f"environment variable '{name}' is not set" for name in ("KEY", "APP")]
