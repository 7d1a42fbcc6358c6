"""Nothing leaves for another origin or another path than was configured and asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import ConfigError, Request, RequestRefused
from sentry_governed._http.gate import Origin, check, parse_origin
from sentry_governed._http.path import render

ORIGIN = Origin("https", "sentry.example", 8443, "/prefix/api/0")
ASKED = Request("PUT", "/issues/{issue_id}/", (("issue_id", "a b"),))
TARGET = b"/prefix/api/0/issues/a%20b/"


def passes(
    request: Request = ASKED,
    *,
    scheme: bytes = b"https",
    host: bytes = b"sentry.example",
    port: int | None = 8443,
    target: bytes = TARGET,
) -> bool:
    """Whether the gate lets a built request through."""
    try:
        check(ORIGIN, request, scheme=scheme, host=host, port=port, target=target)
    except RequestRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://sentry.io", Origin("https", "sentry.io", 443)),
        ("https://Sentry.IO/", Origin("https", "sentry.io", 443)),
        ("https://sentry.example:9000/a/b/", Origin("https", "sentry.example", 9000, "/a/b")),
        ("https://10.0.0.1", Origin("https", "10.0.0.1", 443)),
        ("https://[2001:DB8::1]:1", Origin("https", "2001:db8::1", 1)),
    ],
)
def test_origin(url: str, origin: Origin) -> None:
    """A base URL is taken apart once; a self-hosted service may live below a path."""
    assert parse_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "", "sentry.io", "//sentry.io", "https://", "https:///x", "ftp://sentry.io", "file:///etc/passwd",
        "http://sentry.io", "https://user@sentry.io", "https://user:pw@sentry.io", "https://sentry.io@evil.example",
        "https://sentry.io?x=1", "https://sentry.io/?", "https://sentry.io/#", "https://sentry.io#x",
        "https://sentry.io/../x", "https://sentry.io/./", "https://sentry.io//x", "https://sentry.io/%2e%2e/x",
        "https://sentry.io\\x", "https://sentry.io\n", " https://sentry.io", "https://sen\ttry.io",
        "https://s\u00e9ntry.io", "https://\uff53entry.io", "https://sentry.io:0", "https://sentry.io:99999",
        "https://sentry.io:x", "https://sen%74ry.io", "https://-x.io", "https://a..b",
        f"https://{'a' * 64}.io", f"https://{'a.' * 130}io", "https://[::1", "https://[zz]", "https://[v1.x]",
    ],
)  # fmt: skip
def test_refuses_base_url(url: str) -> None:
    """Anything but a plain https URL is refused, without showing what may be a password."""
    with pytest.raises(ConfigError, match="base_url ") as caught:
        parse_origin(url)

    assert "pw" not in str(caught.value)
    assert caught.value.__context__ is None


def test_http_is_asked_for() -> None:
    """Clear text needs a word of its own."""
    assert parse_origin("http://localhost:8000", allow_http=True) == Origin("http", "localhost", 8000)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "sentry.io", 443), "sentry.io"),
        (Origin("http", "sentry.io", 443), "sentry.io:443"),
        (Origin("https", "::1", 1), "[::1]:1"),
    ],
)
def test_authority(origin: Origin, authority: str) -> None:
    """The Host header leaves a scheme's own port out and puts an address in brackets."""
    assert origin.authority == authority


def test_passes() -> None:
    """What was configured and asked goes through, with or without a query."""
    assert passes()
    assert passes(target=TARGET + b"?query=is%3Aunresolved&x=1")


def test_other_origin() -> None:
    """Another scheme, host or port is refused."""
    assert not passes(scheme=b"http")
    assert not passes(host=b"sentry.example.evil.example")
    assert not passes(port=443)
    assert not passes(port=None)


@pytest.mark.parametrize(
    "target",
    [
        b"", b"/", b"/issues/a%20b/", b"/prefix/api/0/issues/a%20b", b"/prefix/api/0/issues/a b/",
        b"/prefix/api/0/issues/a%2520b/", b"/prefix/api/0/issues/a%20b//", b"//prefix/api/0/issues/a%20b/",
        b"/prefix/api/0/issues/../issues/a%20b/", b"/prefix/api/0/issues/a+b/",
        b"/prefix/api/0/issues/a%20b/#", TARGET + b"?x=\r\nHost: evil", TARGET + b"?x=\xff",
        b"https://evil.example" + TARGET,
    ],
)  # fmt: skip
def test_other_path(target: bytes) -> None:
    """A path that is not the template's, segment by segment, is refused."""
    assert not passes(target=target)


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_dots(value: str) -> None:
    """A dot segment is refused even if the builder had let it pass."""
    asked = Request("GET", "/issues/{issue_id}/", (("issue_id", value),))

    assert not passes(asked, target=f"/prefix/api/0/issues/{value}/".encode())


@pytest.mark.parametrize(
    "method", ["", "get", "CONNECT", "TRACE", "OPTIONS", "GET /x", "GET\r\nX: y", "HEAD"]
)
def test_method(method: str) -> None:
    """Only the methods that the services document are sent."""
    assert not passes(Request(method, ASKED.template, ASKED.params))


@given(value=st.text(max_size=10), other=st.text(max_size=10))
def test_only_its_own(value: str, other: str) -> None:
    """The path rendered for one value passes for no other value."""
    asked = Request("PUT", "/issues/{issue_id}/", (("issue_id", value),))
    for_other = Request("PUT", "/issues/{issue_id}/", (("issue_id", other),))
    try:
        target = f"{ORIGIN.path}{render(asked)}".encode()
    except RequestRefused:
        return

    assert passes(asked, target=target)
    assert value == other or not passes(for_other, target=target)
