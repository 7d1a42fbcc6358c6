"""From responses to errors: every shape that the services' errors come in."""

import json
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import Operation, Request, Response
from sentry_governed._http import run
from sentry_governed._http.answers import ask, decoded, error_of, structured
from sentry_governed._http.drivers import Service
from sentry_governed.errors import (
    ApiError,
    BadRequest,
    Gone,
    NoAccess,
    NotFound,
    PlanTooSmall,
    RateLimited,
    Redirected,
    ServiceFailed,
    TaskTooLarge,
    TokenRefused,
    UnexpectedAnswer,
)
from sentry_governed.policy import AllowAll

REQUEST = Request("PUT", "/things/{thing}/", (("thing", "secret-name"),))
NOW = 1_800_000_000.0


def refusal(status: int, body: object = b"", *headers: tuple[str, str]) -> ApiError:
    """The error of a response."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_of(REQUEST, Response(status, headers, content), now=NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Redirected),
        (302, Redirected),
        (304, Redirected),
        (400, BadRequest),
        (401, TokenRefused),
        (402, PlanTooSmall),
        (403, NoAccess),
        (404, NotFound),
        (405, BadRequest),
        (409, BadRequest),
        (410, Gone),
        (412, BadRequest),
        (429, RateLimited),
        (451, BadRequest),
        (499, BadRequest),
        (500, ServiceFailed),
        (502, ServiceFailed),
        (503, ServiceFailed),
        (504, ServiceFailed),
        (599, ServiceFailed),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>x</html>", b'{"detail": "no"}'])
def test_kind(status: int, kind: type[ApiError], body: bytes) -> None:
    """The status alone decides the class, whatever the body is."""
    error = refusal(status, body)

    assert type(error) is kind
    assert error.status == status
    assert (error.method, error.template) == ("PUT", "/things/{thing}/")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"detail": "You do not have permission."}, "You do not have permission."),
        ({"detail": {"code": "sso-required", "message": "Log in"}}, "code: sso-required; Log in"),
        (
            {"slug": "new", "detail": {"extra": {"url": "/api/0/x/", "slug": "new"}}},
            "slug: new; extra.url: /api/0/x/; extra.slug: new",
        ),
        ({"text": ["Required."], "a": {"b": ["Bad", "Worse"]}}, "text: Required.; a.b: Bad; a.b: Worse"),
        ({"nonFieldErrors": ["Already there."]}, "Already there."),
        ({"non_field_errors": ["Already there."]}, "Already there."),
        ({"detail": "Internal Error", "errorId": "a" * 32}, "Internal Error"),
        ({"message": "This API no longer exists."}, "This API no longer exists."),
        (["Just a list."], "Just a list."),
        ("Just text.", "Just text."),
        ({"errors": [{"message": "project: Unknown object: 1", "help": "h"}]}, "project: Unknown object: 1"),
        ({"errors": [{"message": "one"}, {"message": "two"}]}, "one; two"),
        ({"errors": [{"message": "Server Error", "phrase": "6 sad squid snuggle"}]}, "Server Error"),
        ({"errors": ["bare"]}, "bare"),
        ({"errors": []}, ""),
        ({}, ""),
        (None, ""),
        (5, ""),
        (b"", ""),
        (b"upstream connect error", ""),
        (b"\xff\xfe", ""),
        (
            b"  <!doctype html><title>Log in</title>",
            "a web page instead of JSON; is base_url the service's own?",
        ),
        (b"[" * 100_000, ""),
    ],
)
def test_detail(body: object, detail: str) -> None:
    """The service's words are found in every shape that it answers in."""
    assert refusal(400, body).detail == detail


def test_one_line() -> None:
    """Words are one line of at most 500 characters without control characters."""
    error = refusal(400, {"detail": "a\r\nb\x1b[31m\u2028c" + "x" * 1000})

    assert error.detail.startswith("a b [31m c")
    assert len(error.detail) == 500
    assert str(error).startswith("PUT /things/{thing}/: 400 a b")


def test_large() -> None:
    """A body that is no error message in size is not read."""
    assert refusal(400, {"detail": "x" * 300_000}).detail == ""


@pytest.mark.parametrize(
    ("body", "headers", "request_id"),
    [
        ({"detail": "x", "errorId": "e1"}, [], "e1"),
        ({"errors": [{"message": "x", "phrase": "6 sad squid"}]}, [], "6 sad squid"),
        ({"detail": "x"}, [("x-request-id", "r1")], "r1"),
        ({"detail": "x", "errorId": "e1"}, [("x-request-id", "r1")], "e1"),
        ({"detail": "x", "errorId": 5}, [], None),
        (b"", [("x-request-id", "r" * 300)], "r" * 100),
        (b"", [], None),
    ],
)
def test_request_id(body: object, headers: list[tuple[str, str]], request_id: str | None) -> None:
    """What support asks for is kept, from a header or from the body."""
    assert refusal(500, body, *headers).request_id == request_id


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("retry-after", "7")], 7.0),
        ([("x-sentry-rate-limit-reset", str(int(NOW) + 3))], 3.0),
        ([("x-sentry-rate-limit-reset", str(int(NOW) - 3))], 0.0),
        ([("retry-after", "7"), ("x-sentry-rate-limit-reset", str(int(NOW) + 3))], 7.0),
        ([("retry-after", "soon")], None),
        ([], None),
    ],
)
def test_retry_after(headers: list[tuple[str, str]], seconds: float | None) -> None:
    """The wait is read from Retry-After, or from the end of Sentry's window, and is never negative."""
    assert refusal(429, b"", *headers).retry_after == seconds


def test_token_scopes() -> None:
    """A 403 says which scopes would do, however long the service's own words are; others do not."""
    scopes = ("event:write", "event:admin")
    body = json.dumps({"detail": "no " * 400}).encode()
    refused = error_of(REQUEST, Response(403, (), body), now=NOW, token_scopes=scopes)
    missing = error_of(REQUEST, Response(404, (), body), now=NOW, token_scopes=scopes)

    assert refused.detail.endswith(" (the token needs event:write or event:admin)")
    assert len(refused.detail) <= 500
    assert "event:write" not in missing.detail


@given(st.integers(300, 599), st.binary(max_size=200) | st.text().map(str.encode))
def test_any_body(status: int, body: bytes) -> None:
    """Any body makes an error that is one line and survives pickling."""
    error = refusal(status, body)

    assert error.detail.isprintable()
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_any_json(body: object) -> None:
    """Any JSON makes an error that is one line."""
    assert refusal(400, body).detail.isprintable()


@attrs.frozen
class Model:
    """What a success should hold."""

    name: str


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the body is empty"),
        (b"  ", "the body is empty"),
        (b"nope", "the body is not JSON"),
        (b"<html>", "the body is a web page instead of JSON; is base_url the service's own?"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"{}", "Model.name: missing"),
        (b'{"name": 5}', "Model.name: a number where text belongs"),
        (b"[]", "a list where an object belongs"),
    ],
)
def test_unexpected(body: bytes, problem: str) -> None:
    """A success that is not what the service documents is an error without any of its frames or values."""
    response = Response(200, (("x-request-id", "r1"),), body)

    with pytest.raises(UnexpectedAnswer) as caught:
        structured(REQUEST, response, decoded(REQUEST, response), Model)

    assert caught.value.detail == problem
    assert caught.value.request_id == "r1"
    assert caught.value.__context__ is None


def test_structured() -> None:
    """A success is the model."""
    response = Response(200, (), b'{"name": "a", "more": 1}')

    assert structured(REQUEST, response, decoded(REQUEST, response), Model) == Model("a")


@attrs.frozen
class Answering:
    """A sender that always answers the same."""

    response: Response

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Answer."""
        return self.response


OPERATION = Operation("things.update", "write", "none")


def asked(response: Response, status_kind: type[ApiError] | None = None) -> Response:
    """What the helper makes of a response."""
    services = {"thing": Service(Answering(response), AllowAll())}
    return run(ask("thing", OPERATION, REQUEST, refine=lambda status, detail: status_kind), services)


@pytest.mark.parametrize("status", [200, 201, 204, 208])
def test_success(status: int) -> None:
    """Every 2xx is handed on."""
    assert asked(Response(status)).status == status


@pytest.mark.parametrize("status", [302, 400, 503])
def test_failure(status: int) -> None:
    """Everything else is raised."""
    with pytest.raises(ApiError) as caught:
        asked(Response(status))

    assert caught.value.status == status


def test_refined() -> None:
    """A service may have a kind of its own."""
    with pytest.raises(TaskTooLarge):
        asked(Response(400), TaskTooLarge)
