"""From an alert to the body of the request."""

import json
import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Alert
from sentry_governed.asana import (
    DateField,
    EnumField,
    FixedProject,
    Placement,
    Priority,
    PrioritySettings,
    TaskBuilder,
    TaskDraft,
    TaskSettings,
    TextField,
    marker_line,
    plan_placement,
)
from sentry_governed.errors import ConfigError
from sentry_governed.teams import Route, Team
from tests.asana.makers import alert, bare_route, route

ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FULL = TaskSettings(
    workspace="1",
    default_project="2",
    team_field="5",
    priority=PrioritySettings("6", "7", "8"),
    custom_fields={"9": EnumField("10"), "20": TextField("{service}"), "21": DateField("occurred_at")},
    external=True,
)


def worst(text: str) -> int:
    """The size of text, character by character as Asana may count it."""
    return sum(6 if c in "&<>\"'" else 1 if c.isascii() else len(f"&#{ord(c)};") for c in text)


def test_payload() -> None:
    """A full body holds ids as text and each custom field in its form."""
    draft = TaskBuilder(FULL).build(alert(tags={"service": ("api",)}), route(), projects=["30", "31"])

    assert draft.to_payload() == {
        "data": {
            "name": "TypeError: x is undefined",
            "notes": draft.notes,
            "workspace": "1",
            "projects": ["30", "31"],
            "custom_fields": {"5": "14", "6": "7", "9": "10", "20": "api", "21": {"date": "2026-11-20"}},
            "external": {"gid": "sentry.1.ab"},
        }
    }
    assert draft.priority is Priority.HIGH
    assert draft.marker == marker_line("sentry.1.ab") == draft.notes.splitlines()[-1]


def test_no_settings() -> None:
    """Without settings and ids the body is only a name and notes."""
    draft = TaskBuilder(TaskSettings()).build(alert(), bare_route())

    assert draft.to_payload() == {"data": {"name": draft.name, "notes": draft.notes}}
    assert draft.projects == ()


@pytest.mark.parametrize("option", [None, "", "tbd"])
def test_missing(option: str | None) -> None:
    """A custom field without its fact, or a team without its option, is left out."""
    to_team = Route(Team("Web", asana_team_id=option))
    draft = TaskBuilder(FULL).build(alert(level="info", occurred_at=None), to_team)

    assert draft.custom_fields == {"6": "8", "9": "10"}


@pytest.mark.parametrize(
    ("level", "projects"), [("error", None), ("warning", ("11",))], ids=["asks", "asks nothing"]
)
def test_projects(level: str, projects: tuple[str, ...] | None) -> None:
    """Projects are known before Asana is asked exactly when the plan asks nothing."""
    assert TaskBuilder(TaskSettings()).build(alert(level=level), route()).projects == projects


def test_own_placement() -> None:
    """A user's placement replaces the usual one and may stand on it."""

    def place(given_alert: Alert, given_route: Route, settings: TaskSettings) -> Placement:
        usual = plan_placement(given_alert, given_route, settings)
        return Placement(((FixedProject("77", "triage", "all goes there"),), *usual.choices))

    assert TaskBuilder(TaskSettings(), placement=place).build(alert(), route()).projects == ("77",)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        (" a\n\tb\x00 ", "a b"),
        ("", "Sentry alert sentry.1.ab"),
        (" \n", "Sentry alert sentry.1.ab"),
        ("\u200b\u2060\x07", "Sentry alert sentry.1.ab"),
        ("x" * 250, "x" * 250),
        ("x" * 251, "x" * 247 + "\u2026"),
        ("x" * 246 + " y" * 9, "x" * 246 + "\u2026"),
        ("\u00e9" * 126, "\u00e9" * 123 + "\u2026"),
        ("\U0001f600" * 63, "\U0001f600" * 61 + "\u2026"),
    ],
)
def test_name(title: str, name: str) -> None:
    """A name is one visible line of at most 250 bytes, cut between characters."""
    assert TaskBuilder(TaskSettings()).build(alert(title=title), route()).name == name


def test_name_limit() -> None:
    """The name's limit is configured."""
    draft = TaskBuilder(TaskSettings(name_limit=20)).build(alert(title="x" * 30), route())

    assert draft.name == "x" * 17 + "\u2026"


def built(text: str, budget: int = 1_000) -> TaskDraft:
    """A draft with a user's section between two built-in ones."""
    builder = TaskBuilder(
        TaskSettings(notes_budget=budget), sections=["time", lambda _context: text, "environment"]
    )
    return builder.build(alert(), route())


def test_whole_lines() -> None:
    """A section that is too large keeps whole lines, and the small ones beside it stay whole."""
    lines = built("\n".join(f"line {number:03}" for number in range(200))).notes.split("\n")

    assert lines[0].startswith("Time: ")
    assert lines[1:4] == ["line 000", "line 001", "line 002"]
    assert lines[-3:] == ["... [cut]", "Environment: production", marker_line("sentry.1.ab")]
    assert re.fullmatch(r"line \d{3}", lines[-4])


@pytest.mark.parametrize("width", range(1, 60))
def test_as_many_lines(width: int) -> None:
    """Whole lines are kept as long as they fit, and not one more."""
    notes = built("\n".join(["x" * width] * 1_000)).notes

    assert 1_000 - (width + 1) < worst(notes) <= 1_000


@pytest.mark.parametrize("character", ["x", "<", '"', "\u00e9", "\U0010ffff"])
def test_full_use(character: str) -> None:
    """One long line is cut between characters, and the budget is used up to its last character."""
    notes = built(character * 5_000).notes

    assert " ... [cut]\nEnvironment: production\n" in notes
    assert 1_000 - worst(character) <= worst(notes) + 1 <= 1_001


def test_exact() -> None:
    """Text that just fits is not cut; one more character is."""
    room = 1_000 - worst(built("").notes) - 2

    assert worst(built("x" * room).notes) == 999
    assert "[cut]" not in built("x" * room).notes
    assert "[cut]" in built("x" * (room + 2)).notes


def test_shortened() -> None:
    """The second attempt has notes of at most half the size, with the marker, and the rest unchanged."""
    first = built("word\n" * 5_000, budget=30_000)
    second = first.shortened()

    assert worst(second.notes) <= worst(first.notes) // 2
    assert second.notes.endswith("\n" + first.marker)
    assert (second.name, second.key, second.sections) == (first.name, first.key, first.sections)
    assert second.digest != first.digest


def test_shortened_small() -> None:
    """Notes that were far below the budget are shortened too, and the marker outlives it all."""
    draft = built("x" * 300)
    for _ in range(12):
        shorter = draft.shortened()
        assert worst(shorter.notes) <= max(worst(draft.notes) // 2, worst(draft.marker))
        draft = shorter

    assert draft.notes == draft.marker


def test_digest() -> None:
    """The digest is that of what is sent: each part of the body changes it, and nothing else."""
    full = TaskBuilder(FULL)
    first = full.build(alert(), route(), projects=["1"])
    backwards = dict(reversed(list(first.custom_fields.items())))
    others = [
        full.build(alert(title="other"), route(), projects=["1"]),
        full.build(alert(environment="qa"), route(), projects=["1"]),
        full.build(alert(), route(), projects=["2"]),
        full.build(alert(level="info"), route(), projects=["1"]),
        TaskBuilder(TaskSettings()).build(alert(), route(), projects=["1"]),
    ]

    assert first.digest == full.build(alert(tags={"x": ("y",)}), route(), projects=["1"]).digest
    assert first.digest == attrs.evolve(first, custom_fields=backwards).digest
    assert len({first.digest, *(other.digest for other in others)}) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workspace": "12x"}, "workspace '12x' is not an Asana id"),
        ({"default_project": ""}, "default_project '' is not"),
        ({"team_field": 5}, "team_field 5 is not"),
        ({"custom_fields": {"x": EnumField("1")}}, "custom_fields 'x' is not"),
        ({"custom_fields": {"1": EnumField("1")}, "team_field": "1"}, "names '1' twice"),
        ({"priority": PrioritySettings("1", "2", "3"), "team_field": "1"}, "names '1' twice"),
        ({"notes": ("times",)}, "section 'times' is not known .did you mean 'time'"),
        ({"notes": ("time", "time")}, "notes names 'time' twice"),
        ({"name_limit": 19}, "name_limit 19 is not a whole number from 20 to 1024"),
        ({"name_limit": True}, "name_limit True is not"),
        ({"notes_budget": 60_001}, "notes_budget 60001 is not a whole number from 1000 to 60000"),
        ({"customer_tag": ""}, "customer_tag is empty"),
        ({"trace_link": "traces/{id}"}, "trace_link: link 'traces/{id}' does not start with https://"),
        ({"trace_link": "javascript://x/{id}"}, "trace_link: link 'javascript"),
        ({"trace_link": "https://[x/"}, "does not start with https://"),
        ({"trace_link": "https://{host}/"}, "placeholder or a user in its host"),
        ({"trace_link": "https://x.example.com:{port}/"}, "placeholder or a user in its host"),
        ({"trace_link": "https://user@example.com/"}, "placeholder or a user in its host"),
        ({"trace_link": "https://x.example.com/{id"}, "trace_link: .*lone '{'"),
        ({"workspace": "9" * 1_000_000}, "workspace '9{1,80}"),
    ],
)
def test_refused(settings: dict[str, object], message: str) -> None:
    """Settings are checked when they are made, and the message names the value, shortened."""
    with pytest.raises(ConfigError, match=message) as caught:
        TaskSettings(**settings)  # type: ignore[arg-type]  # what must not be passed is the point

    assert len(str(caught.value)) < 500


texts = st.text(max_size=80) | st.text(alphabet="<&\"'\n\r\x00\x1b\ud800\ufffe\u2028{}x", max_size=400)
maybe = st.none() | texts
routes = st.builds(Route, st.builds(Team, texts, maybe, maybe, maybe, maybe))
alerts = st.builds(
    Alert,
    source=st.sampled_from(["sentry", "datadog"]),
    kind=texts,
    key=st.from_regex(r"[A-Za-z0-9._-]{1,200}", fullmatch=True),
    title=texts,
    level=maybe | st.sampled_from(["error", "info"]),
    environment=maybe | st.sampled_from(["dev", "staging"]),
    occurred_at=maybe,
    issue_id=maybe,
    link=maybe,
    tags=st.dictionaries(
        st.sampled_from(["customer", "runbook", "service", "url"]), st.lists(texts, max_size=3).map(tuple)
    ),
    own_facts=st.dictionaries(st.sampled_from(["priority", "message"]), texts, max_size=2),
)


@given(
    given_alert=alerts,
    given_route=routes,
    previous=maybe,
    root=maybe,
    own=texts | texts.map(lambda text: text * 100),
    budget=st.integers(1_000, 3_000),
)
def test_any(
    given_alert: Alert, given_route: Route, previous: str | None, root: str | None, own: str, budget: int
) -> None:
    """Whatever an alert says, the body is legal, bounded, marked, and the same each time."""
    settings = TaskSettings(
        notes_budget=budget,
        team_field="5",
        custom_fields={"9": TextField("{service}"), "21": DateField("occurred_at")},
        console_link="https://console.example.com/{service}?{url}",
    )

    def build() -> TaskDraft:
        builder = TaskBuilder(settings, sections=[*settings.notes, lambda _context: own])
        return builder.build(given_alert, given_route, previous=previous, root=root)

    draft = build()
    for each in (draft, draft.shortened()):
        body = json.dumps(each.to_payload(), ensure_ascii=False).encode("utf-8")

        assert not ILLEGAL.search(each.name + each.notes)
        assert each.notes.split("\n").count(each.marker) == 1
        assert each.notes.split("\n")[-1] == marker_line(given_alert.key)
        assert worst(each.notes) <= max(each.budget, worst(each.marker))
        assert len(each.name.splitlines()) == 1
        assert 0 < len(each.name.encode()) <= 250
        assert each.name.strip()
        assert json.loads(body) == each.to_payload()
    assert draft == build()
    assert draft.digest == build().digest
