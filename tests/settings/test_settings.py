"""Reading the configuration file."""

from pathlib import Path

import pytest

from sentry_governed.asana import (
    SECTION_NAMES,
    DateField,
    DateTimeField,
    EnumField,
    MultiEnumField,
    NumberField,
    PeopleField,
    PrioritySettings,
    TaskSettings,
    TextField,
)
from sentry_governed.errors import ConfigError, SettingsError
from sentry_governed.routing import Options
from sentry_governed.settings import (
    AsanaSettings,
    DatadogSettings,
    InstallationSettings,
    ReconcileSettings,
    RoutingSettings,
    SecretRef,
    SecretSource,
    SentrySettings,
    ServeSettings,
    Settings,
    SqliteFile,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "settings.yaml"

WHOLE = """
teams: teams.yaml
sentry:
  base_url: http://127.0.0.1:9000/sentry
  org: my-org
  token: {secret: SENTRY_API_TOKEN}
  installation: {uuid: a8e5d37a-696c-4c54-adb5-b3f28d64c7de, token: {secret: SENTRY_INTEGRATION_TOKEN}}
  webhook_secrets: [{secret: NEW}, {secret: OLD}]
  allow_http: true
asana:
  base_url: https://asana.example.com
  token: {secret: ASANA_PAT}
  allow_http: false
  workspace: "1"
  default_project: 2
  dev_project: "3"
  release_portfolio: "4"
  team_field: "5"
  priority: {field: "6", high: "7", medium: "8", low: "9", levels: {p2: medium}}
  custom_fields:
    "20": {enum: "21"}
    "22": {multi_enum: ["23", 24]}
    "25": {people: [26]}
    "27": {text: "from {service}"}
    "28": {number: 0.5}
    "29": {date: 2026-01-31}
    "30": {date_time: occurred_at}
  notes: [time, marker]
  name_limit: 100
  notes_budget: 2000
  customer_tag: customer_name
  runbook_tag: book
  runbook_link: https://runbooks.example.com/{service}
  console_link: https://console.example.com/{region}
  trace_link: https://traces.example.com/{trace}
  related_link: https://search.example.com/{issue_id}
  external: true
datadog:
  webhook_header: X-Datadog
  webhook_secrets: [{secret: DATADOG_SECRET_TOKEN}]
  api_key: {secret: DATADOG_API_KEY}
  app_key: {secret: DATADOG_APP_KEY}
  site: datadoghq.eu
  base_url: http://127.0.0.1:8126
  allow_http: true
policy:  {writes: require_approval}
routing: {on_repeat: comment, create_on: [issue.created], default_team: Ops}
ledger:  {sqlite: ledger.db}
inbox:   {sqlite: inbox.db}
serve:
  host: 0.0.0.0
  port: 8081
  workers: 8
  connections: 50
  drain: 1m
  reconcile: {every: 5m, since: 1.5h, query: "is:unresolved level:error", projects: [web, api]}
secrets: [env]
"""


def problems(content: str | bytes) -> list[str]:
    """All problems of a file, each as `line:column: message (hint)`."""
    with pytest.raises(SettingsError) as caught:
        Settings.parse(content, source="s")
    return [str(problem).removeprefix("s:") for problem in caught.value.problems]


def test_whole() -> None:
    """Every key arrives."""
    assert Settings.parse(WHOLE) == Settings(
        teams="teams.yaml",
        sentry=SentrySettings(
            base_url="http://127.0.0.1:9000/sentry",
            org="my-org",
            token=SecretRef("SENTRY_API_TOKEN"),
            installation=InstallationSettings(
                "a8e5d37a-696c-4c54-adb5-b3f28d64c7de", SecretRef("SENTRY_INTEGRATION_TOKEN")
            ),
            webhook_secrets=(SecretRef("NEW"), SecretRef("OLD")),
            allow_http=True,
        ),
        asana=AsanaSettings(
            base_url="https://asana.example.com",
            token=SecretRef("ASANA_PAT"),
            task=TaskSettings(
                workspace="1",
                default_project="2",
                dev_project="3",
                release_portfolio="4",
                team_field="5",
                priority=PrioritySettings("6", "7", "8", "9", levels={"p2": "medium"}),
                custom_fields={
                    "20": EnumField("21"),
                    "22": MultiEnumField(("23", "24")),
                    "25": PeopleField(("26",)),
                    "27": TextField("from {service}"),
                    "28": NumberField(0.5),
                    "29": DateField("2026-01-31"),
                    "30": DateTimeField("occurred_at"),
                },
                notes=("time", "marker"),
                name_limit=100,
                notes_budget=2000,
                customer_tag="customer_name",
                runbook_tag="book",
                runbook_link="https://runbooks.example.com/{service}",
                console_link="https://console.example.com/{region}",
                trace_link="https://traces.example.com/{trace}",
                related_link="https://search.example.com/{issue_id}",
                external=True,
            ),
        ),
        datadog=DatadogSettings(
            webhook_header="x-datadog",
            webhook_secrets=(SecretRef("DATADOG_SECRET_TOKEN"),),
            api_key=SecretRef("DATADOG_API_KEY"),
            app_key=SecretRef("DATADOG_APP_KEY"),
            site="datadoghq.eu",
            base_url="http://127.0.0.1:8126",
            allow_http=True,
        ),
        routing=RoutingSettings(
            on_repeat="comment", create_on=frozenset({"issue.created"}), default_team="Ops"
        ),
        ledger=SqliteFile("ledger.db"),
        inbox=SqliteFile("inbox.db"),
        serve=ServeSettings(
            host="0.0.0.0",
            port=8081,
            workers=8,
            connections=50,
            drain=60.0,
            reconcile=ReconcileSettings(
                every=300.0, since=5400.0, query="is:unresolved level:error", projects=("web", "api")
            ),
        ),
        secrets=(SecretSource("env"),),
    )


def test_example() -> None:
    """The example loads, and every key in it is one that is read."""
    settings = Settings.load(EXAMPLE)

    assert settings.sentry
    assert settings.sentry.installation
    assert settings.ledger == SqliteFile("ledger.db")
    assert settings.task.default_project == "1100000000000002"
    assert settings.task.notes == tuple(name for name in SECTION_NAMES if name != "marker")
    assert settings.routing.create_on == {"event_alert.triggered", "issue.created", "datadog.triggered"}


@pytest.mark.parametrize(
    "content", ["{}", "asana:\nrouting: ~\nteams: null", "asana: {workspace: , token: }"]
)
def test_defaults(content: str) -> None:
    """What is left out or left empty is the default."""
    settings = Settings.parse(content)

    assert settings == Settings()
    assert settings.task == TaskSettings()
    assert settings.asana.base_url == "https://app.asana.com"
    assert settings.routing.on_repeat == "new_task"
    assert settings.routing.create_on == {"event_alert.triggered", "datadog.triggered"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "1:1: the file is empty"),
        ("[]", "1:1: this should be a mapping (write key: value)"),
        ("asnaa: {}", "1:1: 'asnaa' is not known here (did you mean 'asana'?)"),
        ("teams: [a]", "1:8: this should be text (write one value)"),
        ("teams: ''", "1:8: this is empty (write a value, or remove the key)"),
        ("asana: x", "1:8: this should be a mapping (write key: value)"),
        ("asana:\n  workspce: '1'", "2:3: 'workspce' is not known here (did you mean 'workspace'?)"),
        ("asana:\n  workspace: abc", "2:14: 'abc' is not an Asana id (an id is decimal digits)"),
        (
            "asana:\n  workspace: '1'\n  workspace: '2'",
            "3:3: duplicate key 'workspace' (first given on line 2)",
        ),
        ("asana: {base_url: 'ftp://x'}", "1:19: base_url is not of the form https://host[:port][/path]"),
        ("asana: {base_url: 'https://u:pw@x'}", "1:19: base_url holds a user name or a password; pass the"),
        ("asana: {base_url: 'https://[x'}", "1:19: base_url invalid IPv6 URL"),
        ("asana: {base_url: 'http://x'}", "1:8: base_url is not https; say allow_http if the token may"),
        ("sentry: {base_url: 'http://x'}", "1:9: base_url is not https; say allow_http if the token may"),
        ("sentry: {base_url: 'ftp://x'}", "1:20: base_url is not of the form https://host[:port][/path]"),
        ("sentry: {org: '123'}", "1:15: org '123' is not an organization's slug; numeric ids are not taken"),
        ("sentry: {token: abc}", "1:17: a secret is not written in this file (write {secret: NAME})"),
        ("sentry: {allow_http: 1}", "1:22: '1' is not known here (known: "),
        ("sentry: {webhook_secrets: {secret: A}}", "1:27: this should be a list (write [one, two])"),
        ("sentry: {installation: {}}", "1:24: this has no uuid and no token (write key: value)"),
        (
            "sentry: {installation: {uuid: x, token: {secret: A}}}",
            "1:31: installation 'x' is not a uuid in lower case",
        ),
        ("datadog: {webhook_header: 'A b'}", "1:27: 'a b' cannot be the name of Datadog's secret header"),
        ("datadog: {api_key: abc}", "1:20: a secret is not written in this file (write {secret: NAME})"),
        (
            "datadog: {api_key: {secret: A}}",
            "1:10: there is no app_key; datadog is asked with both keys, or with neither",
        ),
        (
            "datadog: {app_key: {secret: A}}",
            "1:10: there is no api_key; datadog is asked with both keys, or with neither",
        ),
        (
            "datadog: {base_url: 'http://a'}",
            "1:10: base_url is not https; say allow_http if the token may travel in clear text",
        ),
        ("ledger: {}", "1:9: this should have exactly one key (known: sqlite, dynamodb, nats)"),
        ("ledger: {sqllite: x}", "1:10: 'sqllite' is not known here (did you mean 'sqlite'?)"),
        ("ledger: {sqlite: [x]}", "1:18: this should be text (write one value)"),
        ("asana: {token: abc}", "1:16: a secret is not written in this file (write {secret: NAME})"),
        ("asana: {token: {secrte: A}}", "1:17: 'secrte' is not known here (did you mean 'secret'?)"),
        ("asana: {token: {}}", "1:16: this should have exactly one key (known: secret)"),
        ("asana: {token: [a]}", "1:16: this should be a mapping (write key: value)"),
        (
            "asana: {token: {secret: 'a b'}}",
            "1:25: the name of a secret is not 1 to 200 of A-Z a-z 0-9 _ . / : -",
        ),
        ("asana: {priority: {high: '7'}}", "1:19: priority has options but no field; give the id of their"),
        (
            "asana: {priority: {levels: {warn: low}}}",
            "1:29: 'warn' is not known here (did you mean 'warning'?)",
        ),
        (
            "asana: {priority: {levels: {info: hihg}}}",
            "1:35: 'hihg' is not known here (did you mean 'high'?)",
        ),
        (
            "asana: {custom_fields: {a: {enum: '1'}}}",
            "1:25: 'a' is not an Asana id (an id is decimal digits)",
        ),
        ("asana: {custom_fields: {1: {enum: Urgent}}}", "1:35: 'Urgent' is not an Asana id"),
        ("asana: {custom_fields: {1: {enmu: 1}}}", "1:29: 'enmu' is not known here (did you mean 'enum'?)"),
        (
            "asana: {custom_fields: {1: {}}}",
            "1:28: this should have exactly one key (known: enum, multi_enum",
        ),
        ("asana: {custom_fields: {1: {multi_enum: 2}}}", "1:41: this should be a list (write [one, two])"),
        ("asana: {custom_fields: {1: {people: [2, me]}}}", "1:41: 'me' is not an Asana id"),
        ("asana: {custom_fields: {1: {people: [2, 2]}}}", "1:37: users names '2' twice"),
        ("asana: {custom_fields: {1: {number: x}}}", "1:37: 'x' is not a number"),
        (f"asana: {{custom_fields: {{1: {{number: '{'[' * 100_000}'}}}}}}", "1:37: '[[["),
        ("asana: {custom_fields: {1: {number: true}}}", "1:37: 'true' is not a number"),
        ("asana: {custom_fields: {1: {number: NaN}}}", "1:37: number nan is not a finite number"),
        ("asana: {custom_fields: {1: {date: soon}}}", "1:35: date 'soon' is neither in ISO 8601 form nor"),
        ("asana: {custom_fields: {1: {text: '{'}}}", "1:35: template '{' has a lone '{'; write {fact}"),
        (
            "asana: {custom_fields: {5: {enum: 1}}, team_field: 5}",
            "1:8: team_field, priority and custom_fields",
        ),
        ("asana: {notes: [time, customr]}", "1:23: 'customr' is not known here (did you mean 'customer'?)"),
        ("asana: {notes: [time, time]}", "1:16: notes names 'time' twice"),
        ("asana: {name_limit: 5}", "1:21: name_limit 5 is not a whole number from 20 to 1024"),
        ("asana: {name_limit: 50.5}", "1:21: name_limit 50.5 is not a whole number from 20 to 1024"),
        ("asana: {notes_budget: much}", "1:23: 'much' is not a number"),
        ("asana: {trace_link: 'http://{a}'}", "1:21: trace_link: link 'http://{a}' has a placeholder"),
        ("asana: {external: yes}", "1:19: 'yes' is not known here (known: "),
        ("routing: {on_repeat: newtask}", "1:22: 'newtask' is not known here (did you mean 'new_task'?)"),
        ("routing: {create_on: issue.created}", "1:22: this should be a list (write [one, two])"),
        (
            "routing: {create_on: [issue.craeted]}",
            "1:23: 'issue.craeted' is not known here (did you mean 'issue.cr",
        ),
        ("asana: [", "2:1: not valid YAML"),
        (b"teams: \xff", "1:8: byte 0xff is not UTF-8"),
    ],
)
def test_refused(content: str | bytes, expected: str) -> None:
    """Each mistake is reported where it stands, with what to write instead."""
    found = problems(content)

    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_at_once() -> None:
    """All mistakes are reported together, in the order of the file."""
    content = """\
asana:
  workspace: abc
  tokn: {secret: X}
  custom_fields: {x: {enum: y}, "1": {text: "{"}}
  priority: {high: h}
  notes: [tim, rot_task]
  workspace: "2"
roting: {}
routing: {on_repeat: never, create_on: [datadog.trigered]}
"""

    assert [problem.split(" ")[0] for problem in problems(content)] == [
        "2:14:",
        "3:3:",
        "4:19:",
        "4:29:",
        "4:45:",
        "5:20:",
        "6:11:",
        "6:16:",
        "7:3:",
        "8:1:",
        "9:22:",
        "9:41:",
    ]


def test_secrets_unseen() -> None:
    """A secret that was written into the file is in no message."""
    canary = "canary-0123456789"
    contents = [f"asana: {{token: {canary}}}", f"asana: {{token: {{secret: '{canary} '}}}}"]

    for content in contents:
        with pytest.raises(SettingsError) as caught:
            Settings.parse(content)
        assert canary not in str(caught.value) + repr(caught.value)
    with pytest.raises(ConfigError) as refused:
        SecretRef(f"{canary}\n")
    assert canary not in str(refused.value)


def test_unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading never looks a secret up."""
    monkeypatch.setenv("ASANA_PAT", "canary")

    assert "canary" not in repr(Settings.parse(WHOLE))


def test_routing_times() -> None:
    """The times of routing are lengths of time, and those left out are as usual."""
    settings = Settings.parse("routing: {lease: 3m, create_timeout: 90s, retry_after: 0.5s}")

    assert settings.routing.options == Options(lease=180.0, create_timeout=90.0, retry_after=0.5)
    assert Settings.parse("{}").routing.options == Options()


@pytest.mark.parametrize(
    ("routing", "problem"),
    [
        ("{lease: 1m, create_timeout: 2m}", "lease 60 does not exceed create_timeout 120 and clock_skew 10"),
        ("{retry_after: 0s}", "retry_after is a number of seconds above 0"),
        ("{clock_skew: soon}", "'soon' is no length of time"),
        ("{consistency_delay: 90d}", "retention 7.776e+06 does not exceed lease 120 and consistency_delay"),
    ],
)
def test_routing_times_refused(routing: str, problem: str) -> None:
    """Times that do not fit together are a problem of the file."""
    with pytest.raises(SettingsError) as caught:
        Settings.parse(f"routing: {routing}")

    (found,) = caught.value.problems
    assert problem in found.message
    assert found.line == 1
