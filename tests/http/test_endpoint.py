"""What a sender is given is checked before anything is sent."""

from __future__ import annotations

import attrs
import pytest

from sentry_governed import ConfigError, Secret
from sentry_governed._http import Credential, Endpoint
from tests.http.makers import CANARY, endpoint


@pytest.mark.parametrize(
    "header", ["", "X Y", "X:", "X\r\nY", "Ü", "Host", "content-LENGTH", "Cookie", "Transfer-Encoding"]
)
def test_header_name(header: str) -> None:
    """A header that the sender sets, or that no server would accept, is refused."""
    with pytest.raises(ConfigError, match="header"):
        Endpoint(base_url="https://sentry.io", headers=((header, "x"),))
    with pytest.raises(ConfigError, match="header"):
        Credential(header, Secret("x"))


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "\x00", "é", " a"])
def test_header_value(value: str) -> None:
    """Plain header values, prefixes and the user agent are printable ASCII; the message shows none."""
    for make in (
        lambda: Endpoint(base_url="https://sentry.io", headers=(("X-Name", value),)),
        lambda: Endpoint(base_url="https://sentry.io", user_agent=value),
        lambda: Endpoint(base_url="https://sentry.io", accept=value),
        lambda: Credential("Authorization", Secret("x"), value),
    ):
        with pytest.raises(ConfigError, match="printable ASCII"):
            make()


@pytest.mark.parametrize("bound", ["timeout", "connect_timeout", "max_response_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_bounds(bound: str, value: float) -> None:
    """Every bound is a positive finite number."""
    with pytest.raises(ConfigError, match=bound):
        attrs.evolve(endpoint("https://sentry.io"), **{bound: value})  # type: ignore[arg-type]  # a wrong value


def test_repr() -> None:
    """Neither the token nor the URL as it was given is in the repr."""
    assert CANARY not in repr(endpoint("https://sentry.io"))


def test_twice() -> None:
    """A header that is given twice, in whatever case, is refused."""
    with pytest.raises(ConfigError, match="'dd-api-key' is given twice"):
        Endpoint(
            base_url="https://datadog.example",
            headers=(("DD-API-KEY", "x"),),
            credentials=(Credential("dd-api-key", Secret("y")),),
        )
