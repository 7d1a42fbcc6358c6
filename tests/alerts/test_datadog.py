"""Datadog's webhooks in the documented template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.samples import Payload, decoded, parsed, payload, refusal, with_datadog


def test_fields() -> None:
    """A monitor's alert has the template's fields; Datadog's organization is a fact, not Sentry's."""
    alert = parsed("datadog_triggered")

    assert (alert.source, alert.kind) == ("datadog", "datadog.triggered")
    assert alert.key == "datadog.14093.1185712345678901234"
    assert alert.title == "[Triggered on {service:orders}] Error rate of orders is high"
    assert alert.occurred_at == "2026-11-20T09:35:01.482000Z"
    assert (alert.environment, alert.level) == ("prod", None)
    assert (alert.org, alert.project, alert.issue_id) == (None, None, None)
    assert alert.event_id == "7712345678901234567"
    assert alert.link == "https://app.datadoghq.eu/event/event?id=7712345678901234567"
    assert alert.facts["org"] == ("acme",)
    assert alert.facts["priority"] == ("P2",)
    assert "more than 5 %" in alert.facts["message"][0].lower()
    assert alert.raw == payload("datadog_triggered")


def test_tags() -> None:
    """Values may hold colons, keys may come again, and a bare tag is there with an empty value."""
    assert parsed("datadog_triggered").tags == {
        "aws_account": ("000000000042",),
        "customer_name": ("globex", "initech"),
        "env": ("prod",),
        "functionname": ("arn:aws:lambda:eu-central-1:000000000042:function:orders",),
        "monitor": ("",),
        "region": ("eu-central-1",),
        "service": ("orders",),
        "team": ("payments",),
    }


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("", {}),
        ("$TAGS", {}),
        (None, {}),
        (" a:1 , b ,, :c,d:", {"a": ("1",), "b": ("",), "d": ("",)}),
        (["a:1", "b", 5], {"a": ("1",), "b": ("",)}),
        ("a:1,$HOSTNAME", {"a": ("1",), "$HOSTNAME": ("",)}),
    ],
)
def test_tag_spelling(tags: object, found: dict[str, tuple[str, ...]]) -> None:
    """Tags are comma-separated or a list, and may be none at all."""
    assert decoded(with_datadog(tags=tags)).tags == found


VALUE = st.text(st.characters(exclude_characters=",", exclude_categories=["Cs", "Cc", "Z"]))


@given(st.lists(st.tuples(st.sampled_from("abc"), VALUE), min_size=1))
def test_tag_values(pairs: list[tuple[str, str]]) -> None:
    """Every value of a key is kept whole, in the order received."""
    tags = decoded(with_datadog(tags=",".join(f"{key}:{value}" for key, value in pairs))).tags

    assert {key: tuple(v for k, v in pairs if k == key) for key, _ in pairs} == tags


@pytest.mark.parametrize(
    ("transition", "kind"),
    [
        ("Triggered", "triggered"),
        ("Re-Triggered", "re_triggered"),
        ("re triggered", "re_triggered"),
        ("RE_TRIGGERED", "re_triggered"),
        ("Recovered", "recovered"),
        ("No Data", "no_data"),
        ("Re-No Data", "re_no_data"),
        (" Warn ", "warn"),
        ("Re-Warn", "re_warn"),
        ("Renotify", "renotify"),
        ("Null", "null"),
    ],
)
def test_transition(transition: str, kind: str) -> None:
    """A transition in any spelling is one kind."""
    assert decoded(with_datadog(alert_transition=transition)).kind == f"datadog.{kind}"


@pytest.mark.parametrize("transition", ["a.b", "5", "-", "x" * 300 + "!", "a\nb", "Triggéred"])
def test_bad_transition(transition: str) -> None:
    """A transition that is not words is refused."""
    assert "does not name a transition" in refusal(with_datadog(alert_transition=transition))


def test_cycle() -> None:
    """One alert keeps its key from trigger to recovery; another cycle is another."""
    key = parsed("datadog_triggered").key

    assert parsed("datadog_re_triggered").key == parsed("datadog_recovered").key == key
    assert parsed("datadog_no_data").key != key
    assert decoded(with_datadog(alert_cycle_key="5")).key == "datadog.14093.5"


def test_plain_event() -> None:
    """An event without a monitor leaves variables unexpanded, which are missing."""
    alert = parsed("datadog_plain_event")

    assert alert.key == "datadog.event.7712345678901260003"
    assert (alert.kind, alert.link, alert.environment) == ("datadog.null", None, "dev")
    assert alert.facts["priority"] == ("low",)


@pytest.mark.parametrize(
    ("alert_id", "cycle"), [(..., ...), ("", "5"), ("5", ""), ("$ALERT_ID", "5"), (None, None)]
)
def test_event_key(alert_id: object, cycle: object) -> None:
    """Without both the monitor and its cycle the key is the event's."""
    alert = decoded(with_datadog(alert_id=alert_id, alert_cycle_key=cycle))

    assert alert.key == "datadog.event.7712345678901234567"


def test_numbers() -> None:
    """Ids and times may come as numbers, beyond what a float holds exactly."""
    alert = decoded(
        with_datadog(id=7712345678901234567, alert_id=14093, alert_cycle_key=2**63 + 1, date=1795167301482)
    )

    assert alert.event_id == "7712345678901234567"
    assert alert.key == f"datadog.14093.{2**63 + 1}"
    assert alert.occurred_at == "2026-11-20T09:35:01.482000Z"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": "a/b"}, "id"),
        ({"id": "x" * 91}, "id"),
        ({"alert_id": "monitor"}, "alert_id"),
        ({"alert_id": "1.5"}, "alert_id"),
        ({"alert_cycle_key": "a.b"}, "alert_cycle_key"),
        ({"id": "ü", "alert_cycle_key": "ü"}, "id, alert_cycle_key"),
    ],
)
def test_bad_id(fields: Payload, named: str) -> None:
    """An id that could not stand in a key is refused by name."""
    assert refusal(with_datadog(**fields)) == f"the datadog webhook's {named} is not an id"


def test_missing() -> None:
    """All required fields that are missing, empty or unexpanded are named at once."""
    message = refusal(with_datadog(id="$ID", title="", tags=..., alert_transition="$ALERT_TRANSITION"))

    assert "lacks id, title, tags, alert_transition;" in message
    assert "lacks title;" in refusal(with_datadog(title={"a": 1}))


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("0", "1970-01-01T00:00:00Z"),
        ("$DATE", None),
        ("", None),
        ("soon", None),
        ("9" * 15, None),
        ("9" * 16, None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_date(date: str, moment: str | None) -> None:
    """The time is in milliseconds; anything else is no time."""
    assert decoded(with_datadog(date=date)).occurred_at == moment


@pytest.mark.parametrize(
    ("priority", "fact"),
    [("P1", "P1"), ("p5", "P5"), ("Normal", "normal"), ("low", "low"), ("", None), ("$PRIORITY", None)],
)
def test_priority(priority: str, fact: str | None) -> None:
    """A priority is P1 to P5, normal or low, in one spelling each."""
    assert decoded(with_datadog(priority=priority)).own_facts.get("priority") == fact


@pytest.mark.parametrize("link", ["$LINK", "javascript:alert(1)", "", None])
def test_link(link: object) -> None:
    """Only an http or https URL is a link."""
    assert decoded(with_datadog(link=link)).link is None


@pytest.mark.parametrize("org", [None, "acme", {}, {"name": "$ORG_NAME"}, {"name": None}])
def test_org(org: object) -> None:
    """An organization without a name is no fact."""
    assert "org" not in decoded(with_datadog(org=org)).facts


@pytest.mark.parametrize(
    ("tags", "environment"),
    [("env:", None), ("env:,env:dev", "dev"), ("service:x", None), ("env:a:b", "a:b")],
)
def test_environment(tags: str, environment: str | None) -> None:
    """The environment is the first env tag that says something."""
    assert decoded(with_datadog(tags=tags)).environment == environment
