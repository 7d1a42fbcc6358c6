"""The webhook as a Lambda handler: one request in every shape that HTTP comes to a function."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import ConfigError, lambda_webhook
from sentry_governed.adapters.webhooks import LambdaHandler
from sentry_governed.testing import FrozenClock
from sentry_governed.typing import Inbox
from tests.adapters.requests import (
    ASKED,
    MAX_BYTES,
    SECRETS,
    Asked,
    AsyncListInbox,
    FailingInbox,
    ListInbox,
    Pairs,
    SlowInbox,
    Watching,
    source,
)

Event = dict[str, object]
KEPT = ASKED[0]


def joined(headers: Pairs) -> dict[str, str]:
    """One value a name, as payload 2.0 has them."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def several(headers: Pairs) -> dict[str, list[str]]:
    """All values of a name."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def rest(headers: Pairs) -> Event:
    """API Gateway REST, payload 1.0: single headers keep the last value."""
    return {
        "httpMethod": "POST",
        "path": "/hook",
        "headers": dict(headers) or None,
        "multiValueHeaders": several(headers) or None,
        "requestContext": {"stage": "prod"},
    }


def http(headers: Pairs) -> Event:
    """API Gateway HTTP, payload 2.0, and function URLs; names are in lower case."""
    return {
        "version": "2.0",
        "rawPath": "/hook",
        "headers": joined([(name.lower(), value) for name, value in headers]),
        "requestContext": {"http": {"method": "POST", "path": "/hook"}},
    }


def alb(headers: Pairs) -> Event:
    """A load balancer without multi-value headers."""
    return {
        "httpMethod": "POST",
        "headers": joined(headers),
        "requestContext": {"elb": {"targetGroupArn": "a"}},
    }


def alb_many(headers: Pairs) -> Event:
    """A load balancer with multi-value headers."""
    many = several([("host", "a"), *headers])
    return {"httpMethod": "POST", "multiValueHeaders": many, "requestContext": {"elb": {}}}


SHAPES = [rest, http, alb, alb_many]
CASES: list[Callable[[str], str]] = [str.lower, str.upper, str.title, str]


def handler_of(inbox: Inbox, **more: object) -> LambdaHandler:
    """The handler with the tests' secrets."""
    return lambda_webhook(
        secrets=SECRETS,
        inbox=inbox,
        **{"max_bytes": MAX_BYTES, "clock": FrozenClock(), **more},  # type: ignore[arg-type]  # of many types
    )


def event_of(asked: Asked, shape: Callable[[Pairs], Event], *, encoded: bool) -> Event:
    """The request in a shape."""
    event = shape(asked.headers)
    if encoded:
        return {**event, "body": base64.b64encode(asked.body).decode(), "isBase64Encoded": True}
    return {**event, "body": asked.body.decode() or None, "isBase64Encoded": False}


@given(st.sampled_from(ASKED), st.sampled_from(SHAPES), st.sampled_from(CASES), st.booleans())
def test_shapes(
    asked: Asked, shape: Callable[[Pairs], Event], case: Callable[[str], str], encoded: bool
) -> None:
    """The same request is judged the same in every shape, and the same bytes are kept."""
    inbox, watching = ListInbox(), Watching()
    given_case = Asked(asked.name, asked.body, [(case(name), value) for name, value in asked.headers], "")
    event = event_of(given_case, shape, encoded=encoded or asked.name == "junk")
    answer = handler_of(inbox, watch=watching)(event, None)

    assert answer["statusCode"] == asked.status
    assert json.loads(str(answer["body"])) == {"verdict": asked.verdict}
    assert watching.verdicts == [(source(asked), asked.verdict)]
    assert [message.body for message in inbox.messages] == [asked.body] * (
        asked.verdict in {"kept", "quarantined"}
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_answers(shape: Callable[[Pairs], Event]) -> None:
    """The answer has the form that the sender of the event takes."""
    answer = handler_of(ListInbox())(event_of(KEPT, shape, encoded=True), None)

    assert json.loads(json.dumps(answer)) == answer
    assert answer["isBase64Encoded"] is False
    assert ("statusDescription" in answer) == (shape in {alb, alb_many})
    if shape is alb_many:
        assert answer["multiValueHeaders"] == {"Content-Type": ["application/json"]}
        assert answer["statusDescription"] == "202 Accepted"
    else:
        assert answer["headers"] == {"Content-Type": "application/json"}


@pytest.mark.parametrize("shape", SHAPES)
def test_method(shape: Callable[[Pairs], Event]) -> None:
    """Anything but POST is told so."""
    event = json.loads(json.dumps(event_of(KEPT, shape, encoded=True)).replace('"POST"', '"GET"'))
    inbox = ListInbox()
    answer = handler_of(inbox)(event, None)

    assert (answer["statusCode"], inbox.messages) == (405, [])


ENCODED = base64.b64encode(KEPT.body).decode()


@pytest.mark.parametrize(
    "body", [f"{ENCODED}\n", f"!{ENCODED}", f"{ENCODED[:9]} {ENCODED[9:]}", "e30", "\u00e4"]
)
def test_bad_base64(body: str) -> None:
    """What is called base64 and is none vouches for nothing, whatever could be made of it."""
    event = {**http(KEPT.headers), "body": body, "isBase64Encoded": True}

    assert handler_of(ListInbox())(event, None)["statusCode"] == 401


def test_large_text() -> None:
    """A text far above the bound is not even encoded."""
    event = {**http(KEPT.headers), "body": "\ud800" * (MAX_BYTES * 3)}

    assert handler_of(ListInbox())(event, None)["statusCode"] == 413


@pytest.mark.parametrize("event", [{}, {"source": "aws.events"}, {"Records": []}, {"requestContext": 1}])
def test_other_events(event: Event) -> None:
    """An event of another kind is a matter of configuration."""
    with pytest.raises(ConfigError, match="names no HTTP method"):
        handler_of(ListInbox())(event, None)


def test_inboxes() -> None:
    """A failing inbox and a slow one are both answered 503, in time."""
    event, slow = event_of(KEPT, http, encoded=False), SlowInbox()

    assert handler_of(FailingInbox())(event, None)["statusCode"] == 503
    handler = handler_of(slow, timeout=0.05)
    assert handler(event, None)["statusCode"] == 503
    assert slow.messages == []
    slow.go_on.set()
    assert handler(event, None)["statusCode"] == 202


def test_refusals() -> None:
    """An asynchronous inbox, and bounds that bound nothing, are refused."""
    with pytest.raises(ConfigError, match="AsyncInbox"):
        handler_of(AsyncListInbox())  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ConfigError, match="timeout"):
        handler_of(ListInbox(), timeout=0.0)
