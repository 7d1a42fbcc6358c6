"""One parameter is one segment of the path, or nothing is sent."""

from __future__ import annotations

from typing import cast
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import Request, RequestRefused
from sentry_governed._http.path import render
from tests.http.conftest import Drive
from tests.http.makers import endpoint
from tests.http.servers import Server, answering, reply

TEMPLATE = "/organizations/{org}/issues/{issue_id}/"
NASTY = st.sampled_from(
    [
        "",
        ".",
        "..",
        "...",
        "%2e%2e",
        "%2F",
        "a/b",
        "a\\b",
        "../x",
        "?x=1",
        "#x",
        "@evil.example",
        "a b",
        "é",
        ";",
        "\r\nX: y",
    ]
)
VALUES = st.text(max_size=12) | NASTY


def request(template: str, **params: str) -> Request:
    """A request of one template."""
    return Request("GET", template, tuple(params.items()))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("web", "web"),
        ("a b", "a%20b"),
        ("1.2.3+build", "1.2.3%2Bbuild"),
        ("%2e%2e", "%252e%252e"),
        ("?x=1#y", "%3Fx%3D1%23y"),
        ("@evil.example:80", "%40evil.example%3A80"),
        ("é", "%C3%A9"),
        ("...", "..."),
        ("~", "~"),
    ],
)
def test_encodes(value: str, encoded: str) -> None:
    """Everything that means something in a URL is percent-encoded."""
    assert render(request("/x/{name}/y", name=value)) == f"/x/{encoded}/y"


@pytest.mark.parametrize(
    "value", ["", ".", "..", "a/b", "/", "a\\b", "a\nb", "\x00", "\x1f", "\x7f", "\x85", "\ud800"]
)
def test_refuses_value(value: str) -> None:
    """What could leave its segment is refused, and the message names the parameter."""
    with pytest.raises(RequestRefused, match="'name'") as caught:
        render(request("/x/{name}/", name=value))

    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "template",
    [
        "", "x", "x/{a}", "//x", "/x//y", "/./x", "/../x", "/x/..", "/a{a}", "/{a}b", "/{a}{a}",
        "/{A}", "/{}", "/x?y", "/x#", "/%2e", "/a b", "/{a",
    ],
)  # fmt: skip
def test_refuses_template(template: str) -> None:
    """A template is plain segments and whole parameters below the root."""
    with pytest.raises(RequestRefused, match="template"):
        render(request(template, a="1"))


@pytest.mark.parametrize(
    "params", [(), (("b", "1"),), (("a", "1"), ("b", "2")), (("a", "1"), ("a", "2"))], ids=str
)
def test_refuses_params(params: tuple[tuple[str, str], ...]) -> None:
    """Each parameter of the template is given once, and no other."""
    with pytest.raises(RequestRefused, match="parameter"):
        render(Request("GET", "/x/{a}/", params))


@pytest.mark.parametrize("value", [5, 0, None, b"web"])
def test_no_string(value: object) -> None:
    """A parameter that is not a string is refused, and the message names it."""
    with pytest.raises(RequestRefused, match="'name' is not a string"):
        render(Request("GET", "/x/{name}/", (("name", cast(str, value)),)))


def test_no_params() -> None:
    """A template without parameters is its own path."""
    assert render(request("/organizations/")) == "/organizations/"


@given(org=VALUES, issue_id=VALUES)
def test_round_trip(org: str, issue_id: str) -> None:
    """A rendered path splits back into the template's segments with the values in their places."""
    try:
        path = render(request(TEMPLATE, org=org, issue_id=issue_id))
    except RequestRefused:
        return

    assert path.isascii()
    assert [unquote(part) for part in path.split("/")] == ["", "organizations", org, "issues", issue_id, ""]


@given(org=VALUES, issue_id=VALUES, query=st.lists(st.tuples(VALUES, VALUES), max_size=2))
def test_on_the_wire(drive: Drive, org: str, issue_id: str, query: list[tuple[str, str]]) -> None:
    """A server receives exactly the template's segments below the base path, or nothing at all."""
    asked = Request("GET", TEMPLATE, (("org", org), ("issue_id", issue_id)), tuple(query))
    with Server(answering(reply())) as server:
        try:
            drive.http(endpoint(f"{server.origin}/api/0"), asked)
        except RequestRefused:
            assert server.requests == []
            return

    line, _, rest = server.requests[0].partition(b"\r\n")
    verb, target, version = line.decode("ascii").split(" ")
    assert (verb, version, len(server.requests)) == ("GET", "HTTP/1.1", 1)
    segments = [unquote(part) for part in target.partition("?")[0].split("/")]
    assert segments == ["", "api", "0", "organizations", org, "issues", issue_id, ""]
    assert rest.lower().count(b"\r\nhost:") + rest.lower().startswith(b"host:") == 1
