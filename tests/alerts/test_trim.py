"""Trimming keeps the alert and drops the rest; what it shortens, it shortens in a known order."""

import copy
import itertools
import json
from collections.abc import Iterator

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Alert, Ignored, Source, decode_alert, trims
from sentry_governed.errors import PayloadError
from sentry_governed.testing import datadog_alert, sentry_event_alert
from sentry_governed.testing.strategies import alert_bodies
from tests.alerts.samples import NAMES, Payload, body, headers, with_datadog, with_event, with_issue

ODD: tuple[object, ...] = (
    None,
    True,
    0,
    7,
    1.5,
    "",
    "word",
    "2026-01-02T03:04:05Z",
    "https://sentry.io/organizations/other/issues/1/",
    {},
    [],
    [["service", "cart"], {"key": "a", "value": "b"}, ["x"], 3, "c:d"],
    {"id": "7", "slug": "web", "url": "https://a.example/", "formatted": "f", "name": "acme"},
)
NAMED = """
    action data event error issue installation title message level tags url web_url issue_url culprit release
    transaction request logentry project id slug formatted timestamp datetime lastSeen body triggered_rule
    priority platform logger environment permalink project_url issue_id date org name project_slug
    triggering_rules activity comment_id alert_id alert_cycle_key link event_id
"""


def read(given: bytes, source: Source) -> Alert | Ignored | str:
    """What a worker makes of a body, or why it makes nothing."""
    try:
        found = decode_alert(given, {"Datadog-Secret-Token": ""} if source == "datadog" else {})
    except PayloadError as error:
        return str(error)
    return attrs.evolve(found, raw={}) if isinstance(found, Alert) else found


def source_of(payload: Payload) -> Source:
    """Who sends such bodies."""
    return "datadog" if "alert_transition" in payload else "sentry"


def objects(value: object) -> Iterator[Payload]:
    """Every object within a value, the value's own first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


@st.composite
def bodies(draw: st.DrawFn) -> Payload:
    """Alerts, most of them with some fields made something else, set, or taken away."""
    payload: Payload = copy.deepcopy(dict(draw(alert_bodies())))
    names = st.sampled_from(NAMED.split())
    for _ in range(draw(st.integers(0, 4))):
        owner = draw(st.sampled_from(list(objects(payload))[:12]))
        owner[draw(names)] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return payload


@given(bodies())
def test_same_alert(payload: Payload) -> None:
    """Whatever is in a body, without what nobody reads it makes the same alert, or the same refusal."""
    source, sent = source_of(payload), json.dumps(payload).encode()
    first = next(trims(sent, source))

    assert read(first, source) == read(sent, source)


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(read(body(name), "sentry"), Alert)])
def test_each_field(name: str) -> None:
    """So it does whichever field of it is made something else, or taken away."""
    smallest: Payload = json.loads(next(trims(body(name), "sentry")) if "datadog" not in name else body(name))
    for number, _ in enumerate(objects(smallest)):
        for field, value in itertools.product(NAMED.split(), (*ODD, ...)):
            payload = copy.deepcopy(smallest)
            owner = list(objects(payload))[number]
            owner.pop(field, None)
            if value is not ...:
                owner[field] = value
            sent, source = json.dumps(payload).encode(), source_of(smallest)

            assert read(next(trims(sent, source)), source) == read(sent, source), (field, value)


@pytest.mark.parametrize(
    "payload",
    [
        {**with_event(), "project_slug": "web", "triggering_rules": []},
        {**with_datadog(), "project_slug": "web", "triggering_rules": []},
        with_issue(project={"id": "4242"}, project_url="https://sentry.io/api/0/projects/acme/4242/"),
    ],
    ids=["legacy", "neither", "numeric project"],
)
def test_fields_together(payload: Payload) -> None:
    """Fields that matter only together are kept together."""
    sent, source = json.dumps(payload).encode(), source_of(payload)

    assert read(next(trims(sent, source)), source) == read(sent, source)


@given(alert_bodies())
def test_every_step(payload: Payload) -> None:
    """No step changes an alert of usual size but the last, which takes the tags; none grows."""
    source, sent = source_of(payload), json.dumps(payload).encode()
    steps = list(trims(sent, source))
    whole = read(sent, source)
    assert isinstance(whole, Alert)

    assert {read(step, source) == whole for step in steps[:-1]} == {True}
    last = read(steps[-1], source)
    assert isinstance(last, Alert)
    assert (last.key, last.title, last.link, last.tags) == (whole.key, whole.title, whole.link, {})
    assert sorted(map(len, steps), reverse=True) == list(map(len, steps))


@pytest.mark.parametrize("name", NAMES)
def test_recorded(name: str) -> None:
    """A recorded webhook makes the same alert, from the same installation, and gets smaller."""
    source: Source = "sentry" if "Sentry-Hook-Resource" in headers(name) else "datadog"
    original = decode_alert(body(name), headers(name))
    trimmed = decode_alert(next(trims(body(name), source)), headers(name))

    assert len(next(trims(body(name), source))) <= len(body(name))
    if isinstance(original, Alert):
        assert isinstance(trimmed, Alert)
        assert trimmed.installation == original.installation
        assert trimmed.facts == original.facts
        original = attrs.evolve(original, raw=trimmed.raw)
    assert trimmed == original


def test_order() -> None:
    """The longest texts are cut first, the values of tags after them, and the tags go last."""
    payload = sentry_event_alert(
        title="t" * 2_000,
        tags={"service": "s" * 3_000},
        extra={"message": "m" * 70_000, "culprit": "c" * 900},
    )
    lengths = []
    for step in trims(json.dumps(payload).encode(), "sentry"):
        alert = decode_alert(step)
        assert isinstance(alert, Alert)
        assert alert.facts["culprit"] == ("c" * 900,)
        service = alert.tags.get("service", ("",))[0]
        lengths.append((len(alert.facts["message"][0]), len(alert.title), len(service)))

    assert lengths == [
        (70_000, 2_000, 3_000),
        (65_536, 2_000, 3_000),
        (16_384, 2_000, 3_000),
        (4_096, 2_000, 3_000),
        (1_024, 1_024, 3_000),
        (1_024, 1_024, 1_024),
        (1_024, 1_024, 0),
    ]


def test_datadog_tags() -> None:
    """Datadog's tags are kept as a list, bounded like the others, and are left out as a list."""
    payload = datadog_alert(tags={"service": "s" * 3_000, "team": ["a", "b"]}, environment=None)
    steps = [json.loads(step) for step in trims(json.dumps(payload).encode(), "datadog")]

    assert steps[0]["tags"] == ["service:" + "s" * 3_000, "team:a", "team:b"]
    assert steps[-2]["tags"] == [("service:" + "s" * 3_000)[:1_024], "team:a", "team:b"]
    assert steps[-1]["tags"] == []


JUNK = st.binary(max_size=50).filter(lambda sent: b"{" not in sent)


@given(JUNK | st.sampled_from([b"[]", b"7", b"[" * 5_000, b'{"a":NaN}', b'{"a":']))
def test_junk(sent: bytes) -> None:
    """What is no JSON object is not trimmed at all."""
    assert list(trims(sent, "sentry")) == []


def test_personal_data() -> None:
    """The trimmed body holds nothing of the user, the stack or the breadcrumbs."""
    first = json.loads(next(trims(json.dumps(sentry_event_alert()).encode(), "sentry")))

    assert set(first) == {"action", "installation", "data"}
    assert set(first["data"]) == {"event", "triggered_rule"}
    assert not {"user", "exception", "breadcrumbs", "contexts", "extra"} & set(first["data"]["event"])
    assert set(first["data"]["event"]["request"]) == {"url"}
