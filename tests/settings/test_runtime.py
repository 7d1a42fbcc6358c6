"""From a configuration file to a router that works."""

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from sentry_governed import (
    Alert,
    AlertError,
    ConfigError,
    Ignored,
    LedgerError,
    SettingsError,
    TeamsFileError,
    parse_alert,
)
from sentry_governed.routing import Created, Duplicate, Outcome, Skipped
from sentry_governed.settings import Settings, open_async_router, open_router, webhook_secrets
from sentry_governed.testing import (
    FakeAsana,
    FakeSentry,
    datadog_alert,
    datadog_webhook,
    sentry_event_alert,
    sign_webhook,
)

SECRETS = {
    "PAT": "asana-canary",
    "API": "sentry-canary",
    "OWN": "integration-canary",
    "HOOK": "hook-canary",
    "DOG": "dog-canary",
}
UUID = "00000000-0000-4000-8000-000000000001"


class Shop:
    """Both services on loopback ports, and the configuration of a router between them."""

    def __init__(self) -> None:
        self.asana = FakeAsana(token=SECRETS["PAT"])
        self.asana.add_project("Backlog", gid="11")
        self.sentry = FakeSentry(token=SECRETS["API"])
        self.issue = self.sentry.add_issue("acme", "web").id
        self.sentry.add_installation("acme", uuid=UUID, token=SECRETS["OWN"])

    def alert(self) -> Alert:
        """An alert about a new event."""
        event = self.sentry.add_event(self.issue, tags={"service": "checkout"})
        return genuine(*sign_webhook(self.sentry.event_alert(event.id), SECRETS["HOOK"]))


def genuine(body: bytes, headers: dict[str, str]) -> Alert:
    """What a configured service makes of a webhook."""
    settings = Settings.parse(
        "sentry: {webhook_secrets: [{secret: HOOK}]}\ndatadog: {webhook_secrets: [{secret: DOG}]}"
    )
    found = parse_alert(body, headers, secrets=webhook_secrets(settings, secrets=SECRETS))
    assert isinstance(found, Alert)
    return found


def configured(
    folder: Path, asana: str = "http://127.0.0.1:1", sentry: str = "http://127.0.0.1:1"
) -> Settings:
    """Settings loaded from a folder with a teams file."""
    (folder / "teams.yaml").write_text(
        'default: Ops\nteams: [{Name: Ops, AsanaBacklogId: "11"}, {Name: Web, AsanaBacklogId: "11"}]'
    )
    (folder / "config.yaml").write_text(f"""
teams: teams.yaml
asana: {{base_url: "{asana}", allow_http: true, token: {{secret: PAT}}}}
sentry:
  {{base_url: "{sentry}", allow_http: true, org: acme, token: {{secret: API}},
   installation: {{uuid: {UUID}, token: {{secret: OWN}}}}}}
ledger: {{sqlite: ledger.db}}
""")
    return Settings.load(folder / "config.yaml")


@pytest.fixture
def shop() -> Shop:
    """Both services with one project and one issue."""
    return Shop()


def twice_in_threads(settings: Settings, alert: Alert) -> list[Outcome]:
    """Handle an alert with two routers of the same file."""
    outcomes: list[Outcome] = []
    for _ in range(2):
        with open_router(settings, secrets=SECRETS) as runtime:
            outcomes.append(runtime.router.handle(alert))
    return outcomes


def twice_in_asyncio(settings: Settings, alert: Alert) -> list[Outcome]:
    """The same in an event loop."""

    async def work() -> list[Outcome]:
        outcomes: list[Outcome] = []
        for _ in range(2):
            async with open_async_router(settings, secrets=SECRETS) as runtime:
                outcomes.append(await runtime.router.handle(alert))
        return outcomes

    return asyncio.run(work())


@pytest.mark.parametrize("twice", [twice_in_threads, twice_in_asyncio])
def test_router(
    shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    twice: Callable[[Settings, Alert], list[Outcome]],
) -> None:
    """A file is all that a router needs: it makes the task, links it, and remembers it beside the file."""
    (tmp_path / "here").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with shop.asana.serve() as asana, shop.sentry.serve() as sentry:
        settings = configured(tmp_path / "here", asana, sentry)
        first, second = twice(settings, shop.alert())

    assert isinstance(first, Created)
    assert isinstance(second, Duplicate)
    assert [task.gid for task in shop.asana.tasks] == [first.task]
    assert [link.web_url for link in shop.sentry.external_issues(shop.issue)] == [first.url]
    assert (tmp_path / "here" / "ledger.db").exists()


@pytest.mark.parametrize("twice", [twice_in_threads, twice_in_asyncio])
def test_shadow(shop: Shop, tmp_path: Path, twice: Callable[[Settings, Alert], list[Outcome]]) -> None:
    """Rules that are tried out are found beside the file, with the same default team."""
    with shop.asana.serve() as asana, shop.sentry.serve() as sentry:
        settings = configured(tmp_path, asana, sentry)
        (tmp_path / "next.yaml").write_text(
            "[{Name: Web, Entities: [Matchers: [service:checkout]]}, {Name: Ops}]"
        )
        routing = attrs.evolve(settings.routing, shadow="next.yaml", default_team="Ops")
        first, second = twice(attrs.evolve(settings, routing=routing), shop.alert())

    assert isinstance(first, Created)
    assert isinstance(second, Duplicate)
    assert first.shadow is not None
    assert (first.team, first.shadow.team) == ("Ops", "Web")
    assert second.shadow == first.shadow


def test_other_org(shop: Shop, tmp_path: Path) -> None:
    """An alert of an organization that is not the configured one makes its task and is not linked."""
    issue = shop.sentry.add_issue("globex", "web").id
    event = shop.sentry.add_event(issue, tags={"service": "checkout"})
    alert = genuine(*sign_webhook(shop.sentry.event_alert(event.id), SECRETS["HOOK"]))
    with (
        shop.asana.serve() as asana,
        shop.sentry.serve() as sentry,
        open_router(configured(tmp_path, asana, sentry), secrets=SECRETS) as runtime,
    ):
        outcome = runtime.router.handle(alert)

    assert isinstance(outcome, Created)
    assert "not linked" in " ".join(outcome.notes)
    assert shop.sentry.external_issues(issue) == ()


def test_closed(tmp_path: Path) -> None:
    """Closing a runtime closes its ledger too."""
    with open_router(configured(tmp_path), secrets=SECRETS) as runtime:
        assert runtime.ledger.get("key") is None

    with pytest.raises(LedgerError):
        runtime.ledger.get("key")


def test_without_sentry(shop: Shop, tmp_path: Path) -> None:
    """Without a sentry section there is no client of Sentry, and tasks are made all the same."""
    with shop.asana.serve() as asana:
        settings = configured(tmp_path, asana)
        content = (tmp_path / "config.yaml").read_text()
        start, end = content.index("sentry:"), content.index("ledger:")
        (tmp_path / "config.yaml").write_text(content[:start] + content[end:])
        settings = Settings.load(tmp_path / "config.yaml")
        with open_router(settings, secrets={"PAT": SECRETS["PAT"]}) as runtime:
            assert runtime.sentry is None
            assert isinstance(runtime.router.handle(shop.alert()), Created)
    assert shop.sentry.calls == ()


def test_options(shop: Shop, tmp_path: Path) -> None:
    """The routing section decides what makes tasks, and who owns what no rule matches."""
    (tmp_path / "config.yaml").touch()
    with shop.asana.serve() as asana:
        configured(tmp_path, asana)
        with (tmp_path / "config.yaml").open("a") as file:
            file.write("routing: {create_on: [datadog.triggered], default_team: Web}")
        settings = Settings.load(tmp_path / "config.yaml")
        with open_router(settings, secrets=SECRETS) as runtime:
            skipped = runtime.router.handle(shop.alert())
            body, headers = datadog_webhook(datadog_alert(), SECRETS["DOG"])
            created = runtime.router.handle(genuine(body, headers))

    assert isinstance(skipped, Skipped)
    assert isinstance(created, Created)
    assert created.team == "Web"


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets come from the environment unless others are given, and an empty one counts as unset."""
    settings = configured(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    open_router(settings).close()

    monkeypatch.setenv("OWN", "")
    with pytest.raises(SettingsError, match="environment variable 'OWN' is not set"):
        open_router(settings)


def test_all_missing(tmp_path: Path) -> None:
    """Everything that is missing is said at once, with its place in the file."""
    settings = configured(tmp_path)
    with pytest.raises(SettingsError) as caught:
        open_router(settings, secrets={"PAT": "has a blank"})

    found = [(problem.line, problem.message) for problem in caught.value.problems]
    assert found[1:] == [
        (5, "environment variable 'API' is not set"),
        (6, "environment variable 'OWN' is not set"),
    ]
    assert found[0][0] == 3
    assert found[0][1].startswith("environment variable 'PAT': a secret holds whitespace")
    assert str(caught.value).startswith(f"{tmp_path / 'config.yaml'}:3:75: environment variable")


def test_nothing_there() -> None:
    """What a router cannot do without is named, with what to write."""
    with pytest.raises(SettingsError) as caught:
        open_router(Settings.parse("sentry: {}\nledger:", source="s"), secrets={})
    assert [str(problem) for problem in caught.value.problems] == [
        "s:0:0: there is no teams file (write teams: teams.yaml)",
        "s:0:0: there is no sentry token (write sentry: {token: {secret: SENTRY_API_TOKEN}})",
        "s:0:0: there is no asana token (write asana: {token: {secret: ASANA_PAT}})",
        "s:0:0: there is no ledger (write ledger: {sqlite: ledger.db})",
    ]


def test_ledger_for_asyncio() -> None:
    """A ledger that threads cannot use is refused where it stands."""
    with pytest.raises(SettingsError) as caught:
        open_router(Settings.parse("ledger: {nats: {url: x}}", source="s"), secrets={})

    assert str(caught.value.problems[-1]) == (
        "s:1:16: a nats ledger is for asyncio only; keep it in sqlite or dynamodb here"
    )


def test_unavailable_secrets() -> None:
    """A source of secrets that is not available is refused, unless secrets are given."""
    settings = Settings.parse("secrets: [env, aws, file]", source="s")
    with pytest.raises(SettingsError) as caught:
        webhook_secrets(settings)

    assert [str(problem) for problem in caught.value.problems] == [
        "s:1:16: the secrets of 'aws' are not available in this version (write [env])",
        "s:1:21: the secrets of 'file' are not available in this version (write [env])",
    ]
    assert webhook_secrets(settings, secrets={}).sentry == ()


def test_teams_file(tmp_path: Path) -> None:
    """Problems of the teams file, and a file without a default team, are refused before a ledger is made."""
    settings = configured(tmp_path)
    (tmp_path / "teams.yaml").write_text("- Name: Ops")
    with pytest.raises(ConfigError, match=r"teams\.yaml has no default team"):
        open_router(settings, secrets=SECRETS)

    (tmp_path / "teams.yaml").write_text("- Nam: Ops")
    with pytest.raises(TeamsFileError, match=r"teams\.yaml:1:3: "):
        open_router(settings, secrets=SECRETS)
    assert not (tmp_path / "ledger.db").exists()


def test_webhook_secrets() -> None:
    """Webhooks are recognised by every secret that is configured, and by none that is not."""
    settings = Settings.parse(
        """
sentry: {webhook_secrets: [{secret: NEW}, {secret: OLD}]}
datadog: {webhook_header: X-Dog, webhook_secrets: [{secret: DOG}]}
"""
    )
    secrets = webhook_secrets(settings, secrets={"NEW": "n", "OLD": "o", "DOG": "d"})
    genuine_ones = [
        sign_webhook(sentry_event_alert(), "n"),
        sign_webhook(sentry_event_alert(), "o"),
        datadog_webhook(datadog_alert(), "d", header="x-dog"),
    ]
    for body, headers in genuine_ones:
        assert isinstance(parse_alert(body, headers, secrets=secrets), Alert | Ignored)
    with pytest.raises(AlertError):
        parse_alert(*sign_webhook(sentry_event_alert(), "NEW"), secrets=secrets)

    with pytest.raises(SettingsError) as caught:
        webhook_secrets(settings, secrets={"OLD": "o"})
    assert [problem.line for problem in caught.value.problems] == [2, 3]
    assert webhook_secrets(Settings()).sentry == ()


def test_unseen(tmp_path: Path) -> None:
    """A refusal shows no secret, not even in a traceback with locals or in its context."""
    settings = configured(tmp_path)
    with pytest.raises(SettingsError) as caught:
        open_router(settings, secrets=dict(SECRETS, OWN="canary with blanks"))

    assert caught.value.__traceback__
    inner = traceback.walk_tb(caught.value.__traceback__.tb_next)
    shown = "".join(traceback.StackSummary.extract(inner, capture_locals=True).format())
    assert "_needs.py" in shown
    assert "canary" not in shown
    assert "canary" not in repr(caught.value) + str(caught.value)
    assert caught.value.__context__ is None
