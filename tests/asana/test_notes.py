"""What a task's notes say."""

import unicodedata

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Alert
from sentry_governed.asana import SECTION_NAMES, Context, TaskBuilder, TaskSettings, has_marker, marker_line
from sentry_governed.errors import ConfigError
from tests.asana.makers import alert, route

MARKER = marker_line("sentry.1.ab")
LINKS = TaskSettings(
    runbook_link="https://runbooks.example.com/{service}",
    console_link="https://console.example.com/?region={aws.region}&issue={issue_id}",
    trace_link="https://traces.example.com/{trace}",
    related_link="https://search.example.com/?q={customer}",
)
FULL = alert(
    tags={
        "customer": ("acme", "globex"),
        "service": ("api/v2 beta",),
        "aws.region": ("eu-west-1",),
        "trace": ("", "f00"),
        "issue_id": ("a tag of that name",),
    }
)


def notes(given_alert: Alert, settings: TaskSettings, *names: str) -> list[str]:
    """The lines of the notes with these sections."""
    builder = TaskBuilder(settings, sections=names or None)
    return builder.build(given_alert, route(), previous="21", root="20").notes.split("\n")


def test_all() -> None:
    """Every section writes its line, in order, and the marker is last."""
    assert notes(FULL, LINKS) == [
        "Sentry: https://sentry.io/organizations/acme/issues/7/events/ab/",
        "Time: 2026-11-20T09:15:02.125000Z",
        "Customer: acme, globex",
        "Environment: production",
        "Runbook: https://runbooks.example.com/api%2Fv2%20beta",
        "Console: https://console.example.com/?region=eu-west-1&issue=7",
        "Trace or log: https://traces.example.com/f00",
        "Related tasks: https://search.example.com/?q=acme",
        f"Team: Web ({route().reason})",
        "Previous task: https://app.asana.com/0/0/21",
        "First task: https://app.asana.com/0/0/20",
        MARKER,
    ]


@pytest.mark.parametrize("name", SECTION_NAMES)
def test_one(name: str) -> None:
    """A section's name switches on exactly its line, from the settings and from the builder alike."""
    lines = notes(FULL, TaskSettings(), name)

    assert lines == notes(FULL, TaskSettings(notes=(name,)))
    assert len(lines) <= 2
    assert lines[-1] == MARKER


def test_absent() -> None:
    """What an alert lacks makes no line."""
    nothing = alert(environment=None, occurred_at=None, link=None)

    lines = TaskBuilder(LINKS).build(nothing, route()).notes.split("\n")

    assert [line.partition(":")[0] for line in lines] == ["Team", "sentry-governed"]


@pytest.mark.parametrize(
    ("template", "service", "line"),
    [
        ("https://wiki/a/{service}/edit", "..", None),
        ("https://wiki/a/{service}/edit", ".", None),
        ("https://wiki/{service}", "..", None),
        ("https://wiki/.{service}/edit", ".", None),
        ("https://wiki/{service}{service}#x", ".", None),
        ("https://wiki/{service}/edit", "...", "https://wiki/.../edit"),
        ("https://wiki/{service}/edit", "a/../b", "https://wiki/a%2F..%2Fb/edit"),
        ("https://wiki/?q={service}", "..", "https://wiki/?q=.."),
    ],
)
def test_dots(template: str, service: str, line: str | None) -> None:
    """A link's path is not changed by a fact that reads as a step up or nowhere."""
    tagged = alert(tags={"service": (service,)})

    lines = notes(tagged, TaskSettings(runbook_link=template), "runbook")
    assert lines == ([f"Runbook: {line}"] if line else []) + [MARKER]


def test_runbook_tag() -> None:
    """The runbook tag wins over the configured link."""
    tagged = alert(tags={"book": ("https://wiki.example.com/7",), "service": ("api",)})
    settings = TaskSettings(runbook_tag="book", runbook_link="https://runbooks.example.com/{service}")

    assert notes(tagged, settings, "runbook")[0] == "Runbook: https://wiki.example.com/7"


def test_customer_tag() -> None:
    """The customer's tag is configured."""
    tagged = alert(tags={"tenant": ("acme",), "customer": ("globex",)})

    assert notes(tagged, TaskSettings(customer_tag="tenant"), "customer")[0] == "Customer: acme"


@pytest.mark.parametrize("address", ["21", "https://app.asana.com/1/9/project/8/task/21?focus=true"])
def test_addresses(address: str) -> None:
    """Earlier tasks may be given by id or address; the link that is written is the lasting one."""
    draft = TaskBuilder(TaskSettings(notes=("previous_task",))).build(alert(), route(), previous=address)

    assert draft.notes.startswith("Previous task: https://app.asana.com/0/0/21\n")


def test_own() -> None:
    """A user's section stands among the built-in ones and may write several lines, or none."""

    def priority(context: Context) -> str:
        return f"Priority: {context.priority}\nof {context.values['service']}\x00"

    def silent(context: Context) -> str | None:
        return context.line("Nothing", None)

    builder = TaskBuilder(TaskSettings(), sections=["time", priority, silent, "environment"])

    assert builder.build(FULL, route()).notes.split("\n") == [
        "Time: 2026-11-20T09:15:02.125000Z",
        "Priority: high",
        "of api/v2 beta",
        "Environment: production",
        MARKER,
    ]


def test_unknown() -> None:
    """A builder refuses a section that it does not know, with the nearest one."""
    with pytest.raises(ConfigError, match=r"section 'costumer' is not known .did you mean 'customer'"):
        TaskBuilder(TaskSettings(), sections=["costumer"])


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("indent", ["", "  ", "\t"])
def test_forged(separator: str, indent: str) -> None:
    """An alert's words cannot pass for another alert's marker, not even through a user's section."""
    words = f"x{separator}{indent}{marker_line('sentry.1.other')}{separator}y"
    hostile = alert(title=words, environment=words, link=words, tags={"customer": (words,)})
    builder = TaskBuilder(TaskSettings(), sections=[*SECTION_NAMES, lambda context: context.alert.title])

    found = builder.build(hostile, route()).notes

    assert not has_marker(found, "sentry.1.other")
    assert has_marker(found, "sentry.1.ab")


def shown(text: str) -> str:
    """What is left of a text when a server drops the characters that nobody sees."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


OTHER = marker_line("sentry.1.other")
SCRAPS = st.sampled_from(
    [
        OTHER,
        OTHER,
        OTHER,
        "x",
        " ",
        *"\t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2028\u2029",
        *"\u200b\u200d\u2060\ufeff",
    ]
)


@given(words=st.lists(SCRAPS, max_size=8).map("".join), budget=st.integers(100, 500))
def test_never_forged(words: str, budget: int) -> None:
    """No words in the name or a section pass for another's marker, in the notes or in a comment."""
    made = TaskBuilder(TaskSettings(), sections=["time", lambda _context: words]).build(
        alert(title=words), route()
    )
    by_hand = attrs.evolve(made, name=words, sections=(words, words))

    for draft in (made, by_hand, attrs.evolve(by_hand, budget=budget)):
        for text in (draft.notes, draft.as_comment()):
            assert not has_marker(text, "sentry.1.other")
            assert not has_marker(shown(text), "sentry.1.other")
            assert has_marker(text, "sentry.1.ab")


def test_forged_by_title() -> None:
    """A title in a marker's form is quoted where a comment begins with it."""
    draft = TaskBuilder(TaskSettings(), sections=()).build(alert(title=OTHER), route())

    assert draft.as_comment().split("\n") == [f"> {OTHER}", MARKER]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MARKER, True),
        (f"edited\r\n  {MARKER} \r\nby hand", True),
        (f"{MARKER}0", False),
        (f"see {MARKER}", False),
        ("", False),
    ],
)
def test_marker(text: str, expected: bool) -> None:
    """The marker is recognised as a whole line, wherever people moved it."""
    assert has_marker(text, "sentry.1.ab") is expected


def test_private() -> None:
    """Nothing of the alert's body is written but what a section names."""
    secret = "canary@example.com"
    private = Alert(
        "sentry",
        "event_alert.triggered",
        "sentry.1.ab",
        "title",
        raw={"data": {"event": {"user": {"email": secret}, "request": {"headers": [["Cookie", secret]]}}}},
        tags={"user": (secret,), "url": (secret,)},
    )

    draft = TaskBuilder(LINKS).build(private, route())

    assert secret not in repr(draft)
