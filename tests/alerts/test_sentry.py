"""Sentry's webhooks: kinds, keys, owners, tags and facts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Ignored, decode_alert, parse_alert
from sentry_governed.errors import PayloadError
from tests.alerts.samples import (
    DATADOG_SECRET,
    SECRETS,
    Payload,
    body,
    decoded,
    headers,
    outcome,
    parsed,
    payload,
    refusal,
    signed,
    with_event,
    with_issue,
)

EVENT = payload("event_alert")["data"]["event"]
EVENT_ID = EVENT["event_id"]
CONTROLS = "\x00\x07\n\x1b\x7f\x9b"


@pytest.mark.parametrize(
    ("name", "kind", "key"),
    [
        ("event_alert", "event_alert.triggered", f"sentry.4508123456789.{EVENT_ID}"),
        ("error_created", "error.created", "sentry.4508123456789.247e3106479d5e411bb860cc8ea567a1"),
        ("issue_created", "issue.created", "sentry.issue.6712345678.created"),
        (
            "issue_resolved",
            "issue.resolved",
            "sentry.issue.6712345678.resolved.20261120T094117120000Z",
        ),
        (
            "issue_assigned",
            "issue.assigned",
            "sentry.issue.6712345678.assigned.20261120T094117120000Z",
        ),
        ("issue_ignored", "issue.ignored", "sentry.issue.6712345678.ignored.20261120T094117120000Z"),
        (
            "issue_archived",
            "issue.archived",
            "sentry.issue.6712345678.archived.20261120T094117120000Z",
        ),
        (
            "issue_unresolved",
            "issue.unresolved",
            "sentry.issue.6712345678.unresolved.20261120T110200000000Z",
        ),
    ],
)
def test_key(name: str, kind: str, key: str) -> None:
    """Each kind of webhook has its key, of signed content only."""
    alert = parsed(name)

    assert (alert.source, alert.kind, alert.key) == ("sentry", kind, key)


def test_fields() -> None:
    """An event alert's fields are the event's."""
    alert = parsed("event_alert")

    assert alert.title == "GatewayError: payment gateway refused the charge"
    assert (alert.level, alert.environment) == ("error", "prod")
    assert alert.occurred_at == "2026-11-20T09:35:01.482913Z"
    assert (alert.org, alert.project) == ("acme", "checkout-api")
    assert (alert.issue_id, alert.event_id) == ("6712345678", EVENT_ID)
    assert alert.link == f"https://sentry.io/organizations/acme/issues/6712345678/events/{EVENT_ID}/"
    assert alert.installation == "7a485448-a9e2-4c85-8a3c-4f44175783c9"
    assert alert.raw == payload("event_alert")
    assert len(alert.tags) == 17


def test_own_facts() -> None:
    """What the payload says beside the fields is for rules, with the request's URL and the rule's label."""
    facts = parsed("event_alert_regional").facts

    assert facts["rule"] == ("Invoices: warnings in staging",)
    assert facts["logger"] == ("billing.tasks",)
    assert facts["platform"] == ("python",)
    assert facts["culprit"] == ("billing.tasks.send_invoice",)
    assert facts["url"] == ("https://billing.acme.example/hooks/",)
    assert "message" not in facts


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"message": "said"}, "said"),
        ({"message": "", "logentry": {"formatted": "logged"}}, "logged"),
        ({"message": None, "logentry": None}, None),
    ],
)
def test_message(event: Payload, message: str | None) -> None:
    """The message is the event's own, else that of its log entry."""
    assert decoded(with_event(**event)).own_facts.get("message") == message


def test_issue_fields() -> None:
    """An issue webhook has an owner, a level, a priority and a link, but no tags, environment or event."""
    alert = parsed("issue_created")

    assert (alert.org, alert.project, alert.issue_id) == ("acme", "checkout-api", "6712345678")
    assert (alert.tags, alert.environment, alert.event_id) == ({}, None, None)
    assert alert.link == "https://acme.sentry.io/issues/6712345678/"
    assert alert.occurred_at == "2026-11-20T09:41:17.120000Z"
    assert (alert.facts["priority"], alert.facts["level"]) == (("high",), ("error",))


@pytest.mark.parametrize(
    ("name", "resource", "kind"),
    [
        ("metric_alert", "metric_alert", "metric_alert.critical"),
        ("installation", "installation", "installation.created"),
        ("comment", "comment", "comment.created"),
        ("comment", "something_new", "something_new.created"),
    ],
)
def test_ignored(name: str, resource: str, kind: str) -> None:
    """A genuine webhook of a resource that makes no alert is ignored, known or not."""
    found = outcome(body(name), signed(body(name), resource))

    assert found == Ignored(f"sentry's {resource} webhooks make no alert", "sentry", kind)


def test_unknown_action() -> None:
    """A new action of a known resource is ignored; a body without any action is refused."""
    found = decode_alert(json.dumps({**payload("issue_created"), "action": "merged"}).encode())

    assert found == Ignored("sentry's issue webhooks of this action make no alert", "sentry", "issue.merged")
    assert "action" in refusal({**payload("issue_created"), "action": None})


def test_no_action() -> None:
    """A resource that makes no alert may come without an action."""
    sent = b'{"run_id": 5}'

    assert getattr(outcome(sent, signed(sent, "seer")), "kind", "") == "seer"


@pytest.mark.parametrize("resource", ["", "Event Alert", "a\nb", "x" * 65])
def test_bad_resource(resource: str) -> None:
    """The resource header is not signed, so it is held to a grammar."""
    with pytest.raises(PayloadError, match="does not name a resource"):
        outcome(body("event_alert"), signed(body("event_alert"), resource))


@pytest.mark.parametrize("resource", ["error", "issue"])
def test_relabelled(resource: str) -> None:
    """A signed body under another resource's header makes nothing that it does not say."""
    sent = json.dumps({**payload("event_alert"), "action": "created"}).encode()

    with pytest.raises(PayloadError, match="missing or malformed"):
        outcome(sent, signed(sent, resource))


def test_resource_headers() -> None:
    """The resource is named by exactly one header."""
    sent = body("event_alert")
    without = {"Sentry-Hook-Signature": signed(sent)["Sentry-Hook-Signature"]}
    for resources in ([], [("Sentry-Hook-Resource", "event_alert")] * 2):
        with pytest.raises(PayloadError, match="exactly one"):
            parse_alert(sent, [*without.items(), *resources], secrets=SECRETS)


@pytest.mark.parametrize("name", ["event_alert", "error_created", "issue_created", "comment", "metric_alert"])
def test_shape(name: str) -> None:
    """Without headers the resource is told from the body's shape, with them from the header."""
    assert decode_alert(body(name)) == decode_alert(body(name), headers(name))
    assert decode_alert(body(name)) == outcome(body(name), headers(name))


def test_activity_is_no_issue() -> None:
    """An activity alert carries an issue too, and is still told apart."""
    data = {"issue": payload("issue_created")["data"]["issue"], "activity": {"type": "x"}, "alert": {}}
    found = decode_alert(json.dumps({"action": "triggered", "data": data}).encode())

    assert getattr(found, "kind", "") == "activity_alert.triggered"


@pytest.mark.parametrize("data", [{}, {"new": 1}, None, []])
def test_unknown_shape(data: object) -> None:
    """A body of no known shape needs its headers, and the refusal says so."""
    assert "give its headers too" in refusal({"action": "created", "data": data})


def test_legacy() -> None:
    """The unsigned body of the legacy plugin is refused by name, also under Datadog's secret."""
    legacy = json.dumps({"project_slug": "web", "triggering_rules": [], "event": {}}).encode()

    with pytest.raises(PayloadError, match="legacy WebHooks plugin, which cannot be authenticated"):
        decode_alert(legacy)
    with pytest.raises(PayloadError, match="legacy WebHooks plugin, which cannot be authenticated"):
        outcome(legacy, {"datadog-secret-token": DATADOG_SECRET})


@pytest.mark.parametrize("event_id", [None, "", "x", EVENT_ID[:-1], EVENT_ID.upper(), EVENT_ID + "\n", 5])
def test_bad_event_id(event_id: object) -> None:
    """An event's id is 32 lower-case hexadecimal digits, for a key is made of it."""
    assert "missing or malformed: event_id" in refusal(with_event(event_id=event_id))


@pytest.mark.parametrize("project", [None, "", "web", 0, -1, True, 1.0, 2**63, "1.2"])
def test_bad_project_id(project: object) -> None:
    """A project's id is a positive 64-bit number, for a key is made of it."""
    assert "missing or malformed: project" in refusal(with_event(project=project))


def test_all_at_once() -> None:
    """What is missing is named in one refusal."""
    assert "event_alert.triggered: missing or malformed: event_id, project" in refusal(
        {"action": "triggered", "data": {"event": {}}}
    )


@pytest.mark.parametrize(("issue_id", "found"), [("5", "5"), (5, "5"), (None, None), ("x", None), (-5, None)])
def test_issue_id(issue_id: object, found: str | None) -> None:
    """An event's issue id may be a number or be missing."""
    assert decoded(with_event(issue_id=issue_id)).issue_id == found


@pytest.mark.parametrize("issue_id", [None, "", "x", 0, -1, "1.created"])
def test_bad_issue_id(issue_id: object) -> None:
    """An issue webhook without an issue's id is refused."""
    assert "missing or malformed: id" in refusal(with_issue(id=issue_id))


def test_no_last_seen() -> None:
    """Without a last-seen time the key has no suffix; with one that is no time it is refused."""
    assert decoded(with_issue(lastSeen=None)).key == "sentry.issue.6712345678.resolved"
    assert decoded(with_issue(lastSeen=...)).occurred_at is None
    assert "lastSeen" in refusal(with_issue(lastSeen="yesterday"))


@pytest.mark.parametrize("spelled", ["2026-11-20T10:41:17.12+01:00", "2026-11-20T09:41:17.120000"])
def test_last_seen(spelled: str) -> None:
    """One moment in any spelling makes one key."""
    assert decoded(with_issue(lastSeen=spelled)).key == parsed("issue_resolved").key


@pytest.mark.parametrize("name", ["event_alert", "error_created", "issue_created", "issue_resolved"])
def test_redelivery(name: str) -> None:
    """A redelivery has a new request id and time, and the same key; so has another rule's alert."""
    again = {**headers(name), "Request-ID": "f" * 32, "Sentry-Hook-Timestamp": "1"}
    other = payload(name)
    other["data"]["triggered_rule"] = "another rule"
    other["actor"] = {"type": "user", "id": 7, "name": "somebody"}

    assert getattr(outcome(body(name), again), "key", "") == parsed(name).key == decoded(other).key


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([["a", "1"], ["b", "2"]], {"a": ("1",), "b": ("2",)}),
        ([{"key": "a", "value": "1"}, ["b", "2"]], {"a": ("1",), "b": ("2",)}),
        ([["a", "2"], ["b", "x"], ["a", "1"], ["a", "2"]], {"a": ("2", "1", "2"), "b": ("x",)}),
        ([["a", ""]], {"a": ("",)}),
        ([["a", None], None, ["b"], ["c", "1", "2"], {"key": "d"}, "e", 5, ["f", 5]], {}),
        (None, {}),
        ("a:b", {}),
        ({"a": "1"}, {}),
    ],
)
def test_tags(tags: object, found: dict[str, tuple[str, ...]]) -> None:
    """Tags are pairs or objects, a key may come again, and what is neither is left out."""
    assert decoded(with_event(tags=tags)).tags == found


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3))))
def test_tag_order(pairs: list[tuple[str, str]]) -> None:
    """Every value of a key is kept, in the order received."""
    tags = decoded(with_event(tags=pairs)).tags

    assert {key: tuple(v for k, v in pairs if k == key) for key, _ in pairs} == tags


@pytest.mark.parametrize(
    ("own", "tag", "environment"),
    [
        ("prod", "staging", "prod"),
        ("", "staging", "staging"),
        (None, "staging", "staging"),
        (..., "staging", "staging"),
        (..., "", None),
        ("", None, None),
        (7, None, None),
    ],
)
def test_environment(own: object, tag: str | None, environment: str | None) -> None:
    """An absent, null or empty environment is that of the tag; an empty one is none."""
    tags = [] if tag is None else [["environment", tag]]

    assert decoded(with_event(environment=own, tags=tags)).environment == environment


def test_empty_environment_tag() -> None:
    """An empty environment tag is present for rules, though the alert has no environment."""
    alert = parsed("error_created")

    assert (alert.environment, alert.facts["environment"]) == (None, ("",))


@pytest.mark.parametrize(
    ("own", "tag", "level"),
    [("Error", "info", "error"), (..., "fatal", "fatal"), (None, "fatal", "fatal"), (40, None, None)],
)
def test_level(own: object, tag: str | None, level: str | None) -> None:
    """A level that the event lacks is that of the tag."""
    tags = [] if tag is None else [["level", tag]]

    assert decoded(with_event(level=own, tags=tags)).level == level


@pytest.mark.parametrize(
    ("event", "moment"),
    [
        ({"datetime": "2026-11-20T10:00:00+01:00"}, "2026-11-20T09:00:00Z"),
        ({"datetime": None, "timestamp": 1795167301.5}, "2026-11-20T09:35:01.500000Z"),
        ({"datetime": "soon"}, None),
        ({"datetime": "0001-01-01T00:00:00+10:00"}, None),
        ({"datetime": None, "timestamp": 1e300}, None),
        ({"datetime": None, "timestamp": "5"}, None),
    ],
)
def test_moment(event: Payload, moment: str | None) -> None:
    """The time is the event's, in UTC; one that no calendar knows is none."""
    assert decoded(with_event(**event)).occurred_at == moment


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "//x", "https://", "https://a b", "data:,x", 5, None]
    + [
        url.format(control)
        for url in ("https://a{}", "https://a/{}b", "https://a?{}")
        for control in CONTROLS
    ],
)
def test_link(link: object) -> None:
    """Only a whole http or https URL without control characters is a link."""
    assert decoded(with_event(web_url=link)).link is None
    assert decoded(with_issue(permalink=link)).link is None


def test_title() -> None:
    """An event without a title is called by its message, else by its id."""
    assert decoded(with_event(title="", message="said")).title == "said"
    assert decoded(with_event(title=None)).title == f"event {EVENT_ID}"
    assert decoded(with_issue(title=None)).title == "issue 6712345678"


def test_title_of_lines() -> None:
    """A title of several lines becomes one; the message keeps them, for rules."""
    alert = decoded(with_event(title="Boom\n\x1b[2J", message="Boom\n\x1b[2J"))

    assert (alert.title, alert.facts["title"]) == ("Boom [2J", ("Boom [2J",))
    assert alert.facts["message"] == ("Boom\n\x1b[2J",)
